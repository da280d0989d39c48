<?php

declare(strict_types=1);

use PrestaShop\PrestaShop\Core\Domain\Product\Combination\Command\DeleteCombinationCommand;
use PrestaShop\PrestaShop\Core\Domain\Product\Combination\Command\UpdateCombinationStockAvailableCommand;
use PrestaShop\PrestaShop\Core\Domain\Product\Command\DeleteProductCommand;
use PrestaShop\PrestaShop\Core\Domain\Product\Command\UpdateProductCommand;
use PrestaShop\PrestaShop\Core\Domain\Product\Stock\Command\UpdateProductStockAvailableCommand;
use PrestaShop\PrestaShop\Core\Domain\Shop\ValueObject\ShopConstraint;

/*
 * Does in a real PrestaShop what a person does in its back office, through the shop's own command bus and classes as
 * employee 1, and prints one JSON line: what was done and, where a thing was made, its ids.
 *
 *     PRESTASHOP_ROOT=/path/to/shop php back-office.php --action=ACTION [--NAME=VALUE …]
 *
 *     edit-line            --order --detail --quantity
 *     delete-line          --order --detail
 *     add-line             --order --product [--combination] --quantity
 *     cancel-line          --order --detail --quantity         of an order that is not paid
 *     set-state            --order --state (a number, or cancel, error, paid, shipped, delivered, wire, refunded)
 *     partial-refund       --order --detail --quantity [--restock=1]
 *     standard-refund      --order --detail --quantity         before delivery, with merchandise returns on
 *     return               --order --detail --quantity [--restock=1]   after delivery, with merchandise returns on
 *     set-quantity         --product [--combination] --quantity    StockAvailable::setQuantity, as modules do
 *     move-quantity        --product [--combination] --delta       StockAvailable::updateQuantity, as the stock page does
 *     product-save         --product [--combination] [--delta]     the product page; without a delta only its reference
 *     combination-delete   --combination
 *     combination-add      --product --quantity
 *     product-add          --quantity [--combinations=N] [--pack=PRODUCT:QUANTITY[:COMBINATION],…] [--pack-type=0|1|2|3]
 *                          [--deny=1] [--carrier=ID]   sold when out of stock unless denied; one carrier only, if named
 *     product-delete       --product
 *     webservice-key       makes one that may read and write stock; RealShop.webservicePut uses it over HTTP
 *     share-stock          --on=0|1     the shop's group shares its stock, and its rows move over
 */
$options = [];
foreach (array_slice($_SERVER['argv'], 1) as $argument) {
    if (preg_match('/^--([a-z-]+)=(.*)$/', $argument, $match) === 1) {
        $options[$match[1]] = $match[2];
    }
}

require_once __DIR__.'/back-office-desk.php';

function number(string $name, ?int $default = null): int
{
    global $options;
    if (!isset($options[$name]) && $default === null) {
        throw new InvalidArgumentException("--{$name} is missing");
    }

    return (int) ($options[$name] ?? $default);
}

/** @return array<int, array{quantity: int, amount: string}> */
function refunds(): array
{
    return refundsOf([number('detail') => number('quantity')]);
}

/** @return array<string, int> */
function addProduct(): array
{
    global $context, $options;
    $product = new Product();
    foreach (Language::getIDs(false) as $idLang) {
        $product->name[$idLang] = 'Stock test '.bin2hex(random_bytes(3));
        $product->link_rewrite[$idLang] = 'stock-test';
    }
    $product->price = 10;
    $product->id_category_default = (int) Configuration::get('PS_HOME_CATEGORY');
    $product->id_tax_rules_group = 0;
    $product->pack_stock_type = number('pack-type', 3);
    $combinations = number('combinations', 0);
    $items = array_filter(explode(',', $options['pack'] ?? ''));
    $product->product_type = $items !== [] ? 'pack' : ($combinations > 0 ? 'combinations' : 'standard');
    $product->add();
    $product->addToCategories([(int) Configuration::get('PS_HOME_CATEGORY')]);
    if ($items !== []) {
        foreach ($items as $item) {
            [$id, $quantity, $combination] = array_map('intval', explode(':', $item.':0:0'));
            Pack::addItem((int) $product->id, $id, max(1, $quantity), $combination);
        }
        Configuration::updateGlobalValue('PS_PACK_FEATURE_ACTIVE', '1');
        Db::getInstance()->update('product', ['cache_is_pack' => 1, 'product_type' => 'pack'], 'id_product = '.(int) $product->id);
    }
    StockAvailable::setProductOutOfStock((int) $product->id, number('deny', 0) === 1 ? 0 : 1);
    if (isset($options['carrier'])) {
        $product->setCarriers([number('carrier')]);
    }
    $made = ['product' => (int) $product->id];
    for ($n = 0; $n < $combinations; ++$n) {
        $made['combination'.$n] = addCombination($product, $n === 0, number('quantity'));
    }
    if ($combinations === 0) {
        StockAvailable::setQuantity((int) $product->id, 0, number('quantity'), (int) $context->shop->id);
    }

    return $made;
}

