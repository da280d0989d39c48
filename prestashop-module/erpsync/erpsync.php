<?php

declare(strict_types=1);
use Erpsync\Admin\Confirmations;
use Erpsync\Admin\SettingsPage;
use Erpsync\Capture\Hooks;
use Erpsync\Database;
use Erpsync\Installer;
use Erpsync\QueryFailed;
use Erpsync\Settings;
use Erpsync\ShopDatabase;

if (!defined('_PS_VERSION_')) {
    exit;
}

require_once __DIR__.'/src/autoload.php';

/**
 * Writes what happens in the shop into an outbox table, in the shop's own transaction, for the erpsync sidecar, and
 * carries out the sidecar's signed commands (controllers/front/command.php).
 *
 * Uninstalling is PrestaShop's own: it ends the hooks and keeps tables and settings. They are the evidence of what was
 * handed over, and a reset in the back office is an uninstall too.
 */
class Erpsync extends Module
{
    use Hooks;

    /** Hooks besides those that record; together they are all that this module registers. */
    private const OTHER_HOOKS = [
        'displayAdminOrderSide',
        'registerGDPRConsent',
        'actionExportGDPRData',
        'actionDeleteGDPRCustomer',
    ];

    public function __construct()
    {
        $this->name = 'erpsync';
        $this->tab = 'administration';
        $this->version = '0.3.0';
        $this->author = 'erpsync';
        $this->need_instance = 0;
        $this->bootstrap = true;
        $this->ps_versions_compliancy = ['min' => '1.7.8.0', 'max' => '9.99.99'];
        parent::__construct();
        $this->displayName = 'ERP synchronisation (erpsync)';
        $this->description = 'Hands every order to the ERP exactly once, together with the erpsync sidecar.';
        $this->confirmUninstall = 'Recording stops. The outbox, the confirmations and the settings are kept.';
    }

    public function install(): bool
    {
        try {
            (new Installer($this->database()))->createTables(__DIR__.'/sql/install.sql');
        } catch (QueryFailed $failure) {
            $this->_errors[] = 'The tables of erpsync could not be made: '.$failure->cause();

            return false;
        }
        Settings::setDefaults();

        return parent::install() && $this->registerHook(self::hooks());
    }

    public function getContent(): string
    {
        return (new SettingsPage($this, $this->database()))->render();
    }

    /**
     * Every hook that the module needs, in PrestaShop's spelling: the methods say which ones record.
     *
     * @return list<string>
     */
    public static function hooks(): array
    {
        $hooks = self::OTHER_HOOKS;
        foreach (get_class_methods(Hooks::class) as $method) {
            if (strncmp($method, 'hook', 4) === 0) {
                $hooks[] = lcfirst(substr($method, 4));
            }
        }

        return $hooks;
    }

    /**
     * @return list<string> hooks that somebody took away; the sidecar's `doctor` shows them
     */
    public function missingHooks(): array
    {
        return array_values(array_filter(self::hooks(), function (string $hook): bool {
            return !(bool) $this->isRegisteredInHook($hook);
        }));
    }

    public function database(): Database
    {
        return new ShopDatabase(Db::getInstance());
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookDisplayAdminOrderSide(array $params): string
    {
        $id = $params['id_order'] ?? null;
        $confirmation = (new Confirmations($this->database()))->ofOrder(is_numeric($id) ? (int) $id : 0);
        $this->context->smarty->assign(['erpsync_confirmation' => $confirmation]);

        return $this->fetch('module:erpsync/views/templates/hook/order_side.tpl');
    }

    /**
     * The module keeps nothing that a customer would consent to; the hook only lists it beside the others.
     *
     * @param array<string, mixed> $params
     */
    public function hookRegisterGDPRConsent(array $params): void {}

    /**
     * @param array<string, mixed> $customer the row of the customer, as psgdpr passes it
     */
    public function hookActionExportGDPRData(array $customer): string
    {
        $id = $customer['id'] ?? $customer['id_customer'] ?? null;
        $rows = (new Confirmations($this->database()))->ofCustomer(is_numeric($id) ? (int) $id : 0);

        return (string) json_encode($rows);
    }

    /**
     * The tables hold keys of orders and no personal data; the ERP has to hear of it, and the sidecar tells it.
     *
     * @param array<string, mixed> $customer the row of the customer, as psgdpr passes it
     */
    public function hookActionDeleteGDPRCustomer(array $customer): string
    {
        $this->recordErasure($customer);

        return (string) json_encode(true);
    }
}
