<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Which orders of this request are still being placed. A checkout writes lines, payments, carriers and stock before
 * its order has a status; nothing of that is worth an event of its own, as order.placed has been written and
 * order.status_changed follows. A cart that is split makes several orders, all of them open at once.
 */
final class Checkout
{
    /** @var int */
    private $cartId = 0;

    /** @var bool from the first order's INSERT on, before that order has an id */
    private $running = false;

    /** @var array<int, bool> order id → still open */
    private $orders = [];

    /** @var array<int, string> order id → reference */
    private $references = [];

    /**
     * Another cart ends what is left of the one before: its orders are torn and will not go on.
     */
    public function begin(int $cartId): void
    {
        if ($cartId !== $this->cartId) {
            $this->orders = [];
            $this->references = [];
            $this->cartId = $cartId;
        }
        $this->running = true;
    }

    public function placed(int $orderId, string $reference): void
    {
        $this->orders[$orderId] = true;
        $this->references[$orderId] = $reference;
    }

    /**
     * The order has a status of its own now.
     */
    public function finished(int $orderId): void
    {
        if (isset($this->orders[$orderId])) {
            $this->orders[$orderId] = false;
        }
        $this->orderFailed();
    }

    /**
     * The order that was to come next did not; what was placed before it may still be open.
     */
    public function orderFailed(): void
    {
        $this->running = in_array(true, $this->orders, true);
    }

    public function isRunning(): bool
    {
        return $this->running;
    }

    public function isOpen(int $orderId): bool
    {
        return $this->orders[$orderId] ?? false;
    }

    /**
     * Whether all orders under this reference belong to this checkout and are open, so that no query is needed.
     */
    public function isReferenceOpen(string $reference): bool
    {
        $found = array_keys($this->references, $reference, true);
        foreach ($found as $orderId) {
            if (!$this->isOpen($orderId)) {
                return false;
            }
        }

        return $found !== [];
    }
}
