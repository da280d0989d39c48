<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;

/**
 * The order's rows in `order_carrier` through PrestaShop's own class, so that hooks run; and our own note of which parcel
 * has which row, without which a changed number would become a second parcel.
 */
final class ShopParcels implements Parcels
{
    /** @var Database */
    private $database;

    /** @var OrderContext */
    private $context;

    public function __construct(Database $database, OrderContext $context)
    {
        $this->database = $database;
        $this->context = $context;
    }

    public function numbersOf(int $orderId): array
    {
        $carriers = $this->database->table('order_carrier');
        $numbers = [];
        foreach ($this->database->rows(
            "SELECT id_order_carrier AS id, tracking_number AS n FROM {$carriers} WHERE id_order = {$orderId}"
            .' ORDER BY id_order_carrier'
        ) as $row) {
            $numbers[(int) ($row['id'] ?? 0)] = (string) ($row['n'] ?? '');
        }

        return $numbers;
    }

    public function ownRowOf(int $orderId): int
    {
        return (int) (new \Order($orderId))->getIdOrderCarrier();
    }

    public function rememberedOf(int $orderId): array
    {
        return array_map(static function (array $row): array {
            return [
                'ref' => (string) ($row['ref'] ?? ''),
                'row' => (int) ($row['id'] ?? 0),
                'tracking' => (string) ($row['n'] ?? ''),
            ];
        }, $this->database->rows(
            'SELECT ref, id_order_carrier AS id, tracking_number AS n FROM '.$this->database->table('erpsync_parcel')
            ." WHERE id_order = {$orderId} ORDER BY ref"
        ));
    }

    public function remember(int $orderId, string $ref, int $row, string $tracking): void
    {
        $this->database->execute(
            'REPLACE INTO '.$this->database->table('erpsync_parcel')
            ." (id_order, ref, id_order_carrier, tracking_number) VALUES ({$orderId}, ".$this->database->quote($ref)
            .", {$row}, ".$this->database->quote($tracking).')'
        );
    }

    public function forget(int $orderId, string $ref): void
    {
        $this->database->execute(
            'DELETE FROM '.$this->database->table('erpsync_parcel')
            ." WHERE id_order = {$orderId} AND ref = ".$this->database->quote($ref)
        );
    }

    public function setNumber(int $row, string $tracking): void
    {
        $carrier = new \OrderCarrier($row);
        $carrier->setFieldsToUpdate(['tracking_number' => true]);
        $carrier->tracking_number = $tracking;
        if ($carrier->update() !== true) {
            throw new \RuntimeException('The tracking number was not written');
        }
    }

    public function addRow(int $orderId, int $ownRow, string $tracking): int
    {
        $own = $ownRow > 0 ? new \OrderCarrier($ownRow) : null;
        $carrier = new \OrderCarrier();
        $carrier->id_order = $orderId;
        $carrier->id_carrier = (int) ($own === null ? (new \Order($orderId))->id_carrier : $own->id_carrier);
        $carrier->id_order_invoice = (int) ($own === null ? 0 : $own->id_order_invoice);
        $carrier->weight = 0.0;
        $carrier->shipping_cost_tax_excl = 0.0;
        $carrier->shipping_cost_tax_incl = 0.0;
        $carrier->tracking_number = $tracking;
        if ($carrier->add() !== true || (int) $carrier->id < 1) {
            throw new \RuntimeException('The row of the parcel was not added');
        }

        return (int) $carrier->id;
    }

    /**
     * The arguments are those of UpdateOrderShippingDetailsHandler, PrestaShop 8.2.1; before 8.0 the order has the number
     * itself, too, and it is kept as that handler kept it.
     */
    public function tell(int $orderId): void
    {
        $order = new \Order($orderId);
        $this->context->enter($order);
        $this->context->inLanguageOf($order, static function () use ($order): void {
            if (property_exists($order, 'shipping_number')) {
                $order->shipping_number = $order->getWsShippingNumber();
                $order->update();
            }
            \Hook::exec('actionAdminOrdersTrackingNumberUpdate', [
                'order' => $order,
                'customer' => new \Customer((int) $order->id_customer),
                'carrier' => new \Carrier((int) $order->id_carrier, (int) $order->id_lang),
            ], null, false, true, false, (int) $order->id_shop);
        });
    }
}
