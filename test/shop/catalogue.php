<?php

declare(strict_types=1);

/*
 * What test orders are made of, by the shop's own classes: taxes, currencies, products, vouchers, groups, people.
 * Included after config/config.inc.php.
 */

/** Forgets what one process of the shop keeps of prices, taxes and carts, as a new request would. */
function freshRequest(Context $context): void
{
    Cache::clean('*');
    Product::flushPriceCache();
    Product::resetStaticCache();
    Cart::resetStaticCache();
    // A group that was loaded once answers how it shows prices with a text, which refunds take for "without tax".
    Group::clearCachedValues();
    // The decimals of the first currency would be those of all.
    $precision = new ReflectionProperty(Context::class, 'priceComputingPrecision');
    $precision->setAccessible(true);
    $precision->setValue($context, null);
}

/** The first shop in its own currency, country and language; no mail leaves it, and it sells what it has not. */
function openShop(): Context
{
    $context = Context::getContext();
    $context->shop = new Shop(1);
    Shop::setContext(Shop::CONTEXT_SHOP, 1);
    $context->currency = new Currency((int) Configuration::get('PS_CURRENCY_DEFAULT'));
    $context->country = new Country((int) Configuration::get('PS_COUNTRY_DEFAULT'));
    $context->language = new Language((int) Configuration::get('PS_LANG_DEFAULT'));
    // 3 is PrestaShop's "never send".
    Configuration::set('PS_MAIL_METHOD', 3);
    Configuration::set('PS_ORDER_OUT_OF_STOCK', 1);

    return $context;
}

/** @return array<int, string> */
function inEachLanguage(string $text): array
{
    return array_fill_keys(Language::getIDs(false), $text);
}

/**
 * @param list<string> $isoCodes
 *
 * @return list<int> the countries, which are delivered to from now on
 */
