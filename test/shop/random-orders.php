<?php

declare(strict_types=1);
use PrestaShop\PrestaShop\Adapter\ContainerBuilder;

/**
 * Places orders of random content in a real PrestaShop, to see what it stores of their money, and prints one JSON line
 * an order:
 *
 *     PRESTASHOP_ROOT=/path/to/shop php random-orders.php [--orders=10] [--seed=1]
 *
 * Each order draws one of four currencies (EUR, USD, JPY, KWD), a rounding type, one of four countries, a group with or
 * without a reduction, products of five tax rules groups (none, one tax, two added up, two compound) with and without
 * ecotax and quantity prices, vouchers (per cent, amount, free shipping, a gift), and gift wrapping. The same seed draws
 * the same orders from the same shop. What it makes (taxes, products, currencies, vouchers) stays in the shop.
 */
$options = getopt('', ['orders:', 'seed:']);
$root = rtrim((string) getenv('PRESTASHOP_ROOT'), '/');
if (!is_file($root.'/config/config.inc.php')) {
    fwrite(STDERR, "PRESTASHOP_ROOT names no shop: {$root}\n");

    exit(2);
}

// The shop's bootstrap reads these as a web server would have set them.
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['HTTP_HOST'] = 'localhost';
$_SERVER['SERVER_NAME'] = 'localhost';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REMOTE_ADDR'] = '127.0.0.1';

require $root.'/config/config.inc.php';

mt_srand((int) ($options['seed'] ?? 1));

/**
 * @template T
 *
 * @param list<T> $choices
 *
 * @return T
 */
function oneOf(array $choices)
{
    return $choices[mt_rand(0, count($choices) - 1)];
}

/** Forgets what one process of the shop keeps of prices, taxes and carts, as a new request would. */
function freshRequest(Context $context): void
{
    Cache::clean('*');
    Product::flushPriceCache();
    Product::resetStaticCache();
    Product::resetEcoTax();
    Cart::resetStaticCache();
    // The decimals of the first currency would be those of all.
    $precision = new ReflectionProperty(Context::class, 'priceComputingPrecision');
    $precision->setAccessible(true);
    $precision->setValue($context, null);
}

/** @return array<int, string> */
function inEachLanguage(string $text): array
{
    return array_fill_keys(Language::getIDs(false), $text);
}

function makeTax(float $rate): int
{
    $tax = new Tax();
    $tax->rate = $rate;
    $tax->active = true;
    $tax->name = inEachLanguage("Tax {$rate}%");
    $tax->add();

    return (int) $tax->id;
}

/**
 * @param list<int> $taxes
 * @param list<int> $countries
 * @param int       $behavior  0 one tax, 1 added up, 2 each on the price with those before it
 */
function makeTaxRules(string $name, array $taxes, array $countries, int $behavior): int
{
    $group = new TaxRulesGroup();
    $group->name = $name;
    $group->active = true;
    $group->add();
    foreach ($countries as $country) {
        foreach ($taxes as $tax) {
            $rule = new TaxRule();
            $rule->id_tax_rules_group = (int) $group->id;
            $rule->id_country = $country;
            $rule->id_state = 0;
            $rule->id_tax = $tax;
            $rule->behavior = $behavior;
            $rule->zipcode_from = '0';
            $rule->zipcode_to = '0';
            $rule->description = '';
            $rule->add();
        }
    }

    return (int) $group->id;
}

function currency(string $iso, float $rate, int $precision): Currency
{
    $id = (int) Currency::getIdByIsoCode($iso, 0, true);
    $currency = new Currency($id === 0 ? null : $id);
    $currency->iso_code = $iso;
    $currency->active = true;
    $currency->deleted = false;
    $currency->name = $iso;
    $currency->symbol = $iso;
    $currency->conversion_rate = $rate;
    $currency->precision = $precision;
    $currency->save();

    return new Currency((int) $currency->id);
}

function makeProduct(int $n, float $price, int $taxRules, float $ecotax): Product
{
    $product = new Product();
    $product->name = inEachLanguage("Random product {$n}");
    $product->link_rewrite = inEachLanguage("random-product-{$n}");
    $product->reference = "RANDOM-{$n}";
    $product->price = $price;
    $product->ecotax = $ecotax;
    $product->id_tax_rules_group = $taxRules;
    $product->id_category_default = (int) Configuration::get('PS_HOME_CATEGORY');
    $product->active = true;
    $product->weight = 0.1;
    $product->add();
    $product->addToCategories([(int) $product->id_category_default]);
    StockAvailable::setQuantity((int) $product->id, 0, 1000000);

    return $product;
}

