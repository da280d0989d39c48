<?php

declare(strict_types=1);

/*
 * Makes the golden orders in a real PrestaShop: one of each kind that an ERP has to get right, placed by the shop's own
 * checkout and worked on by its own back office. Prints one JSON line an order: the case's name and the order's number,
 * or what the shop said where it refused.
 *
 *     PRESTASHOP_ROOT=/path/to/shop php golden-orders.php [--only=NAME]
 *
 * It may run again and again; ids and dates differ from run to run. What it makes stays in the shop.
 */
$only = getopt('', ['only:'])['only'] ?? null;

require_once __DIR__.'/back-office-desk.php';

require_once __DIR__.'/golden-shop.php';

/**
 * What each case does; it returns the order, or several orders by the end of their names.
 *
 * @return array<string, Closure(GoldenShop): (array<string, int>|int)>
 */
function cases(): array
{
    return roundings() + prices() + vouchers() + contents() + people() + payments() + edits() + refunds() + endings();
}

/** @return array<string, Closure(GoldenShop): int> each rounding type with each number of decimals */
function roundings(): array
{
    $lines = ['poster' => 7, 'pencil' => 3, 'book' => 3, 'magazine' => 5, 'crate' => 1];
    $cases = [];
    foreach (['item', 'line', 'total'] as $rounding) {
        foreach (['EUR', 'JPY', 'KWD'] as $currency) {
            $name = "rounding-{$rounding}-".strtolower($currency);
            $cases[$name] = static function (GoldenShop $shop) use ($rounding, $currency, $lines): int {
                return $shop->place(['rounding' => $rounding, 'currency' => $currency, 'lines' => $lines]);
            };
        }
    }

    return $cases;
}

/**
 * @param array<string, array<string, mixed>> $wishes by name
 *
 * @return array<string, Closure(GoldenShop): int>
 */
function placed(array $wishes): array
{
    return array_map(static function (array $wish): Closure {
        return static function (GoldenShop $shop) use ($wish): int {
            return $shop->place($wish);
        };
    }, $wishes);
}

/** @return array<string, Closure(GoldenShop): int> groups, taxes, ecotax */
function prices(): array
{
    return placed([
        'group-with-tax' => ['group' => 'public', 'rounding' => 'line'],
        'group-without-tax' => ['group' => 'without-tax', 'rounding' => 'line', 'lines' => ['poster' => 7, 'book' => 3]],
        'group-with-reduction' => ['group' => 'reduced', 'lines' => ['mug' => 3, 'magazine' => 2]],
        'group-without-tax-with-reduction' => ['group' => 'reduced-without-tax', 'rounding' => 'total', 'lines' => ['crate' => 2, 'book' => 3]],
        'quantity-price' => ['lines' => ['pencil' => 12]],
        'taxes-of-two-rates' => ['lines' => ['mug' => 1, 'magazine' => 1, 'stamp' => 1]],
        'taxes-none' => ['lines' => ['stamp' => 10]],
        'taxes-added-up' => ['lines' => ['syrup' => 3]],
        'taxes-added-up-by-line' => ['rounding' => 'line', 'lines' => ['syrup' => 7, 'mug' => 1]],
        'taxes-compound' => ['lines' => ['tea' => 4]],
        'taxes-compound-by-total' => ['rounding' => 'total', 'lines' => ['tea' => 7, 'book' => 3]],
        'taxes-all-kinds' => ['rounding' => 'line', 'lines' => ['mug' => 1, 'book' => 2, 'stamp' => 3, 'syrup' => 4, 'tea' => 5]],
        'ecotax' => ['lines' => ['lamp' => 2, 'kettle' => 1]],
        'ecotax-with-group-reduction' => ['group' => 'reduced', 'rounding' => 'line', 'lines' => ['lamp' => 2, 'kettle' => 3]],
        'ecotax-on-an-untaxed-product' => ['lines' => ['battery' => 6]],
    ]);
}

