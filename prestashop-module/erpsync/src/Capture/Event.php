<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * One row of the outbox before it is written: that something happened to a subject, and only what nobody can read
 * again later.
 */
final class Event
{
    public const VERSION = 1;

    /** @var string */
    public $type;

    /** @var string */
    public $subject;

    /** @var int */
    public $shopId;

    /** @var null|array<string, null|int|string> */
    public $payload;

    /**
     * @param null|array<string, null|int|string> $payload
     */
    private function __construct(string $type, string $subject, int $shopId, ?array $payload = null)
    {
        $this->type = $type;
        $this->subject = $subject;
        $this->shopId = $shopId;
        $this->payload = $payload;
    }

    public static function orderPlaced(int $orderId, int $shopId): self
    {
        return new self('order.placed', 'order:'.$orderId, $shopId);
    }

    public static function orderStatusChanged(int $orderId, int $shopId, int $stateId, int $historyId): self
    {
        $payload = ['id_order_state' => $stateId, 'id_order_history' => $historyId];

        return new self('order.status_changed', 'order:'.$orderId, $shopId, $payload);
    }

    /**
     * @param string $cause line, payment, carrier, address or slip
     */
    public static function orderChanged(int $orderId, int $shopId, string $cause): self
    {
        return new self('order.changed', 'order:'.$orderId, $shopId, ['cause' => $cause]);
    }

    /**
     * @param array<string, null|int|string> $payload delta (units, null where PrestaShop does not say it), after, writer,
     *                                                and where they are known row (id_stock_available) and employee
     */
    public static function stockMoved(int $productId, int $combinationId, int $shopId, array $payload): self
    {
        return new self('stock.moved', 'stock:'.$productId.':'.$combinationId.':'.$shopId, $shopId, $payload);
    }

    public static function productChanged(int $productId, int $shopId): self
    {
        return new self('product.changed', 'product:'.$productId, $shopId);
    }

    public static function customerChanged(int $customerId, int $shopId): self
    {
        return new self('customer.changed', 'customer:'.$customerId, $shopId);
    }
}
