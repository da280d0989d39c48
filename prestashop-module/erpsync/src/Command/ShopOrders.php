<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;

/**
 * Orders through PrestaShop's own classes; reads by SQL, past the caches of a request that changes several orders.
 */
final class ShopOrders implements Orders
{
    /** @var Database */
    private $database;

    /** @var OrderContext */
    private $context;

    public function __construct(Database $database, OrderContext $context)
    {
        $this->database = $database;
        $this->context = $context;
    }

    public function stateOf(int $orderId): ?int
    {
        $orders = $this->database->table('orders');
        $rows = $this->database->rows("SELECT current_state AS n FROM {$orders} WHERE id_order = ".$orderId);

        return $rows === [] ? null : (int) $rows[0]['n'];
    }

    public function hasState(int $stateId): bool
    {
        $states = $this->database->table('order_state');
        $sql = "SELECT 1 AS n FROM {$states} WHERE deleted = 0 AND id_order_state = ".$stateId;

        return $this->database->rows($sql) !== [];
    }

    public function lastHistoryId(int $orderId): int
    {
        $history = $this->database->table('order_history');
        $rows = $this->database->rows("SELECT MAX(id_order_history) AS n FROM {$history} WHERE id_order = ".$orderId);

        return (int) ($rows[0]['n'] ?? 0);
    }

    public function wasGivenSince(int $orderId, int $stateId, int $historyId): bool
    {
        $history = $this->database->table('order_history');

        return $this->database->rows(
            "SELECT 1 AS n FROM {$history} WHERE id_order = {$orderId} AND id_order_state = {$stateId}"
            ." AND id_order_history > {$historyId} LIMIT 1"
        ) !== [];
    }

    public function movesStock(int $fromStateId, int $toStateId): bool
    {
        foreach (['PS_OS_CANCELED', 'PS_OS_ERROR'] as $key) {
            $stateId = \Configuration::get($key);
            if (is_numeric($stateId) && in_array((int) $stateId, [$fromStateId, $toStateId], true)) {
                return true;
            }
        }

        return false;
    }

    /**
     * The steps of the back office's own handler (UpdateOrderStatusHandler, PrestaShop 8.2.1). `addWithemail` says
     * false when the history row is there and the mail could not be sent: the state is set all the same.
     */
    public function setState(int $orderId, int $stateId): array
    {
        $order = new \Order($orderId);
        $this->context->enter($order);
        $history = new \OrderHistory();
        $history->id_order = $orderId;
        $history->id_employee = 0;
        $history->changeIdOrderState($stateId, $order, !(bool) $order->hasInvoice());
        $mailed = $history->addWithemail(true, self::mailVariables($order, $stateId));
        if ((int) $history->id < 1) {
            throw new \RuntimeException('The history row was not written');
        }

        return ['history' => (int) $history->id, 'mail' => $mailed ? 'ok' : 'failed'];
    }

    /**
     * @return array<string, string> the tracking address, in the mail of the state "shipped"
     */
    private static function mailVariables(\Order $order, int $stateId): array
    {
        $number = $order->getWsShippingNumber();
        $shipping = \Configuration::get('PS_OS_SHIPPING');
        if (!is_string($number) || $number === '' || !is_numeric($shipping) || (int) $shipping !== $stateId) {
            return [];
        }
        $carrier = new \Carrier((int) $order->id_carrier, (int) $order->id_lang);

        return ['{followup}' => str_replace('@', $number, (string) $carrier->url)];
    }
}