/** @return array<string, Closure(GoldenShop): int> vouchers and gift wrapping */
function vouchers(): array
{
    $mixed = ['mug' => 3, 'book' => 2, 'stamp' => 4];
    $currency = (int) Configuration::get('PS_CURRENCY_DEFAULT');
    $amount = ['reduction_amount' => 5, 'reduction_tax' => true, 'reduction_currency' => $currency];

    return placed([
        'voucher-percent' => ['lines' => ['mug' => 3], 'vouchers' => [['reduction_percent' => 10]]],
        'voucher-percent-over-mixed-tax' => ['lines' => $mixed, 'vouchers' => [['reduction_percent' => 33.33]]],
        'voucher-amount-with-tax' => ['lines' => $mixed, 'vouchers' => [$amount]],
        'voucher-amount-without-tax' => ['lines' => $mixed, 'vouchers' => [['reduction_tax' => false] + $amount]],
        'voucher-amount-in-yen' => ['currency' => 'JPY', 'lines' => $mixed, 'vouchers' => [$amount]],
        'voucher-free-shipping' => ['lines' => $mixed, 'vouchers' => [['free_shipping' => true]]],
        'voucher-percent-and-free-shipping' => ['rounding' => 'line', 'lines' => $mixed, 'vouchers' => [['reduction_percent' => 15, 'free_shipping' => true]]],
        'two-vouchers-over-mixed-tax' => ['rounding' => 'line', 'lines' => $mixed + ['syrup' => 2], 'vouchers' => [['reduction_percent' => 10], $amount]],
        'gift-wrapping' => ['gift' => true],
        'gift-wrapping-in-yen' => ['gift' => true, 'currency' => 'JPY'],
        'gift-wrapping-without-tax' => ['gift' => true, 'group' => 'without-tax', 'rounding' => 'total'],
        'free-order' => ['state' => 'paid', 'vouchers' => [['reduction_percent' => 100, 'free_shipping' => true]]],
    ]) + [
        'voucher-gift' => static function (GoldenShop $shop): int {
            return $shop->place(['vouchers' => [['gift_product' => $shop->product('magazine')]]]);
        },
        'voucher-for-one-product' => static function (GoldenShop $shop) use ($mixed): int {
            return $shop->place(['lines' => $mixed, 'vouchers' => [['reduction_percent' => 50, 'reduction_product' => $shop->product('book')]]]);
        },
    ];
}

/** @return array<string, Closure(GoldenShop): (array<string, int>|int)> what is in the parcel */
function contents(): array
{
    $both = ['collected' => 2, 'sent' => 1];
    $split = static function (array $wish) use ($both): Closure {
        return static function (GoldenShop $shop) use ($wish, $both): array {
            $order = $shop->place($wish + ['lines' => $both]);

            return ['first' => $order, 'second' => $shop->secondOf($order)];
        };
    };

    return placed([
        'customisation' => ['text' => 'Für Zoë & Cie', 'lines' => ['mug' => 1]],
        'pack' => ['lines' => ['gift-box' => 2]],
        'combination' => ['lines' => ['shirt' => 2]],
    ]) + [
        'deleted-product' => static function (GoldenShop $shop): int {
            $shop->newProduct('calendar', 14.9);
            $order = $shop->place(['lines' => ['calendar' => 1, 'mug' => 1]]);
            (new Product($shop->product('calendar')))->delete();

            return $order;
        },
        'split-cart' => $split([]),
        'split-cart-with-voucher-and-wrapping' => $split(['gift' => true, 'vouchers' => [['reduction_percent' => 10]]]),
        'split-cart-paid' => $split(['state' => 'paid']),
    ];
}

