<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What the executor asks of the shop's stock.
 */
interface Stock
{
    /**
     * Tells the shop's listeners that a product is to be had again.
     *
     * @param int $shopId 0 for all shops of the group that shares the row
     *
     * @return bool false where no shop sells such a product
     */
    public function announce(int $productId, int $combinationId, int $shopId, int $quantity): bool;
}
