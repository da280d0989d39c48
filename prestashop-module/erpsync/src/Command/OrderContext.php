<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;

/**
 * What PrestaShop's classes expect of their surroundings before an order is changed.
 */
final class OrderContext
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
     * The order's shop and currency, an empty cart for other modules' hooks, and an employee, without whom a restock
     * stops half way in StockManager.
     */
    public function enter(\Order $order): void
    {
        \Shop::setContext(\Shop::CONTEXT_SHOP, (int) $order->id_shop);
        $this->context->shop = new \Shop((int) $order->id_shop);
        $this->context->currency = new \Currency((int) $order->id_currency);
        if (!is_object($this->context->cart)) {
            $this->context->cart = new \Cart();
        }
        if (!is_object($this->context->employee) || (int) $this->context->employee->id < 1) {
            $table = $this->database->table('employee');
            $rows = $this->database->rows(
                "SELECT id_employee AS n FROM {$table} WHERE active = 1 ORDER BY id_profile, id_employee LIMIT 1"
            );
            $this->context->employee = new \Employee((int) ($rows[0]['n'] ?? 0));
        }
    }

    /**
     * Works in the order's language, as the back office does when it tells listeners.
     *
     * @param callable(): void $work
     */
    public function inLanguageOf(\Order $order, callable $work): void
    {
        $language = $this->context->language;
        $this->context->language = new \Language((int) $order->id_lang);

        try {
            $work();
        } finally {
            $this->context->language = $language;
        }
    }
}