/** @return array<string, Closure(GoldenShop): int> who orders, and where it goes */
function people(): array
{
    $state = (int) Db::getInstance()->getValue('SELECT id_state FROM '._DB_PREFIX_."state WHERE iso_code = 'NY'");
    $company = ['company' => 'Crème & Fils', 'vat_number' => 'FR40303265045'];

    return placed([
        'guest' => ['guest' => true],
        'company-with-vat-number' => ['group' => 'without-tax', 'deliverTo' => $company],
        'company-with-its-own-price' => ['group' => 'without-tax', 'deliverTo' => $company, 'ownPrice' => ['mug' => 0.2]],
        'invoice-to-another-address' => ['invoiceTo' => ['address1' => '9 quai de la Facture', 'city' => 'Lyon', 'postcode' => '69001'] + $company],
        'export-without-tax' => ['country' => 'US', 'lines' => ['mug' => 2, 'poster' => 3], 'deliverTo' => ['id_state' => $state, 'city' => 'New York', 'postcode' => '10001']],
        'export-without-tax-in-dollars' => ['country' => 'US', 'currency' => 'USD', 'rounding' => 'line', 'lines' => ['poster' => 7, 'book' => 3], 'deliverTo' => ['id_state' => $state, 'city' => 'New York', 'postcode' => '10001']],
        'another-country' => ['country' => 'DE', 'deliverTo' => ['city' => 'Berlin', 'postcode' => '10115']],
    ]);
}

/** @return array<string, Closure(GoldenShop): int> */
function payments(): array
{
    return placed([
        'unpaid' => [],
        'paid' => ['state' => 'paid'],
        'paid-in-yen' => ['state' => 'paid', 'currency' => 'JPY'],
        'paid-in-dinars' => ['state' => 'paid', 'currency' => 'KWD', 'rounding' => 'line'],
        'paid-too-little' => ['state' => 'paid', 'paidShare' => 0.9],
    ]) + [
        'paid-later' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            setState($order, 'paid');

            return $order;
        },
        'paid-in-parts' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->pay($order, 10.0, null, 'PART-1');
            $shop->pay($order, $shop->total($order) - 10.0, null, 'PART-2');

            return $order;
        },
        'paid-in-part' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->pay($order, 10.0, null, 'PART-1');

            return $order;
        },
        'paid-twice' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->pay($order, $shop->total($order), null, 'AGAIN');

            return $order;
        },
        'payment-told-twice' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->pay($order, $shop->total($order), null, $shop->transactionOf($order));

            return $order;
        },
        'overpaid' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->pay($order, $shop->total($order) + 4.5);

            return $order;
        },
        'paid-in-another-currency' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->pay($order, round($shop->total($order) * 1.0873, 2), 'USD', 'IN-DOLLARS');

            return $order;
        },
        'paid-in-euros-for-an-order-in-yen' => static function (GoldenShop $shop): int {
            $order = $shop->place(['currency' => 'JPY']);
            $shop->pay($order, 40.0, 'EUR');

            return $order;
        },
    ];
}

