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
$root = require __DIR__.'/shop-root.php';

require $root.'/config/config.inc.php';

require_once __DIR__.'/catalogue.php';

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

$context = openShop();
$default = $context->currency;
// Without a container the checkout dies half way and leaves a torn order (PrestaShop 8.2.1, StockManager).
$context->container = ContainerBuilder::getContainer('front', false);
$context->employee = new Employee(1);

Configuration::set('PS_USE_ECOTAX', 1);
Configuration::set('PS_GIFT_WRAPPING', 1);
Configuration::set('PS_CART_RULE_FEATURE_ACTIVE', 1);

$countries = openCountries(['FR', 'DE', 'ES', 'IT']);
// The last country knows none of the taxes, as an export does.
$rules = makeAllTaxRules(array_slice($countries, 0, 3));
Configuration::set('PS_ECOTAX_TAX_RULES_GROUP_ID', $rules[2]);
Configuration::set('PS_GIFT_WRAPPING_TAX_RULES_GROUP', $rules[1]);
Configuration::set('PS_GIFT_WRAPPING_PRICE', 2.35);

$currencies = [$default, currency('USD', 1.0873, 2), currency('JPY', 161.37, 0), currency('KWD', 0.33491, 3)];

$products = [];
foreach ([3.99, 12.345678, 0.49, 29.9, 104.166667, 7.77, 19.123, 1249.99, 8.333333, 45.5] as $n => $price) {
    $ecotax = in_array($n, [3, 6, 8], true) ? [3 => 0.25, 6 => 1.5, 8 => 0.813333][$n] : 0.0;
    $products[] = makeProduct("Random product {$n}", "RANDOM-{$n}", $price, $rules[$n % count($rules)], $ecotax);
}
reducePrice((int) $products[1]->id, 0.15, 3);
$carrier = taxCarrier(2, $rules[1]);
$groups = [];
foreach ([[0, 0], [7.5, 0], [12, 1]] as [$reduction, $withoutTax]) {
    $groups[] = makeGroup("Random {$reduction}", $reduction, $withoutTax, [(int) $carrier->id]);
}

$vouchers = [
    makeVoucher('Random voucher', ['reduction_percent' => 10]),
    makeVoucher('Random voucher', ['reduction_percent' => 33.33]),
    makeVoucher('Random voucher', ['reduction_amount' => 5, 'reduction_tax' => true, 'reduction_currency' => (int) $default->id]),
    makeVoucher('Random voucher', ['reduction_amount' => 3.21, 'reduction_tax' => false, 'reduction_currency' => (int) $default->id]),
    makeVoucher('Random voucher', ['free_shipping' => true]),
    makeVoucher('Random voucher', ['reduction_percent' => 50, 'reduction_product' => (int) $products[4]->id]),
    makeVoucher('Random voucher', ['gift_product' => (int) $products[0]->id]),
];

/** @var array<string, array{Customer, Address}> $people one for each group and country */
$people = [];
function person(array &$people, int $group, int $country): array
{
    $key = "{$group}:{$country}";
    if (!isset($people[$key])) {
        $customer = makeCustomer($group, 'Random');
        $address = makeAddress($customer, $country);
        $people[$key] = [$customer, $address];
    }

    return $people[$key];
}

$payment = Module::getInstanceByName('ps_wirepayment');
$state = (int) Configuration::get('PS_OS_BANKWIRE');
for ($n = 0; $n < (int) ($options['orders'] ?? 10); ++$n) {
    [$customer, $address] = person($people, oneOf($groups), oneOf($countries));
    $context->currency = oneOf($currencies);
    $context->country = new Country((int) $address->id_country);
    $roundType = mt_rand(1, 3);
    Configuration::set('PS_ROUND_TYPE', $roundType);
    freshRequest($context);

    $cart = makeCart($context, $customer, $address, $address, (int) $carrier->id);
    $cart->gift = mt_rand(1, 4) === 1;
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
