<?php

declare(strict_types=1);

use PrestaShop\PrestaShop\Core\Domain\Address\Command\EditOrderAddressCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\AddCartRuleToOrderCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\ChangeOrderCurrencyCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\ChangeOrderDeliveryAddressCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\DeleteCartRuleFromOrderCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Command\UpdateOrderShippingDetailsCommand;
use PrestaShop\PrestaShop\Core\Domain\Order\Payment\Command\AddPaymentCommand;

/**
 * The shop that golden orders are placed in: its catalogue, its people, and what is done to an order afterwards. Made in
 * a back office's process, since most golden orders are worked on there.
 */
final class GoldenShop
{
    /** PrestaShop's PS_ROUND_TYPE. */
    private const ROUNDING = ['item' => 1, 'line' => 2, 'total' => 3];

    /** @var Context */
    private $context;

    /** @var array<string, Currency> */
    private $currencies;

    /** @var array<string, int> */
    private $groups;

    /** @var array<string, array{product: int, combination: int}> */
    private $products = [];

    /** @var list<int> what PS_TAX rules groups are there: none, normal, reduced, added up, compound */
    private $rules;

    /** @var array{collected: int, sent: int} */
    private $carriers;

    public function __construct(Context $context)
    {
        $this->context = $context;
        Configuration::updateGlobalValue('PS_CART_RULE_FEATURE_ACTIVE', '1');
        Configuration::updateGlobalValue('PS_PACK_FEATURE_ACTIVE', '1');
        Configuration::updateGlobalValue('PS_CUSTOMIZATION_FEATURE_ACTIVE', '1');
        Configuration::updateGlobalValue('PS_GIFT_WRAPPING', '1');
        Configuration::updateGlobalValue('PS_GIFT_WRAPPING_PRICE', '2.35');
        Configuration::updateGlobalValue('PS_USE_ECOTAX', '1');
        // The last country knows none of the taxes, as an export does.
        $countries = openCountries(['FR', 'DE', 'ES', 'US']);
        $this->rules = makeAllTaxRules(array_slice($countries, 0, 3));
        Configuration::updateGlobalValue('PS_ECOTAX_TAX_RULES_GROUP_ID', (string) $this->rules[2]);
        Configuration::updateGlobalValue('PS_GIFT_WRAPPING_TAX_RULES_GROUP', (string) $this->rules[1]);
        $this->currencies = [
            'EUR' => $context->currency,
            'USD' => currency('USD', 1.0873, 2),
            'JPY' => currency('JPY', 161.37, 0),
            'KWD' => currency('KWD', 0.33491, 3),
        ];
        $this->carriers = ['collected' => 1, 'sent' => (int) taxCarrier(2, $this->rules[1])->id];
        $this->groups = [
            'public' => $this->group('Golden public', 0, 0),
            'without-tax' => $this->group('Golden without tax', 0, 1),
            'reduced' => $this->group('Golden reduced', 7.5, 0),
            'reduced-without-tax' => $this->group('Golden reduced without tax', 12, 1),
        ];
        $this->makeProducts();
    }

    /** A product of its own, for a case that does something to it. */
    public function newProduct(string $name, float $price): void
    {
        $product = makeProduct(ucfirst($name), 'GOLDEN-'.strtoupper($name), $price, $this->rules[1]);
        $this->products[$name] = ['product' => (int) $product->id, 'combination' => 0];
    }

    public function product(string $name): int
    {
        return $this->products[$name]['product'];
    }

    public function country(string $iso): int
    {
        return (int) Country::getByIso($iso);
    }

    /**
     * Places an order as a customer does, and returns its number; of a cart that is split, the first one's.
     *
     * @param array{
     *     lines?: array<string, int>, currency?: string, rounding?: string, group?: string, country?: string,
     *     vouchers?: list<array<string, mixed>>, gift?: bool, state?: string, guest?: bool, invoiceTo?: array<string, mixed>,
     *     deliverTo?: array<string, mixed>, paidShare?: float, text?: string, ownPrice?: array<string, float>
     * } $wish
     *     lines: pieces by product; deliverTo, invoiceTo: fields of an address; paidShare: of the total that the payment
     *     module says was paid; text: what a customised mug shall say; ownPrice: share off for this customer, by product
     */
    public function place(array $wish = []): int
    {
        $context = $this->context;
        $context->currency = $this->currencies[$wish['currency'] ?? 'EUR'];
        $country = $this->country($wish['country'] ?? 'FR');
        $context->country = new Country($country);
        Configuration::updateGlobalValue('PS_ROUND_TYPE', (string) self::ROUNDING[$wish['rounding'] ?? 'item']);
        $customer = makeCustomer(
            $this->groups[$wish['group'] ?? 'public'],
            'Golden',
            ($wish['guest'] ?? false) ? ['is_guest' => 1] : []
        );
        foreach ($wish['ownPrice'] ?? [] as $name => $share) {
            reducePrice($this->product($name), $share, 1, (int) $customer->id);
        }
        $delivery = makeAddress($customer, $country, $wish['deliverTo'] ?? []);
        $invoice = isset($wish['invoiceTo']) ? makeAddress($customer, $country, $wish['invoiceTo']) : $delivery;
        freshRequest($context);
        $cart = makeCart($context, $customer, $delivery, $invoice, $this->carriers['sent']);
        $cart->gift = $wish['gift'] ?? false;
        foreach ($wish['lines'] ?? ['mug' => 2, 'book' => 1] as $name => $quantity) {
            $cart->updateQty($quantity, $this->product($name), $this->products[$name]['combination']);
        }
        if (isset($wish['text'])) {
            $this->putCustomised($cart, $wish['text']);
        }
        // One option each for a cart that one carrier takes, and one with both for a cart that is split.
        $options = $cart->getDeliveryOptionList(null, true)[(int) $delivery->id];
        $sent = $this->carriers['sent'].',';
        $cart->setDeliveryOption([(int) $delivery->id => isset($options[$sent]) ? $sent : (string) array_key_first($options)]);
        $cart->update();
        foreach ($wish['vouchers'] ?? [] as $n => $fields) {
            $cart->addCartRule(makeVoucher('Golden voucher '.($n + 1), $fields));
        }
        freshRequest($context);

        return $this->order($cart, $customer, $wish['state'] ?? 'wire', $wish['paidShare'] ?? 1.0);
    }

