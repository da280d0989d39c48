<?php

declare(strict_types=1);

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * A module that somebody else might have: it writes down what it is told of tracking numbers, a JSON line each.
 */
class Erpsynclistener extends Module
{
    public const LOG = '/var/logs/erpsynclistener.log';

    public function __construct()
    {
        $this->name = 'erpsynclistener';
        $this->tab = 'administration';
        $this->version = '1.0.0';
        $this->author = 'erpsync';
        $this->need_instance = 0;
        parent::__construct();
        $this->displayName = 'Listens for tracking numbers';
        $this->description = 'Of the tests; remove it.';
    }

    public function install(): bool
    {
        return parent::install() && $this->registerHook(['actionAdminOrdersTrackingNumberUpdate']);
    }

    /**
     * @param array{order: Order, customer: Customer, carrier: Carrier} $params
     */
    public function hookActionAdminOrdersTrackingNumberUpdate(array $params): void
    {
        file_put_contents(_PS_ROOT_DIR_.self::LOG, json_encode([
            'order' => (int) $params['order']->id,
            'number' => $params['order']->getWsShippingNumber(),
            'customer' => (int) $params['customer']->id,
            'carrier' => (int) $params['carrier']->id,
        ])."\n", FILE_APPEND);
    }
}
