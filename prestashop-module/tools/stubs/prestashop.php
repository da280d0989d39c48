<?php

declare(strict_types=1);

/*
 * The core symbols that the module touches, as PrestaShop 1.7.8 to 9 declare or document them; types only. The unit
 * tests load the same file, so a body is there only where a test needs one.
 */

abstract class Db
{
    public static function getInstance(bool $master = true): self { throw new LogicException(); }
    /** @return bool */
    abstract public function execute(string $sql, bool $useCache = true);
    /** @return array<mixed>|bool|PDOStatement|null */
    abstract public function executeS(string $sql, bool $array = true, bool $useCache = true);
    /** @return bool|mysqli_result<int, mixed>|PDOStatement */
    abstract public function query(string $sql);
    /** @param mixed $result
     * @return array<mixed>|bool|null */
    abstract public function nextRow($result = false);
    /** @param array<string, mixed> $data
     * @return bool */
    abstract public function insert(string $table, array $data, bool $nullValues = false, bool $useCache = true);
    /** @return int|string */
    abstract public function Affected_Rows();
    abstract public function escape(string $string, bool $htmlOk = false): string;
    /** @return null|object */
    abstract public function getLink();
    /** @return int|string */
    abstract public function getNumberError();
}

class ObjectModel
{
    /** @var null|int|string */
    public $id;
    /** @return array<string, mixed> */
    public function getFields() { return []; }
    /** @return bool|int */
    public function add() { return true; }
    /** @return bool|int */
    public function update() { return true; }
    /** @param array<string, bool> $fields
     * @return void */
    public function setFieldsToUpdate(array $fields) {}
}
class Order extends ObjectModel
{
    /** @var int|string */
    public $id_cart = 0;
    /** @var int|string */
    public $id_shop = 1;
    /** @var int|string */
    public $id_lang = 1;
    /** @var int|string */
    public $id_currency = 1;
    /** @var int|string */
    public $id_carrier = 0;
    /** @var int|string */
    public $id_address_delivery = 0;
    /** @var int|string */
    public $id_address_invoice = 0;
    /** @var null|string */
    public $reference;
    /** @var null|array<mixed> */
    public $product_list;
    public function __construct(?int $id = null) { $this->id = $id; }
    /** @return bool|int */
    public function hasInvoice() { return false; }
    /** @var int|string */
    public $id_customer = 0;
    /** @return null|string */
    public function getWsShippingNumber() { return null; }
    /** @return int|string */
    public function getIdOrderCarrier() { return 0; }
}
class OrderHistory extends ObjectModel
{
    /** @var int|string */
    public $id_order = 0;
    /** @var int|string */
    public $id_order_state = 0;
    /** @var int|string */
    public $id_employee = 0;
    /** @param Order $order */
    public function changeIdOrderState(int $state, $order, bool $useExistingPayment = false): void {}
    /** @param array<string, string> $variables
     * @return bool */
    public function addWithemail(bool $autodate = true, array $variables = []) { return true; }
}
class OrderDetail extends ObjectModel { /** @var int|string */ public $id_order = 0; }
class OrderCarrier extends ObjectModel
{
    /** @var int|string */
    public $id_order = 0;
    /** @var int|string */
    public $id_carrier = 0;
    /** @var null|int|string */
    public $id_order_invoice;
    /** @var float|string */
    public $weight;
    /** @var float|string */
    public $shipping_cost_tax_excl;
    /** @var float|string */
    public $shipping_cost_tax_incl;
    /** @var null|string */
    public $tracking_number;
    public function __construct(?int $id = null) { $this->id = $id; }
}
class OrderInvoice extends ObjectModel { /** @var null|string */ public $note; public function __construct(int $id) { $this->id = $id; } }
class OrderSlip extends ObjectModel { /** @var int|string */ public $id_order = 0; }
class OrderPayment extends ObjectModel { /** @var null|string */ public $order_reference; }
class Customer extends ObjectModel { public function __construct(?int $id = null) { $this->id = $id; } }
class Language extends ObjectModel { public function __construct(int $id) { $this->id = $id; } }
class StockAvailable extends ObjectModel
{
    /** @var int|string */
    public $id_product = 0;
    /** @var int|string */
    public $id_product_attribute = 0;
    /** @var int|string */
    public $id_shop = 0;
    /** @var int|string */
    public $quantity = 0;
}
class Combination extends ObjectModel { /** @var int|string */ public $id_product = 0; }
class Product extends ObjectModel {}
class WebserviceRequest
{
    /** @var array<int, string> */
    public $urlSegment = [];
    public static function getInstance(): self { return new self(); }
}
class Cache { public static function clean(string $key): void {} }
class Hook
{
    /** @param array<string, mixed> $args
     * @return mixed */
    public static function exec(
        string $name,
        array $args = [],
        ?int $idModule = null,
        bool $arrayReturn = false,
        bool $checkExceptions = true,
        bool $usePush = false,
        ?int $idShop = null
    ) { return null; }
}
class Address extends ObjectModel { /** @var int|string */ public $id_customer = 0; }
class Cart extends ObjectModel {}
class Currency extends ObjectModel { public function __construct(int $id) { $this->id = $id; } }
class Employee extends ObjectModel { public function __construct(int $id) { $this->id = $id; } }
class Carrier extends ObjectModel { /** @var null|string */ public $url; public function __construct(int $id, int $idLang) { $this->id = $id; } }
class Shop extends ObjectModel
{
    public const CONTEXT_SHOP = 1;
    public function __construct(int $id) { $this->id = $id; }
    public static function setContext(int $type, int $id): void {}
}
class Cookie { public function disallowWriting(): void {} }
class SmartyStub { /** @param array<string, mixed> $values */ public function assign(array $values): void {} }
class Context
{
    /** @var Shop */
    public $shop;
    /** @var null|Cart */
    public $cart;
    /** @var Currency */
    public $currency;
    /** @var null|Employee */
    public $employee;
    /** @var Language */
    public $language;
    /** @var null|Cookie */
    public $cookie;
    /** @var null|Controller */
    public $controller;
    /** @var SmartyStub */
    public $smarty;
    /** @var null|self */
    private static $instance;
    public static function getContext(): self
    {
        if (self::$instance === null) { self::$instance = new self(); self::$instance->shop = new Shop(1); }
        return self::$instance;
    }
}
class Configuration
{
    /** @var array<string, mixed> */
    public static $values = [];
    /** @return mixed */
    public static function get(string $key) { return self::$values[$key] ?? false; }
    /** @return mixed */
    public static function getGlobalValue(string $key) { return self::$values[$key] ?? false; }
    public static function updateGlobalValue(string $key, string $value): bool { self::$values[$key] = $value; return true; }
}
class Controller { /** @var Context */ protected $context; public function init(): void {} }
class AdminController extends Controller { /** @var string */ public static $currentIndex = ''; }
class ModuleFrontController extends Controller { /** @var Module */ public $module; }
class Tools
{
    public static function isSubmit(string $name): bool { return false; }
    /** @return mixed */
    public static function getValue(string $key) { return false; }
    public static function getAdminTokenLite(string $tab): string { return ''; }
}
class HelperForm
{
    /** @var Module */
    public $module;
    /** @var string */
    public $identifier;
    /** @var string */
    public $submit_action;
    /** @var string */
    public $currentIndex;
    /** @var string */
    public $token;
    /** @var array<string, string> */
    public $fields_value;
    /** @param list<array<string, mixed>> $form */
    public function generateForm(array $form): string { return ''; }
}
class Module
{
    /** @var string */
    public $name;
    /** @var string */
    public $tab;
    /** @var string */
    public $version;
    /** @var string */
    public $author;
    /** @var int */
    public $need_instance;
    /** @var bool */
    public $bootstrap;
    /** @var array<string, string> */
    public $ps_versions_compliancy;
    /** @var string */
    public $displayName;
    /** @var string */
    public $description;
    /** @var string */
    public $confirmUninstall;
    /** @var Context */
    protected $context;
    /** @var list<string> */
    protected $_errors = [];
    public function __construct() {}
    /** @return bool */
    public function install() { return true; }
    /** @return bool */
    public function uninstall() { return true; }
    /** @param list<string> $hooks
     * @return bool */
    public function registerHook($hooks) { return true; }
    /** @return bool|int */
    public function isRegisteredInHook(string $hook) { return true; }
    public function fetch(string $template): string { return ''; }
    public function displayConfirmation(string $text): string { return $text; }
    /** @param list<string>|string $text */
    public function displayError($text): string { return ''; }
    public function displayInformation(string $text): string { return $text; }
}