function addCombination(Product $product, bool $default, int $quantity): int
{
    $values = Db::getInstance()->executeS(
        'SELECT id_attribute AS id FROM '._DB_PREFIX_.'attribute WHERE id_attribute NOT IN (SELECT pac.id_attribute
           FROM '._DB_PREFIX_.'product_attribute_combination pac
           JOIN '._DB_PREFIX_.'product_attribute pa USING (id_product_attribute)
          WHERE pa.id_product = '.(int) $product->id.') ORDER BY id_attribute LIMIT 1'
    );
    $combination = new Combination();
    $combination->id_product = (int) $product->id;
    $combination->default_on = $default;
    $combination->minimal_quantity = 1;
    $combination->add();
    $combination->setAttributes([(int) $values[0]['id']]);
    StockAvailable::setQuantity((int) $product->id, (int) $combination->id, $quantity, 1);

    return (int) $combination->id;
}

function shareStock(bool $on): void
{
    $group = new ShopGroup(1);
    $group->share_stock = $on;
    $group->update();
    Db::getInstance()->execute(
        $on
            ? 'UPDATE '._DB_PREFIX_.'stock_available SET id_shop = 0, id_shop_group = 1 WHERE id_shop = 1'
            : 'UPDATE '._DB_PREFIX_.'stock_available SET id_shop = 1, id_shop_group = 0 WHERE id_shop = 0'
    );
}

function webserviceKey(): string
{
    Configuration::updateGlobalValue('PS_WEBSERVICE', '1');
    $key = new WebserviceKey();
    $key->key = strtoupper(bin2hex(random_bytes(16)));
    $key->active = true;
    $key->add();
    WebserviceKey::setPermissionForAccount((int) $key->id, ['stock_availables' => ['GET' => 1, 'PUT' => 1]]);

    return $key->key;
}

$actions = [
    'edit-line' => static function (): array {
        page('AdminOrders');
        editLine(number('order'), number('detail'), number('quantity'));

        return [];
    },
    'delete-line' => static function (): array {
        page('AdminOrders');
        deleteLine(number('order'), number('detail'));

        return [];
    },
    'add-line' => static function (): array {
        page('AdminOrders');
        addLine(number('order'), number('product'), number('combination', 0), number('quantity'), '10', '10');

        return [];
    },
    'cancel-line' => static function (): array {
        page('AdminOrders');
        cancelLine(number('order'), number('detail'), number('quantity'));

        return [];
    },
    'set-state' => static function () use ($options): array {
        page('AdminOrders');
        setState(number('order'), $options['state'] ?? '');

        return [];
    },
    'partial-refund' => static function (): array {
        page('AdminOrders');
        refundPartly(number('order'), refunds(), number('restock', 1) === 1);

        return [];
    },
    'standard-refund' => static function (): array {
        page('AdminOrders');
        refundStandard(number('order'), refunds());

        return [];
    },
    'return' => static function (): array {
        page('AdminOrders');
        takeBack(number('order'), refunds(), number('restock', 1) === 1);

        return [];
    },
    'set-quantity' => static function (): array {
        StockAvailable::setQuantity(number('product'), number('combination', 0), number('quantity'), 1);

        return [];
    },
    'move-quantity' => static function (): array {
        page('AdminStockManagement');
        StockAvailable::updateQuantity(number('product'), number('combination', 0), number('delta'), 1, true, [
            'id_stock_mvt_reason' => (int) Configuration::get('PS_STOCK_MVT_INC_EMPLOYEE_EDITION'),
        ]);

        return [];
    },
    'product-save' => static function () use ($options): array {
        page('AdminProducts');
        $shop = ShopConstraint::shop(1);
        bus((new UpdateProductCommand(number('product'), $shop))->setReference('saved-'.bin2hex(random_bytes(3))));
        if (isset($options['delta']) && number('combination', 0) > 0) {
            bus((new UpdateCombinationStockAvailableCommand(number('combination'), $shop))
                ->setDeltaQuantity(number('delta')));
        } elseif (isset($options['delta'])) {
            bus((new UpdateProductStockAvailableCommand(number('product'), $shop))->setDeltaQuantity(number('delta')));
        }

        return [];
    },
    'combination-delete' => static function (): array {
        page('AdminProducts');
        bus(new DeleteCombinationCommand(number('combination'), ShopConstraint::shop(1)));

        return [];
    },
    'combination-add' => static function (): array {
        page('AdminProducts');

        return ['combination' => addCombination(new Product(number('product')), false, number('quantity'))];
    },
    'product-add' => static function (): array {
        page('AdminProducts');

        return addProduct();
    },
    'product-delete' => static function (): array {
        page('AdminProducts');
        bus(new DeleteProductCommand(number('product'), ShopConstraint::allShops()));

        return [];
    },
    'webservice-key' => static function (): array {
        return ['key' => webserviceKey()];
    },
    'share-stock' => static function (): array {
        shareStock(number('on') === 1);

        return [];
    },
];

$action = $options['action'] ?? '';

try {
    if (!isset($actions[$action])) {
        throw new InvalidArgumentException('--action is one of '.implode(', ', array_keys($actions)));
    }
    fwrite(STDOUT, json_encode(['action' => $action] + $actions[$action]())."\n");
} catch (Throwable $error) {
    fwrite(STDERR, get_class($error).': '.$error->getMessage()."\n");

    exit(3);
}