    /** The order that came of the same cart as this one. */
    public function secondOf(int $order): int
    {
        return $this->ordersOf((int) (new Order($order))->id_cart)[1];
    }

    /** @return list<int> the order's lines */
    public function lines(int $order): array
    {
        $rows = Db::getInstance()->executeS(
            'SELECT id_order_detail FROM '._DB_PREFIX_.'order_detail WHERE id_order = '.$order.' ORDER BY id_order_detail'
        );

        return array_map('intval', array_column($rows, 'id_order_detail'));
    }

    /** Opens the page of orders in the back office, as a new request: it begins in the shop's own currency and country. */
    public function desk(): void
    {
        $context = $this->context;
        $context->currency = $this->currencies['EUR'];
        $context->country = new Country((int) Configuration::get('PS_COUNTRY_DEFAULT'));
        $context->cart = null;
        $context->customer = null;
        freshRequest($context);
        page('AdminOrders');
    }

    /** Books a payment by hand; in another currency than the order's, if named. */
    public function pay(int $order, float $amount, ?string $currency = null, ?string $transaction = null): void
    {
        $this->desk();
        $row = new Order($order);
        $invoice = $row->getInvoicesCollection()->getFirst();
        bus(new AddPaymentCommand(
            $order,
            date('Y-m-d H:i:s'),
            'Bank wire',
            sprintf('%.3F', $amount),
            $currency === null ? (int) $row->id_currency : (int) $this->currencies[$currency]->id,
            1,
            $invoice instanceof OrderInvoice ? (int) $invoice->id : null,
            $transaction
        ));
    }

    public function total(int $order): float
    {
        return (float) (new Order($order))->total_paid_tax_incl;
    }

    /** The payment service's own id of the order's first payment. */
    public function transactionOf(int $order): string
    {
        $payment = (new Order($order))->getOrderPaymentCollection()->getFirst();

        return $payment instanceof OrderPayment ? $payment->transaction_id : '';
    }

    /** Changes the carrier, or writes the parcel's number on the order's. */
    public function ship(int $order, string $number, ?string $carrier = null): void
    {
        $this->desk();
        $row = new Order($order);
        $new = $carrier === null ? (int) $row->id_carrier : $this->carriers[$carrier];
        bus(new UpdateOrderShippingDetailsCommand($order, (int) $row->getIdOrderCarrier(), $new, $number));
    }

    /** A second parcel of the order's: PrestaShop has a row for each and no page that adds one. */
    public function secondParcel(int $order, string $number): void
    {
        $row = new Order($order);
        $parcel = new OrderCarrier();
        $parcel->id_order = $order;
        $parcel->id_carrier = (int) $row->id_carrier;
        $parcel->tracking_number = $number;
        $parcel->add();
    }

    public function deliverElsewhere(int $order): void
    {
        $this->desk();
        $customer = new Customer((int) (new Order($order))->id_customer);
        $address = makeAddress($customer, $this->country('DE'), ['city' => 'Berlin', 'postcode' => '10115']);
        bus(new ChangeOrderDeliveryAddressCommand($order, (int) $address->id));
    }

    /** Edits the address on the order's page, which makes a new row of it. */
    public function editAddress(int $order): void
    {
        $this->desk();
        bus((new EditOrderAddressCommand($order, 'delivery_address'))->setAddress('2 rue du Test')->setAddress2('Escalier B'));
    }

    public function addDiscount(int $order, string $type, ?string $value): void
    {
        $this->desk();
        bus(new AddCartRuleToOrderCommand($order, 'Goodwill', $type, $value));
    }

    public function removeDiscounts(int $order): void
    {
        $this->desk();
        foreach ((new Order($order))->getCartRules() as $rule) {
            bus(new DeleteCartRuleFromOrderCommand($order, (int) $rule['id_order_cart_rule']));
        }
    }

