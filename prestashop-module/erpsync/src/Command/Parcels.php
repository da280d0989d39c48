<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What the tracking of an order asks of the shop.
 */
interface Parcels
{
    /**
     * The tracking number of each of the order's rows in `order_carrier`, empty for none, by the row's id, rising.
     *
     * @return array<int, string>
     */
    public function numbersOf(int $orderId): array;

    /**
     * The row that PrestaShop itself takes for the order's, in mails and in the back office; 0 where it has none.
     */
    public function ownRowOf(int $orderId): int;

    /**
     * Which parcel has which row, and the number that it was given last.
     *
     * @return list<array{ref: string, row: int, tracking: string}>
     */
    public function rememberedOf(int $orderId): array;

    public function remember(int $orderId, string $ref, int $row, string $tracking): void;

    public function forget(int $orderId, string $ref): void;

    public function setNumber(int $row, string $tracking): void;

    /**
     * Adds a row beside the order's own: same carrier and invoice, no weight and no cost, since the order's shipping is
     * on its own row already.
     *
     * @return int the row's id
     */
    public function addRow(int $orderId, int $ownRow, string $tracking): int;

    /**
     * Tells the shop's listeners that numbers have changed, as the back office does. No mail goes out by it.
     */
    public function tell(int $orderId): void;
}