function openCountries(array $isoCodes): array
{
    return array_map(static function (string $iso): int {
        $country = new Country((int) Country::getByIso($iso));
        $country->active = true;
        $country->update();

        return (int) $country->id;
    }, $isoCodes);
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

/**
 * @param list<int> $taxed the countries that know the taxes
 *
 * @return list<int> tax rules groups: none, one tax of 20 %, one of 5.5 %, two added up, the same two compound
 */
function makeAllTaxRules(array $taxed): array
{
    $normal = makeTax(20);
    $reduced = makeTax(5.5);
    $first = makeTax(5);
    $second = makeTax(9.975);

    return [
        0,
        makeTaxRules('Normal', [$normal], $taxed, 0),
        makeTaxRules('Reduced', [$reduced], $taxed, 0),
        makeTaxRules('Added up', [$first, $second], $taxed, 1),
        makeTaxRules('Compound', [$first, $second], $taxed, 2),
    ];
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

function makeProduct(string $name, string $reference, float $price, int $taxRules, float $ecotax = 0.0): Product
{
    $product = new Product();
    $product->name = inEachLanguage($name);
    $product->link_rewrite = inEachLanguage(strtolower($reference));
    $product->reference = $reference;
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

/** A price of the product's own from so many pieces on; for one customer only, if named. */
function reducePrice(int $product, float $share, int $fromQuantity, int $customer = 0): void
{
    $special = new SpecificPrice();
    foreach (['id_shop', 'id_currency', 'id_country', 'id_group', 'id_product_attribute', 'id_cart'] as $any) {
        $special->{$any} = 0;
    }
    $special->id_customer = $customer;
    $special->id_product = $product;
    $special->price = -1;
    $special->from_quantity = $fromQuantity;
    $special->reduction = $share;
    $special->reduction_tax = 1;
    $special->reduction_type = 'percentage';
    $special->from = '0000-00-00 00:00:00';
    $special->to = '0000-00-00 00:00:00';
    $special->add();
}

/** @param array<string, mixed> $fields */
function makeVoucher(string $name, array $fields): int
{
    $voucher = new CartRule();
    $voucher->name = inEachLanguage($name);
    $voucher->code = bin2hex(random_bytes(6));
    $voucher->quantity = 1000000;
    $voucher->quantity_per_user = 1000000;
    $voucher->date_from = '2020-01-01 00:00:00';
    $voucher->date_to = '2099-01-01 00:00:00';
    $voucher->active = true;
    $voucher->partial_use = false;
    foreach ($fields as $field => $value) {
        $voucher->{$field} = $value;
    }
    $voucher->add();

    return (int) $voucher->id;
}

/** The carrier of that reference, taxed; saving it gives it a new id. */
function taxCarrier(int $reference, int $taxRules): Carrier
{
    $newest = static function () use ($reference): Carrier {
        return new Carrier((int) Db::getInstance()->getValue(
            'SELECT MAX(id_carrier) FROM '._DB_PREFIX_.'carrier WHERE deleted = 0 AND id_reference = '.$reference
        ));
    };
    $carrier = $newest();
    $carrier->active = true;
    $carrier->deleted = false;
    $carrier->setTaxRulesGroup($taxRules, true);
    $carrier->update();

    return $newest();
}

/**
 * A group that sees all categories, all carriers named, and all payment modules.
 *
 * @param list<int> $carriers
 */
function makeGroup(string $name, float $reduction, int $withoutTax, array $carriers): int
{
    $group = new Group();
    $group->name = inEachLanguage($name);
    $group->reduction = $reduction;
    $group->price_display_method = $withoutTax;
    $group->add();
    $rows = [
        'category_group (id_category, id_group) SELECT id_category, %d FROM '._DB_PREFIX_.'category',
        'module_group (id_module, id_shop, id_group) SELECT id_module, 1, %d FROM '._DB_PREFIX_.'module',
    ];
    foreach ($carriers as $carrier) {
        $rows[] = 'carrier_group (id_carrier, id_group) VALUES ('.$carrier.', %d)';
    }
    foreach ($rows as $row) {
        Db::getInstance()->execute('INSERT IGNORE INTO '._DB_PREFIX_.sprintf($row, (int) $group->id));
    }

    return (int) $group->id;
}

/** @param array<string, mixed> $fields */
function makeCustomer(int $group, string $lastname, array $fields = []): Customer
{
    $customer = new Customer();
    $customer->firstname = 'Ada';
    $customer->lastname = $lastname;
    $customer->email = 'ada.'.bin2hex(random_bytes(8)).'@example.test';
    $customer->passwd = Tools::hash('a-test-password');
    $customer->id_default_group = $group;
    foreach ($fields as $field => $value) {
        $customer->{$field} = $value;
    }
    $customer->add();
    $customer->updateGroup([$group]);

    return $customer;
}

/** @param array<string, mixed> $fields */
function makeAddress(Customer $customer, int $country, array $fields = []): Address
{
    $address = new Address();
    $address->id_customer = (int) $customer->id;
    $address->id_country = $country;
    $address->alias = 'Home';
    $address->firstname = $customer->firstname;
    $address->lastname = $customer->lastname;
    $address->address1 = '1 rue du Test';
    $address->postcode = '75001';
    $address->city = 'Paris';
    $address->dni = 'X1234567';
    foreach ($fields as $field => $value) {
        $address->{$field} = $value;
    }
    $address->add();

    return $address;
}

/** An empty cart of the customer's in the context's currency and language. */
function makeCart(Context $context, Customer $customer, Address $delivery, Address $invoice, int $carrier): Cart
{
    $cart = new Cart();
    $cart->id_customer = (int) $customer->id;
    $cart->id_address_delivery = (int) $delivery->id;
    $cart->id_address_invoice = (int) $invoice->id;
    $cart->id_lang = (int) $context->language->id;
    $cart->id_currency = (int) $context->currency->id;
    $cart->id_shop = 1;
    $cart->id_shop_group = 1;
    $cart->id_carrier = $carrier;
    $cart->secure_key = $customer->secure_key;
    $cart->add();
    $context->customer = $customer;
    $context->cart = $cart;

    return $cart;
}
