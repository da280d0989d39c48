<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What the executor asks of the shop's orders.
 */
interface Orders
{
    /**
     * @return null|int the order's state, 0 for a torn order; null where there is no such order
     */
    public function stateOf(int $orderId): ?int;

    public function hasState(int $stateId): bool;

    /**
     * The highest id in the order's history, 0 for none.
     */
    public function lastHistoryId(int $orderId): int;

    /**
     * Whether the order was given this state after the history row named: its mail, if any, went out then.
     */
    public function wasGivenSince(int $orderId, int $stateId, int $historyId): bool;

    /**
     * Whether PrestaShop moves stock between these two states, which must not be done twice.
     */
    public function movesStock(int $fromStateId, int $toStateId): bool;

    /**
     * Sets the state as the back office does: hooks, history row, and the mail that the state asks for.
     *
     * @return array<string, mixed> what is worth telling
     */
    public function setState(int $orderId, int $stateId): array;
}
