<?php

declare(strict_types=1);

namespace Erpsync\Admin;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * Reads what the sidecar has confirmed: under which keys the orders stand in the ERP.
 */
final class Confirmations
{
    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * @return null|array<string, null|float|int|string> null while the order is not in the ERP, or cannot be read
     */
    public function ofOrder(int $orderId): ?array
    {
        return $this->read('WHERE c.`id_order` = '.$orderId)[0] ?? null;
    }

    /**
     * @return list<array<string, null|float|int|string>>
     */
    public function ofCustomer(int $customerId): array
    {
        $orders = $this->database->table('orders');

        return $this->read("JOIN {$orders} o ON o.`id_order` = c.`id_order` WHERE o.`id_customer` = ".$customerId);
    }

    /**
     * @return list<array<string, null|float|int|string>>
     */
    private function read(string $condition): array
    {
        $table = $this->database->table('erpsync_confirmation');

        try {
            return $this->database->rows(
                "SELECT c.`id_order`, c.`erp`, c.`external_id`, c.`erp_ref`, c.`confirmed_at` FROM {$table} c ".$condition
            );
        } catch (QueryFailed $failure) {
            // The order page is worth more than this card: a purged table shows as "not yet".
            return [];
        }
    }
}
