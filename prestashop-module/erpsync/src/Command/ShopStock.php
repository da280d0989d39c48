<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;

/**
 * Stock through PrestaShop's own hook: what the sidecar writes by SQL no module hears of.
 */
final class ShopStock implements Stock
{
    /** @var Database */
    private $database;

    /** @var \Context */
    private $context;

    public function __construct(Database $database, \Context $context)
    {
        $this->database = $database;
        $this->context = $context;
    }

    /**
     * The keys of the hook are those of PrestaShop 8.2.1, and the quantity came from 0, so it is the delta too. The
     * cache holds what this request has read before.
     */
    public function announce(int $productId, int $combinationId, int $shopId, int $quantity): bool
    {
        $shops = $this->shopsOf($productId, $combinationId, $shopId);
        foreach ($shops as $shop) {
            $this->enter($shop);
            \Cache::clean('StockAvailable::getQuantityAvailableByProduct_'.$productId.'*');
            \Hook::exec('actionUpdateQuantity', [
                'id_product' => $productId,
                'id_product_attribute' => $combinationId,
                'quantity' => $quantity,
                'delta_quantity' => $quantity,
                'id_shop' => $shop,
                Announcement::MARK => true,
            ]);
        }

        return $shops !== [];
    }

    /**
     * @return list<int> the active shops that sell the product and take it from the row
     */
    private function shopsOf(int $productId, int $combinationId, int $shopId): array
    {
        $table = function (string $name): string {
            return $this->database->table($name);
        };
        $sql = 'SELECT s.id_shop AS id FROM '.$table('shop').' s JOIN '.$table('product_shop').' ps ON ps.id_shop = s.id_shop'
            ." WHERE ps.id_product = {$productId} AND s.active = 1 AND s.deleted = 0";
        $sql .= $shopId > 0 ? " AND s.id_shop = {$shopId}" : ' AND s.id_shop_group IN (SELECT a.id_shop_group FROM '
            .$table('stock_available')." a WHERE a.id_product = {$productId} AND a.id_product_attribute = {$combinationId}"
            .' AND a.id_shop = 0)';
        if ($combinationId > 0) {
            $sql .= ' AND EXISTS (SELECT 1 FROM '.$table('product_attribute')." pa WHERE pa.id_product = {$productId}"
                ." AND pa.id_product_attribute = {$combinationId})";
        }

        return array_map(static function (array $row): int {
            return (int) ($row['id'] ?? 0);
        }, $this->database->rows($sql.' ORDER BY s.id_shop'));
    }

    private function enter(int $shopId): void
    {
        \Shop::setContext(\Shop::CONTEXT_SHOP, $shopId);
        $this->context->shop = new \Shop($shopId);
        if (!is_object($this->context->cart)) {
            $this->context->cart = new \Cart();
        }
    }
}