/** @return array<string, Closure(GoldenShop): int> what a person changes in the back office */
function edits(): array
{
    $edited = static function (array $wish, int $quantity): Closure {
        return static function (GoldenShop $shop) use ($wish, $quantity): int {
            $order = $shop->place($wish);
            $shop->desk();
            editLine($order, $shop->lines($order)[0], $quantity);

            return $order;
        };
    };

    return [
        'quantity-raised' => $edited([], 5),
        'quantity-lowered' => $edited(['lines' => ['mug' => 6, 'book' => 1]], 1),
        'quantity-changed-after-invoice' => $edited(['state' => 'paid'], 4),
        'quantity-changed-of-an-order-in-yen' => $edited(['currency' => 'JPY', 'lines' => ['poster' => 3, 'book' => 1]], 2),
        'quantity-changed-of-an-order-in-dinars' => $edited(['currency' => 'KWD', 'lines' => ['poster' => 3, 'book' => 1]], 2),
        'quantity-changed-of-an-order-in-yen-by-line' => $edited(['currency' => 'JPY', 'rounding' => 'line', 'lines' => ['poster' => 3, 'book' => 1]], 2),
        // Its price with tax has more than nine decimals, at which PrestaShop gives up between the line and the header.
        'half-edited' => $edited(['rounding' => 'line', 'lines' => ['honey' => 3, 'mug' => 2]], 7),
        'price-edited' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            editLine($order, $shop->lines($order)[0], 2, '10.8', '9');

            return $order;
        },
        'line-deleted' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            deleteLine($order, $shop->lines($order)[1]);

            return $order;
        },
        'line-added' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            addLine($order, $shop->product('magazine'), 0, 2, '4.21', '3.99');

            return $order;
        },
        'line-added-after-invoice' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->desk();
            addLine($order, $shop->product('mug'), 0, 1, '11.99', '9.99');

            return $order;
        },
        'address-changed' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->deliverElsewhere($order);

            return $order;
        },
        'address-edited' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->editAddress($order);

            return $order;
        },
        'carrier-changed' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->ship($order, '', 'collected');

            return $order;
        },
        'currency-changed' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->changeCurrency($order, 'USD');

            return $order;
        },
        'discount-given-afterwards' => static function (GoldenShop $shop): int {
            $order = $shop->place(['lines' => ['mug' => 3, 'book' => 2]]);
            $shop->addDiscount($order, 'percent', '20');

            return $order;
        },
        'discount-taken-away' => static function (GoldenShop $shop): int {
            $order = $shop->place(['vouchers' => [['reduction_percent' => 10]]]);
            $shop->removeDiscounts($order);

            return $order;
        },
    ];
}

/**
 * A paid order of seven mugs and two books, and what of it is given back.
 *
 * @param Closure(int, list<int>): void $refund takes the order and its lines
 * @param array<string, mixed>          $wish
 *
 * @return Closure(GoldenShop): int
 */
function refunded(Closure $refund, array $wish = []): Closure
{
    return static function (GoldenShop $shop) use ($refund, $wish): int {
        $order = $shop->place($wish + ['state' => 'paid', 'lines' => ['mug' => 7, 'book' => 2]]);
        $shop->desk();
        $refund($order, $shop->lines($order));

        return $order;
    };
}

/** @return array<string, Closure(GoldenShop): (array<string, int>|int)> credit slips */
function refunds(): array
{
    $shippingOf = static function (int $order): string {
        return (string) (new Order($order))->total_shipping_tax_incl;
    };

    return [
        'partial-refund-with-restock' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 2]), true);
        }),
        'partial-refund-without-restock' => refunded(static function (int $order, array $lines): void {
            setState($order, 'delivered');
            refundPartly($order, refundsOf([$lines[0] => 2]), false);
        }),
        'partial-refund-with-shipping' => refunded(static function (int $order, array $lines) use ($shippingOf): void {
            refundPartly($order, refundsOf([$lines[1] => 1]), true, $shippingOf($order));
        }),
        'partial-refund-of-an-amount' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, [$lines[0] => ['quantity' => 1, 'amount' => '3.33']], true);
        }),
        'partial-refund-in-yen' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 2]), true);
        }, ['currency' => 'JPY']),
        'partial-refund-without-tax' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 2, $lines[1] => 1]), true);
        }, ['group' => 'without-tax', 'rounding' => 'line']),
        'two-credit-slips' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 1]), true);
            refundPartly($order, refundsOf([$lines[0] => 2, $lines[1] => 1]), true);
        }),
        'standard-refund' => refunded(static function (int $order, array $lines): void {
            refundStandard($order, refundsOf([$lines[0] => 3]));
        }),
        'full-refund' => refunded(static function (int $order, array $lines): void {
            refundStandard($order, refundsOf([$lines[0] => 7, $lines[1] => 2]), true);
            setState($order, 'refunded');
        }),
        'return-with-restock' => refunded(static function (int $order, array $lines): void {
            setState($order, 'delivered');
            takeBack($order, refundsOf([$lines[0] => 2]), true);
        }),
        'return-without-restock' => refunded(static function (int $order, array $lines): void {
            setState($order, 'delivered');
            takeBack($order, refundsOf([$lines[0] => 2]), false);
        }),
        'refund-of-an-order-with-voucher' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 7, $lines[1] => 2]), true);
        }, ['vouchers' => [['reduction_percent' => 60]]]),
        // Of prices without tax PrestaShop takes the voucher off the side with tax alone.
        'slip-with-less-tax-than-none' => refunded(static function (int $order, array $lines): void {
            refundPartly($order, refundsOf([$lines[0] => 7, $lines[1] => 2]), true);
        }, ['group' => 'without-tax', 'vouchers' => [['reduction_percent' => 60]]]),
        'poison' => static function (GoldenShop $shop): array {
            $shop->newProduct('poison', 14.9);
            $order = $shop->place(['state' => 'paid', 'lines' => ['poison' => 7]]);
            $shop->desk();
            refundPartly($order, refundsOf([$shop->lines($order)[0] => 6]), true);
            $shop->desk();
            editLine($order, $shop->lines($order)[0], 1);

            // More pieces are refunded than the line has, and the next order of the product dies half way.
            try {
                $shop->place(['state' => 'paid', 'lines' => ['poison' => 1]]);
            } catch (PrestaShopException $half) {
                $torn = (int) Db::getInstance()->getValue('SELECT MAX(id_order) FROM '._DB_PREFIX_.'orders');

                return ['refunded' => $order, 'torn' => $torn];
            }

            return ['refunded' => $order];
        },
    ];
}