/** @param array<string, mixed> $fields */
function makeVoucher(array $fields): int
{
    $voucher = new CartRule();
    $voucher->name = inEachLanguage('Random voucher');
    $voucher->code = bin2hex(random_bytes(6));
    $voucher->quantity = 1000000;
    $voucher->quantity_per_user = 1000000;
    $voucher->date_from = '2020-01-01 00:00:00';
    $voucher->date_to = '2099-01-01 00:00:00';
    $voucher->active = true;
    $voucher->partial_use = false;
    foreach ($fields as $name => $value) {
        $voucher->{$name} = $value;
    }
    $voucher->add();

    return (int) $voucher->id;
}

$context = Context::getContext();
$context->shop = new Shop(1);
Shop::setContext(Shop::CONTEXT_SHOP, 1);
$default = new Currency((int) Configuration::get('PS_CURRENCY_DEFAULT'));
$context->currency = $default;
$context->country = new Country((int) Configuration::get('PS_COUNTRY_DEFAULT'));
$context->language = new Language((int) Configuration::get('PS_LANG_DEFAULT'));
// Without a container the checkout dies half way and leaves a torn order (PrestaShop 8.2.1, StockManager).
$context->container = ContainerBuilder::getContainer('front', false);
$context->employee = new Employee(1);

// No mail leaves a test; 3 is PrestaShop's "never send".
Configuration::set('PS_MAIL_METHOD', 3);
Configuration::set('PS_ORDER_OUT_OF_STOCK', 1);
Configuration::set('PS_USE_ECOTAX', 1);
Configuration::set('PS_GIFT_WRAPPING', 1);
Configuration::set('PS_CART_RULE_FEATURE_ACTIVE', 1);

$countries = array_map(static function (string $iso): int {
    return (int) Country::getByIso($iso);
}, ['FR', 'DE', 'ES', 'IT']);
foreach ($countries as $id) {
    $country = new Country($id);
    $country->active = true;
    $country->update();
}
// The last country knows none of the taxes, as an export does.
$taxed = array_slice($countries, 0, 3);
$normal = makeTax(20);
$reduced = makeTax(5.5);
$first = makeTax(5);
$second = makeTax(9.975);
$rules = [
    0,
    makeTaxRules('Normal', [$normal], $taxed, 0),
    makeTaxRules('Reduced', [$reduced], $taxed, 0),
    makeTaxRules('Added up', [$first, $second], $taxed, 1),
    makeTaxRules('Compound', [$first, $second], $taxed, 2),
];
Configuration::set('PS_ECOTAX_TAX_RULES_GROUP_ID', $rules[2]);
Configuration::set('PS_GIFT_WRAPPING_TAX_RULES_GROUP', $rules[1]);
Configuration::set('PS_GIFT_WRAPPING_PRICE', 2.35);

$currencies = [$default, currency('USD', 1.0873, 2), currency('JPY', 161.37, 0), currency('KWD', 0.33491, 3)];

$products = [];
foreach ([3.99, 12.345678, 0.49, 29.9, 104.166667, 7.77, 19.123, 1249.99, 8.333333, 45.5] as $n => $price) {
    $ecotax = in_array($n, [3, 6, 8], true) ? [3 => 0.25, 6 => 1.5, 8 => 0.813333][$n] : 0.0;
    $products[] = makeProduct($n, $price, $rules[$n % count($rules)], $ecotax);
}
$special = new SpecificPrice();
foreach (['id_shop', 'id_currency', 'id_country', 'id_group', 'id_customer', 'id_product_attribute', 'id_cart'] as $any) {
    $special->{$any} = 0;
}
$special->id_product = (int) $products[1]->id;
$special->price = -1;
$special->from_quantity = 3;
$special->reduction = 0.15;
$special->reduction_tax = 1;
$special->reduction_type = 'percentage';
$special->from = '0000-00-00 00:00:00';
$special->to = '0000-00-00 00:00:00';
$special->add();

$carrier = new Carrier(2);
$carrier->active = true;
$carrier->deleted = false;
$carrier->setTaxRulesGroup($rules[1], true);
$carrier->update();
$carrier = new Carrier((int) Db::getInstance()->getValue(
    'SELECT MAX(id_carrier) FROM '._DB_PREFIX_.'carrier WHERE deleted = 0 AND id_reference = 2'
));

