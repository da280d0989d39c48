<?php

declare(strict_types=1);
use PrestaShop\PrestaShop\Adapter\ContainerBuilder;

/**
 * Places orders in a real PrestaShop the way a payment module does, and prints one JSON line an order.
 *
 *     PRESTASHOP_ROOT=/path/to/shop php place-orders.php [--orders=1] [--state=wire] [--lines=1] [--cart=CART …]
 *         [--foreign-lock=NAME] [--pause=POINT [--hit=1]] [--fault=FAULT] [--step]
 *
 * --state: `wire` (waiting for the transfer), `paid` (payment accepted) or the number of an order state.
 * --lines: how many different products a cart holds.
 * --cart:  what a cart holds instead, in this order: PRODUCT[:COMBINATION[:QUANTITY]],…; given several times, the
 *          orders take the carts in turn.
 * --foreign-lock: takes that lock (GET_LOCK) on the shop's connection first, as another module might; each order's line
 *          then says whether it is still held.
 * --pause: where the process stops for good and prints `{"paused":"POINT"}`, so that a test can kill it there:
 *          before-order, before-outbox (the order row is written, the outbox row is not), after-outbox (both are
 *          written, neither is committed), after-commit, after-stock (the first stock row is written) or before-status
 *          (all lines are stored, the history row is not); the first time that it gets there, or the time of --hit.
 * --fault: what goes wrong, once, between the first order row and its outbox row: exit (PHP ends), rollback or
 *          commit (another module's statement ends the transaction, as a deadlock or a DDL statement does); or
 *          swallow (before any order, an order's INSERT fails and its caller goes on, leaves a log row and dies).
 * --filled: prints `{"filled":true}` when a cart is filled, and waits for a line on the standard input before it is ordered.
 * --step: waits for a line on the standard input before each order, so that two processes can take turns.
 *
 * Both are made by a subclass of the shop's own connection class; the module knows nothing of it.
 */
$options = getopt('', ['orders:', 'state:', 'lines:', 'cart:', 'foreign-lock:', 'pause:', 'hit:', 'fault:', 'step', 'filled']);
$root = require __DIR__.'/shop-root.php';

require $root.'/config/config.inc.php';

require_once __DIR__.'/catalogue.php';

if (isset($options['pause']) || isset($options['fault'])) {
    /** Stops the process at one statement of the checkout, or makes that statement go wrong. */
    final class PausingDb extends DbPDO
    {
        /** @var string */
        public $point = '';

        /** @var int */
        public $hits = 1;

        /** @var string */
        public $fault = '';

        /**
         * @param string $sql
         *
         * @return bool|PDOStatement
         */
        protected function _query($sql)
        {
            $plain = preg_replace('#/\*.*?\*/#s', '', $sql) ?? '';
            $order = preg_match('/^\s*INSERT\s+INTO\s+`'._DB_PREFIX_.'orders`/i', $sql) === 1;
            // The module's INSERT begins with a comment and has one inside.
            $outbox = preg_match('#INSERT\b[^(]*\bINTO\s+`'._DB_PREFIX_.'erpsync_outbox`#i', $plain) === 1;
            $commit = preg_match('/^\s*COMMIT/i', $sql) === 1;
            $history = preg_match('/^\s*INSERT\s+INTO\s+`'._DB_PREFIX_.'order_history`/i', $sql) === 1;
            if (($this->point === 'before-order' && $order) || ($this->point === 'before-outbox' && $outbox)
                || ($this->point === 'before-status' && $history)
            ) {
                $this->stop();
            }
            if ($order && $this->fault === 'swallow') {
                throw new PrestaShopException('The order cannot be written');
            }
            if ($outbox && $this->fault !== '') {
                $fault = $this->fault;
                $this->fault = '';
                if ($fault === 'exit') {
                    exit(0);
                }
                parent::_query($fault);
            }
            $result = parent::_query($sql);
            $stock = preg_match('/^\s*UPDATE\s+`'._DB_PREFIX_.'stock_available`/i', $sql) === 1;
            if (($this->point === 'after-outbox' && $outbox) || ($this->point === 'after-commit' && $commit)
                || ($this->point === 'after-stock' && $stock)
            ) {
                $this->stop();
            }

            return $result;
        }

        private function stop(): void
        {
            --$this->hits;
            if ($this->hits > 0) {
                return;
            }
            fwrite(STDOUT, json_encode(['paused' => $this->point])."\n");
            fflush(STDOUT);
            while (true) {
                sleep(60);
            }
        }
    }
    $pausing = new PausingDb(_DB_SERVER_, _DB_USER_, _DB_PASSWD_, _DB_NAME_, true);
    Db::$instance[0] = $pausing;
}

$context = openShop();
// Without a container the checkout dies half way and leaves a torn order (PrestaShop 8.2.1, StockManager).
$context->container = ContainerBuilder::getContainer('front', false);