/** @return array<string, Closure(GoldenShop): int> cancellations, invoices, parcels */
function endings(): array
{
    return [
        'cancelled' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            setState($order, 'cancel');

            return $order;
        },
        'cancelled-after-payment' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->desk();
            setState($order, 'cancel');

            return $order;
        },
        'line-cancelled' => static function (GoldenShop $shop): int {
            $order = $shop->place(['lines' => ['mug' => 4, 'book' => 1]]);
            $shop->desk();
            cancelLine($order, $shop->lines($order)[0], 1);

            return $order;
        },
        'payment-failed' => static function (GoldenShop $shop): int {
            return $shop->place(['state' => 'error']);
        },
        'invoice-number' => static function (GoldenShop $shop): int {
            $order = $shop->place();
            $shop->desk();
            setState($order, 'paid');

            return $order;
        },
        'tracking' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->ship($order, '6A12345678901');
            setState($order, 'shipped');

            return $order;
        },
        'tracking-of-two-parcels' => static function (GoldenShop $shop): int {
            $order = $shop->place(['state' => 'paid']);
            $shop->ship($order, '6A12345678902');
            $shop->secondParcel($order, '6A12345678903');
            setState($order, 'shipped');

            return $order;
        },
    ];
}

$shop = new GoldenShop($context);
foreach (cases() as $name => $make) {
    if ($only !== null && $only !== $name) {
        continue;
    }
    $before = (int) Db::getInstance()->getValue('SELECT MAX(id_order) FROM '._DB_PREFIX_.'orders');

    try {
        $made = $make($shop);
        foreach (is_array($made) ? $made : ['' => $made] as $end => $order) {
            $line = ['case' => $end === '' ? $name : "{$name}-{$end}", 'id_order' => $order];
            fwrite(STDOUT, json_encode($line)."\n");
        }
    } catch (Throwable $thrown) {
        // What it refused half way is what some cases are about: the order stands there as it is.
        $last = (int) Db::getInstance()->getValue('SELECT MAX(id_order) FROM '._DB_PREFIX_.'orders');
        $said = get_class($thrown).': '.$thrown->getMessage();
        fwrite(STDOUT, json_encode(['case' => $name] + ($last > $before ? ['id_order' => $last] : []) + ['refused' => $said])."\n");
    }
}
