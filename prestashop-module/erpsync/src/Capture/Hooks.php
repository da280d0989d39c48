<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Command\Announcement;
use Erpsync\Settings;
use Erpsync\ShopDatabase;
use Erpsync\Stock\ProductLocks;

/**
 * The hooks that record what happens, one short method each; the shop calls them by these names.
 */
trait Hooks
{
    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderAddBefore(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Order) {
                $recorder->orderBegins($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderAddAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Order) {
                $recorder->orderPlaced($object);
            }
        });
        $this->record(Settings::LOCK_CHECKOUT, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Order) {
                $recorder->stockBegins($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionValidateOrder(array $params): void
    {
        $this->record(Settings::LOCK_CHECKOUT, static function (Recorder $recorder): void {
            $recorder->checkoutStands();
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderHistoryAddBefore(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \OrderHistory) {
                $recorder->statusBegins($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderHistoryAddAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \OrderHistory) {
                $recorder->statusChanged($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderUpdateBefore(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Order) {
                $recorder->orderUpdateBegins($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderDetailAddAfter(array $params): void
    {
        $this->record(Settings::LOCK_CHECKOUT, static function (Recorder $recorder): void {
            $recorder->lineStored();
        });
        $this->recordOrderPart($params, 'line');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderDetailUpdateAfter(array $params): void
    {
        $this->recordOrderPart($params, 'line');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderDetailDeleteAfter(array $params): void
    {
        $this->recordOrderPart($params, 'line');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderCarrierAddAfter(array $params): void
    {
        $this->recordOrderPart($params, 'carrier');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderCarrierUpdateAfter(array $params): void
    {
        $this->recordOrderPart($params, 'carrier');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderSlipAddAfter(array $params): void
    {
        $this->recordOrderPart($params, 'slip');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderSlipUpdateAfter(array $params): void
    {
        $this->recordOrderPart($params, 'slip');
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderPaymentAddAfter(array $params): void
    {
        $this->recordPayment($params);
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderPaymentUpdateAfter(array $params): void
    {
        $this->recordPayment($params);
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectOrderPaymentDeleteAfter(array $params): void
    {
        $this->recordPayment($params);
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectCustomerUpdateAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Customer) {
                $recorder->customerChanged((int) $object->id);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectAddressUpdateAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Address) {
                $recorder->customerChanged((int) $object->id_customer);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionUpdateQuantity(array $params): void
    {
        $this->record(Settings::CAPTURE_STOCK, static function (Recorder $recorder) use ($params): void {
            // Our own announcement moves nothing.
            if (!isset($params[Announcement::MARK])) {
                $recorder->stockMoved($params);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectStockAvailableAddAfter(array $params): void
    {
        $this->recordStockRow($params, true);
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectStockAvailableUpdateAfter(array $params): void
    {
        $this->recordStockRow($params, false);
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectStockAvailableDeleteAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_STOCK, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \StockAvailable) {
                $recorder->stockRowDeleted($object);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectCombinationDeleteAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_STOCK, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Combination) {
                $recorder->stockRowsLeave((int) $object->id_product, (int) $object->id);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionObjectProductDeleteAfter(array $params): void
    {
        $this->record(Settings::CAPTURE_STOCK, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \Product) {
                $recorder->stockRowsLeave((int) $object->id, null);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    public function hookActionProductUpdate(array $params): void
    {
        $this->record(Settings::CAPTURE_PRODUCTS, static function (Recorder $recorder) use ($params): void {
            $id = $params['id_product'] ?? null;
            $recorder->productChanged(is_numeric($id) ? (int) $id : 0);
        });
    }

    /**
     * @param array<string, mixed> $customer
     */
    private function recordErasure(array $customer): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($customer): void {
            $id = $customer['id'] ?? $customer['id_customer'] ?? null;
            $recorder->customerChanged(is_numeric($id) ? (int) $id : 0);
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    private function recordOrderPart(array $params, string $cause): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params, $cause): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \OrderDetail || $object instanceof \OrderCarrier || $object instanceof \OrderSlip) {
                $recorder->orderChanged((int) $object->id_order, $cause);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    private function recordStockRow(array $params, bool $isNew): void
    {
        $this->record(Settings::CAPTURE_STOCK, static function (Recorder $recorder) use ($params, $isNew): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \StockAvailable) {
                $recorder->stockRowWritten($object, $isNew);
            }
        });
    }

    /**
     * @param array<string, mixed> $params
     */
    private function recordPayment(array $params): void
    {
        $this->record(Settings::CAPTURE_ORDERS, static function (Recorder $recorder) use ($params): void {
            $object = $params['object'] ?? null;
            if ($object instanceof \OrderPayment) {
                $recorder->paymentChanged((string) $object->order_reference);
            }
        });
    }

    /**
     * @param callable(Recorder): void $body
     */
    private function record(string $switch, callable $body): void
    {
        try {
            $recorder = self::recorder();
            $recorder->quietly($switch, static function () use ($recorder, $body): void {
                $body($recorder);
            });
        } catch (\Throwable $error) {
            // Reached only where the module's own files are missing, as in the middle of an upload.
            error_log('erpsync: '.get_class($error).' in a hook');
        }
    }

    /**
     * One recorder for the process: the shop may make several instances of a module, and a pair spans two hooks.
     */
    private static function recorder(): Recorder
    {
        static $recorder = null;
        if (!$recorder instanceof Recorder) {
            $database = new ShopDatabase(\Db::getInstance());
            $locks = new ProductLocks($database, LossLog::ofUnlockedCheckouts(_PS_ROOT_DIR_));
            $recorder = new Recorder($database, LossLog::ofShop(_PS_ROOT_DIR_), $locks);
        }

        return $recorder;
    }
}