    public function changeCurrency(int $order, string $currency): void
    {
        $this->desk();
        bus(new ChangeOrderCurrencyCommand($order, (int) $this->currencies[$currency]->id));
    }

    private function group(string $name, float $reduction, int $withoutTax): int
    {
        return makeGroup($name, $reduction, $withoutTax, array_values($this->carriers));
    }

    private function makeProducts(): void
    {
        [$none, $normal, $reduced, $added, $compound] = $this->rules;
        $catalogue = [
            'mug' => ['Mug', 9.99, $normal, 0.0],
            'poster' => ['Poster', 12.345678, $normal, 0.0],
            'pencil' => ['Pencil', 0.49, $normal, 0.0],
            'book' => ['Book', 18.909953, $reduced, 0.0],
            'magazine' => ['Magazine', 3.99, $reduced, 0.0],
            'stamp' => ['Stamp', 1.16, $none, 0.0],
            'syrup' => ['Syrup', 19.123, $added, 0.0],
            'honey' => ['Honey', 12.345678, $added, 0.0],
            'tea' => ['Tea', 7.77, $compound, 0.0],
            'lamp' => ['Lamp', 29.9, $normal, 0.25],
            'kettle' => ['Kettle', 41.325, $normal, 0.813333],
            'battery' => ['Battery', 4.5, $none, 0.5],
            'bench' => ['Bench', 1249.99, $normal, 0.0],
            'crate' => ['Crate', 104.166667, $normal, 0.0],
        ];
        foreach ($catalogue as $key => [$name, $price, $rules, $ecotax]) {
            $product = makeProduct($name, 'GOLDEN-'.strtoupper($key), $price, $rules, $ecotax);
            $this->products[$key] = ['product' => (int) $product->id, 'combination' => 0];
        }
        reducePrice($this->products['pencil']['product'], 0.15, 10);
        $this->products['shirt'] = $this->fixtureCombination();
        $this->products['gift-box'] = $this->pack(['mug' => 2, 'tea' => 1]);
        $this->products['collected'] = $this->onlyBy('Bulky', 1);
        $this->products['sent'] = $this->onlyBy('Letter', 2);
    }

    /** @return array{product: int, combination: int} the first of the shop's own demonstration products that has any */
    private function fixtureCombination(): array
    {
        $row = Db::getInstance()->getRow(
            'SELECT id_product, id_product_attribute FROM '._DB_PREFIX_.'product_attribute ORDER BY id_product_attribute'
        );

        return ['product' => (int) $row['id_product'], 'combination' => (int) $row['id_product_attribute']];
    }

    /**
     * @param array<string, int> $items pieces by product
     *
     * @return array{product: int, combination: int}
     */
    private function pack(array $items): array
    {
        $product = makeProduct('Gift box', 'GOLDEN-GIFT-BOX', 24.5, $this->rules[1]);
        foreach ($items as $name => $quantity) {
            Pack::addItem((int) $product->id, $this->products[$name]['product'], $quantity);
        }
        $product->product_type = 'pack';
        $product->cache_is_pack = true;
        $product->update();

        return ['product' => (int) $product->id, 'combination' => 0];
    }

    /** @return array{product: int, combination: int} one that only the carrier of this reference takes */
    private function onlyBy(string $name, int $carrierReference): array
    {
        $product = makeProduct($name, 'GOLDEN-'.strtoupper($name), 15.5, $this->rules[1]);
        $product->setCarriers([$carrierReference]);

        return ['product' => (int) $product->id, 'combination' => 0];
    }

    private function order(Cart $cart, Customer $customer, string $state, float $paidShare): int
    {
        $total = (float) $cart->getOrderTotal();
        $payment = $total > 0.0 ? Module::getInstanceByName('ps_wirepayment') : new PaymentFree();
        $payment->validateOrder(
            (int) $cart->id,
            STATES[$state],
            round($total * $paidShare, 2),
            $total > 0.0 ? 'Bank wire' : 'Free order',
            null,
            $state === 'paid' ? ['transaction_id' => 'GOLDEN-'.$cart->id] : [],
            (int) $this->context->currency->id,
            false,
            $customer->secure_key
        );

        return $this->ordersOf((int) $cart->id)[0];
    }

    /** A mug of the shop's demonstration that customers have a text printed on. */
    private function putCustomised(Cart $cart, string $text): void
    {
        $field = Db::getInstance()->getRow(
            'SELECT id_product, id_customization_field FROM '._DB_PREFIX_.'customization_field WHERE type = 1'
        );
        $product = (int) $field['id_product'];
        $index = (int) $field['id_customization_field'];
        $customisation = $cart->addTextFieldToProduct($product, $index, Product::CUSTOMIZE_TEXTFIELD, $text, true);
        $cart->updateQty(2, $product, 0, $customisation);
    }

    /** @return list<int> */
    private function ordersOf(int $cart): array
    {
        $rows = Db::getInstance()->executeS(
            'SELECT id_order FROM '._DB_PREFIX_.'orders WHERE id_cart = '.$cart.' ORDER BY id_order'
        );

        return array_map('intval', array_column($rows, 'id_order'));
    }
}