$states = ['wire' => 'PS_OS_BANKWIRE', 'paid' => 'PS_OS_PAYMENT'];
$state = (string) ($options['state'] ?? 'wire');
$idState = isset($states[$state]) ? (int) Configuration::get($states[$state]) : (int) $state;
$lines = max(1, (int) ($options['lines'] ?? 1));
$carts = array_map(static function (string $cart): array {
    return array_map(static function (string $line): array {
        $numbers = array_map('intval', explode(':', $line));

        return [$numbers[0], $numbers[1] ?? 0, $numbers[2] ?? 1];
    }, explode(',', $cart));
}, (array) ($options['cart'] ?? []));

/**
 * @param list<array{id_product: int|string, id_product_attribute: int|string}> $products
 *
 * @return list<array{int, int, int}> so many lines of one piece each, other products from order to order
 */
function anyLines(array $products, int $order, int $lines): array
{
    $cart = [];
    for ($line = 0; $line < $lines; ++$line) {
        $product = $products[($order + $line) % count($products)];
        $cart[] = [(int) $product['id_product'], (int) $product['id_product_attribute'], 1];
    }

    return $cart;
}

$products = Db::getInstance()->executeS(
    'SELECT p.id_product, IFNULL(pa.id_product_attribute, 0) AS id_product_attribute
       FROM '._DB_PREFIX_.'product p
       LEFT JOIN '._DB_PREFIX_.'product_attribute pa ON pa.id_product = p.id_product AND pa.default_on = 1
      WHERE p.active = 1 AND p.is_virtual = 0 AND p.cache_is_pack = 0 AND p.customizable = 0
      ORDER BY p.id_product LIMIT 12'
);

/** A customer with an address, new for each process so that two processes share no row but the stock's. */
$unique = getmypid().bin2hex(random_bytes(4));
$customer = makeCustomer((int) Configuration::get('PS_CUSTOMER_GROUP'), 'Tester');
$address = makeAddress($customer, (int) Configuration::get('PS_COUNTRY_DEFAULT'));
$context->customer = $customer;

$payment = Module::getInstanceByName('ps_wirepayment');
$carrier = (int) Configuration::get('PS_CARRIER_DEFAULT');
// Only now: the customer above is written before the checkout, and is not what a pause aims at.
if (isset($pausing)) {
    $pausing->point = (string) ($options['pause'] ?? '');
    $pausing->hits = (int) ($options['hit'] ?? 1);
    $pausing->fault = (string) ($options['fault'] ?? '');
}
if (($options['fault'] ?? '') === 'swallow') {
    $order = new Order((int) Db::getInstance()->getValue('SELECT MAX(id_order) FROM '._DB_PREFIX_.'orders'));
    $order->id = null;

    try {
        $order->add();
    } catch (PrestaShopException $swallowed) {
        // As a payment module does that retries by itself.
    }
    // A hook of the module's comes by, as it does in any checkout; then PHP dies with no shutdown function run.
    PrestaShopLogger::addLog("written after the fault {$unique}");
    $customer->update();
    fwrite(STDOUT, json_encode(['log' => "written after the fault {$unique}"])."\n");
    posix_kill(getmypid(), SIGKILL);
}

$foreign = isset($options['foreign-lock']) ? "'".pSQL((string) $options['foreign-lock'])."'" : null;
if ($foreign !== null) {
    Db::getInstance()->getValue("SELECT GET_LOCK({$foreign}, 0)", false);
}

for ($n = 0; $n < (int) ($options['orders'] ?? 1); ++$n) {
    if (isset($options['step']) && fgets(STDIN) === false) {
        break;
    }
    $cart = makeCart($context, $customer, $address, $address, $carrier);
    foreach ($carts[$n % max(1, count($carts))] ?? anyLines($products, $n, $lines) as [$product, $combination, $quantity]) {
        if ($cart->updateQty($quantity, $product, $combination) !== true) {
            fwrite(STDERR, "Product {$product} cannot be put into the cart.\n");

            exit(3);
        }
    }
    $cart->setDeliveryOption([(int) $address->id => $carrier.',']);
    $cart->update();
    if (isset($options['filled'])) {
        fwrite(STDOUT, json_encode(['filled' => true])."\n");
        fgets(STDIN);
    }
    $started = microtime(true);
    $payment->validateOrder(
        (int) $cart->id,
        $idState,
        (float) $cart->getOrderTotal(),
        'Bank wire',
        null,
        [],
        (int) $context->currency->id,
        false,
        $customer->secure_key
    );
    $took = microtime(true) - $started;
    fwrite(STDOUT, json_encode([
        'id_order' => (int) $payment->currentOrder,
        'id_customer' => (int) $customer->id,
        'id_cart' => (int) $cart->id,
        'validate_ms' => round($took * 1000, 2),
    ] + ($foreign === null ? [] : [
        'foreign_lock' => (bool) Db::getInstance()->getValue("SELECT IS_USED_LOCK({$foreign}) = CONNECTION_ID()", false),
    ]))."\n");
}