$groups = [];
foreach ([[0, 0], [7.5, 0], [12, 1]] as [$reduction, $withoutTax]) {
    $group = new Group();
    $group->name = inEachLanguage("Random {$reduction}");
    $group->reduction = $reduction;
    $group->price_display_method = $withoutTax;
    $group->add();
    $groups[] = (int) $group->id;
    Db::getInstance()->execute(
        'INSERT IGNORE INTO '._DB_PREFIX_.'category_group (id_category, id_group) SELECT id_category, '
        .(int) $group->id.' FROM '._DB_PREFIX_.'category'
    );
    Db::getInstance()->execute(
        'INSERT IGNORE INTO '._DB_PREFIX_.'carrier_group (id_carrier, id_group) VALUES ('
        .(int) $carrier->id.', '.(int) $group->id.')'
    );
    Db::getInstance()->execute(
        'INSERT IGNORE INTO '._DB_PREFIX_.'module_group (id_module, id_shop, id_group) SELECT id_module, 1, '
        .(int) $group->id.' FROM '._DB_PREFIX_.'module'
    );
}

$vouchers = [
    makeVoucher(['reduction_percent' => 10]),
    makeVoucher(['reduction_percent' => 33.33]),
    makeVoucher(['reduction_amount' => 5, 'reduction_tax' => true, 'reduction_currency' => (int) $default->id]),
    makeVoucher(['reduction_amount' => 3.21, 'reduction_tax' => false, 'reduction_currency' => (int) $default->id]),
    makeVoucher(['free_shipping' => true]),
    makeVoucher(['reduction_percent' => 50, 'reduction_product' => (int) $products[4]->id]),
    makeVoucher(['gift_product' => (int) $products[0]->id]),
];

/** @var array<string, array{Customer, Address}> $people one for each group and country */
$people = [];
function person(array &$people, int $group, int $country): array
{
    $key = "{$group}:{$country}";
    if (!isset($people[$key])) {
        $customer = new Customer();
        $customer->firstname = 'Ada';
        $customer->lastname = 'Random';
        $customer->email = 'ada.'.bin2hex(random_bytes(8)).'@example.test';
        $customer->passwd = Tools::hash('a-test-password');
        $customer->id_default_group = $group;
        $customer->add();
        $customer->updateGroup([$group]);
        $address = new Address();
        $address->id_customer = (int) $customer->id;
        $address->id_country = $country;
        $address->alias = 'Home';
        $address->firstname = 'Ada';
        $address->lastname = 'Random';
        $address->address1 = '1 rue du Test';
        $address->postcode = '75001';
        $address->city = 'Paris';
        $address->dni = 'X1234567';
        $address->add();
        $people[$key] = [$customer, $address];
    }

    return $people[$key];
}

$payment = Module::getInstanceByName('ps_wirepayment');
$state = (int) Configuration::get('PS_OS_BANKWIRE');
for ($n = 0; $n < (int) ($options['orders'] ?? 10); ++$n) {
    [$customer, $address] = person($people, oneOf($groups), oneOf($countries));
    $context->currency = oneOf($currencies);
    $context->customer = $customer;
    $context->country = new Country((int) $address->id_country);
    $roundType = mt_rand(1, 3);
    Configuration::set('PS_ROUND_TYPE', $roundType);
    freshRequest($context);

    $cart = new Cart();
    $cart->id_customer = (int) $customer->id;
    $cart->id_address_delivery = (int) $address->id;
    $cart->id_address_invoice = (int) $address->id;
    $cart->id_lang = (int) $context->language->id;
    $cart->id_currency = (int) $context->currency->id;
    $cart->id_shop = 1;
    $cart->id_shop_group = 1;
    $cart->id_carrier = (int) $carrier->id;
    $cart->secure_key = $customer->secure_key;
    $cart->gift = mt_rand(1, 4) === 1;
    $cart->add();
    $context->cart = $cart;
    $left = $products;
    shuffle($left);
    foreach (array_slice($left, 0, mt_rand(1, 6)) as $product) {
        $cart->updateQty(mt_rand(1, 7), (int) $product->id);
    }
    $cart->setDeliveryOption([(int) $address->id => $carrier->id.',']);
    $cart->update();
    for ($left = oneOf([0, 0, 1, 1, 2]); $left > 0; --$left) {
        $cart->addCartRule(oneOf($vouchers));
    }
    freshRequest($context);
    $payment->currentOrder = null;

    try {
        $payment->validateOrder(
            (int) $cart->id,
            $state,
            (float) $cart->getOrderTotal(),
            'Bank wire',
            null,
            [],
            (int) $context->currency->id,
            false,
            $customer->secure_key
        );
        $line = ['id_order' => (int) $payment->currentOrder];
    } catch (Throwable $thrown) {
        $line = ['failed' => get_class($thrown).': '.$thrown->getMessage()];
    }
    fwrite(STDOUT, json_encode($line + ['id_cart' => (int) $cart->id, 'round_type' => $roundType])."\n");
}
