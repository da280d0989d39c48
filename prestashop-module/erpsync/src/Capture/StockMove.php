<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * A change of one row of stock_available by somebody other than a checkout.
 */
final class StockMove
{
    /** @var int */
    public $productId;

    /** @var int 0 for the product's own row */
    public $combinationId;

    /** @var int the row's, 0 where a group of shops shares its stock; the writer's where the row is not known */
    public $shopId;

    /** @var null|int null where PrestaShop does not say it */
    public $deltaUnits;

    /** @var int 0 for a row that is gone */
    public $afterUnits;

    /** @var null|int id_stock_available */
    public $rowId;

    /** @var string */
    public $writer = '';

    /** @var int 0 for none */
    public $employeeId = 0;

    public function __construct(
        int $productId,
        int $combinationId,
        int $shopId,
        ?int $deltaUnits,
        int $afterUnits,
        ?int $rowId = null
    ) {
        $this->productId = $productId;
        $this->combinationId = $combinationId;
        $this->shopId = $shopId;
        $this->deltaUnits = $deltaUnits;
        $this->afterUnits = $afterUnits;
        $this->rowId = $rowId;
    }

    /**
     * Out of what `actionUpdateQuantity` passes, which may be text; its shop is the writer's, not always the row's.
     *
     * @param array<string, mixed> $params
     */
    public static function told(array $params, int $shopId): ?self
    {
        $productId = self::number($params['id_product'] ?? null);

        return $productId === null ? null : new self(
            $productId,
            self::number($params['id_product_attribute'] ?? null) ?? 0,
            self::number($params['id_shop'] ?? null) ?? $shopId,
            self::number($params['delta_quantity'] ?? null),
            self::number($params['quantity'] ?? null) ?? 0
        );
    }

    public static function written(\StockAvailable $row, bool $isNew): self
    {
        $after = (int) $row->quantity;

        return new self(
            (int) $row->id_product,
            (int) $row->id_product_attribute,
            (int) $row->id_shop,
            $isNew ? $after : null,
            $after,
            (int) $row->id
        );
    }

    /**
     * A row that is to go, or has gone.
     *
     * @param array<string, null|float|int|string> $row of stock_available
     */
    public static function removed(array $row): self
    {
        return new self(
            (int) ($row['id_product'] ?? 0),
            (int) ($row['id_product_attribute'] ?? 0),
            (int) ($row['id_shop'] ?? 0),
            -(int) ($row['quantity'] ?? 0),
            0,
            (int) ($row['id_stock_available'] ?? 0)
        );
    }

    public function isOf(self $told): bool
    {
        return $this->productId === $told->productId
            && $this->combinationId === $told->combinationId
            && $this->afterUnits === $told->afterUnits;
    }

    public function event(): Event
    {
        $payload = ['delta' => $this->deltaUnits, 'after' => $this->afterUnits, 'writer' => $this->writer];
        if ($this->rowId !== null) {
            $payload['row'] = $this->rowId;
        }
        if ($this->employeeId > 0) {
            $payload['employee'] = $this->employeeId;
        }

        return Event::stockMoved($this->productId, $this->combinationId, $this->shopId, $payload);
    }

    /**
     * @param mixed $value
     */
    private static function number($value): ?int
    {
        return is_numeric($value) ? (int) $value : null;
    }
}
