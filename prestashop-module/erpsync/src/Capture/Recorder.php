<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;
use Erpsync\Settings;
use Erpsync\Stock\ProductLocks;

/**
 * What each hook writes. A hook costs one INSERT and no network call; whatever happens in it, the shop goes on.
 */
final class Recorder
{
    /** @var Database */
    private $database;

    /** @var Outbox */
    private $outbox;

    /** @var LossLog */
    private $losses;

    /** @var Pair */
    private $pair;

    /** @var Checkout */
    private $checkout;

    /** @var Coalescer */
    private $coalescer;

    /** @var StockRecorder */
    private $stock;

    /** @var ProductLocks */
    private $locks;

    /** @var int lines that the order under lock has still to store */
    private $linesToCome = 0;

    /** @var int the order whose row OrderHistory::add is about to update, with nothing but its new status */
    private $statusUpdateOf = 0;

    /** @var bool */
    private $watchesShutdown = false;

    public function __construct(Database $database, LossLog $losses, ProductLocks $locks)
    {
        $this->database = $database;
        $this->losses = $losses;
        $this->outbox = new Outbox($database);
        $this->pair = new Pair($database, $this->outbox, $losses);
        $this->checkout = new Checkout();
        $this->coalescer = new Coalescer();
        $this->locks = $locks;
        $this->stock = new StockRecorder($database, function (Event $event): void {
            $this->write($event);
        });
    }

    /**
     * Runs the body of a hook. An Error thrown in a hook would end the checkout (PrestaShop swallows exceptions
     * only), so everything is caught and counted.
     *
     * @param callable(): void $body
     */
    public function quietly(string $switch, callable $body): void
    {
        try {
            if (Settings::isOn($switch)) {
                $this->watchShutdown();
                $body();
            }
        } catch (QueryFailed $failure) {
            $this->losses->add($failure->cause(), 'hook', $switch);
        } catch (\Throwable $error) {
            $this->losses->add('error_'.get_class($error), 'hook', $switch);
        }
    }

    /**
     * The order's row is stored and its transaction closed; what follows is its stock, line by line. Locks come before
     * transactions everywhere, so none is waited for inside of one of ours.
     */
    public function stockBegins(\Order $order): void
    {
        $this->catchUp();
        $lines = is_array($order->product_list ?? null) ? $order->product_list : [];
        $this->linesToCome = count($lines);
        $this->locks->take((int) $order->id_cart, self::productsOf($lines));
    }

    /**
     * PrestaShop moves the stock of a line and then stores the line, so the stock of the last one is taken.
     */
    public function lineStored(): void
    {
        --$this->linesToCome;
        if ($this->linesToCome === 0) {
            $this->locks->release();
        }
    }

    /**
     * All orders of the cart are stored with all their lines, whatever became of them.
     */
    public function checkoutStands(): void
    {
        $this->catchUp();
        $this->locks->release();
    }

    public function orderBegins(\Order $order): void
    {
        $this->catchUp();
        $this->checkout->begin((int) $order->id_cart);
        $this->pair->begin($order, 'orders', static function () use ($order): Event {
            return Event::orderPlaced((int) $order->id, (int) $order->id_shop);
        });
    }

    public function orderPlaced(\Order $order): void
    {
        $this->checkout->placed((int) $order->id, (string) $order->reference);
        $this->pair->end($order, 'orders', Event::orderPlaced((int) $order->id, (int) $order->id_shop));
    }

    public function statusBegins(\OrderHistory $history): void
    {
        $this->catchUp();
        $this->pair->begin($history, 'order_history', function () use ($history): Event {
            return $this->statusEvent($history);
        });
    }

    public function statusChanged(\OrderHistory $history): void
    {
        $this->pair->end($history, 'order_history', $this->statusEvent($history));
        $this->checkout->finished((int) $history->id_order);
        $this->statusUpdateOf = (int) $history->id_order;
    }

    public function orderChanged(int $orderId, string $cause): void
    {
        $this->catchUp();
        if ($orderId > 0 && !$this->checkout->isOpen($orderId)) {
            $this->writeThinned(Event::orderChanged($orderId, self::shopId(), $cause));
        }
    }

    /**
     * A payment belongs to a reference, which the orders of a split cart share.
     */
    public function paymentChanged(string $reference): void
    {
        $this->catchUp();
        if ($reference === '' || $this->checkout->isReferenceOpen($reference)) {
            return;
        }
        $orders = $this->database->table('orders');
        $sql = "SELECT id_order FROM {$orders} WHERE reference = ".$this->database->quote($reference);
        foreach ($this->database->rows($sql) as $row) {
            $this->orderChanged((int) $row['id_order'], 'payment');
        }
    }

    /**
     * PrestaShop rewrites the whole order row at each update, so what changes is known only by looking before. Not
     * done during checkout, nor for the update that a new status brings with it: these would be reads in every order.
     * The row is written after this hook, so the event waits for the end of the request.
     */
    public function orderUpdateBegins(\Order $order): void
    {
        $this->catchUp();
        $orderId = (int) $order->id;
        $isStatus = $this->statusUpdateOf === $orderId;
        $this->statusUpdateOf = 0;
        if ($isStatus || $this->checkout->isOpen($orderId)) {
            return;
        }
        $orders = $this->database->table('orders');
        $sql = "SELECT id_address_delivery, id_address_invoice FROM {$orders} WHERE id_order = ".$orderId;
        foreach ($this->database->rows($sql) as $row) {
            if ((int) $row['id_address_delivery'] !== (int) $order->id_address_delivery
                || (int) $row['id_address_invoice'] !== (int) $order->id_address_invoice
            ) {
                $this->coalescer->hold(Event::orderChanged($orderId, self::shopId(), 'address'), microtime(true));
            }
        }
    }

    /**
     * A checkout's own movements are told by its order lines.
     *
     * @param array<string, mixed> $params
     */
    public function stockMoved(array $params): void
    {
        $this->catchUp();
        $told = StockMove::told($params, self::shopId());
        if ($told !== null && !$this->checkout->isRunning()) {
            $this->stock->told($told);
        }
    }

    public function stockRowWritten(\StockAvailable $row, bool $isNew): void
    {
        $this->catchUp();
        if (!$this->checkout->isRunning()) {
            $this->stock->rowWritten($row, $isNew);
        }
    }

    public function stockRowDeleted(\StockAvailable $row): void
    {
        $this->catchUp();
        $this->stock->rowDeleted($row);
    }

    /**
     * @param null|int $combinationId null for all rows of the product
     */
    public function stockRowsLeave(int $productId, ?int $combinationId): void
    {
        $this->catchUp();
        $this->stock->rowsLeave($productId, $combinationId);
    }

    public function productChanged(int $productId): void
    {
        $this->catchUp();
        if ($productId > 0) {
            $this->writeThinned(Event::productChanged($productId, self::shopId()));
        }
    }

    public function customerChanged(int $customerId): void
    {
        $this->catchUp();
        if ($customerId > 0) {
            $this->writeThinned(Event::customerChanged($customerId, self::shopId()));
        }
    }

    /**
     * The end of the request: a broken pair is settled and what was held back is written.
     */
    public function finish(): void
    {
        try {
            $this->pair->settle();
            $this->locks->release();
            $this->stock->catchUp(INF);
            foreach ($this->coalescer->release(INF) as $event) {
                $this->write($event);
            }
        } catch (\Throwable $error) {
            $this->losses->add('error_'.get_class($error), 'hook', 'shutdown');
        }
    }

    /**
     * Every hook begins with it, so that a pair whose second half never came holds nothing up for long.
     */
    private function catchUp(): void
    {
        if ($this->pair->settle()) {
            $this->checkout->orderFailed();
        }
        $this->locks->releaseOverdue();
        $now = microtime(true);
        $this->stock->catchUp($now);
        foreach ($this->coalescer->release($now) as $event) {
            $this->write($event);
        }
    }

    private function watchShutdown(): void
    {
        if (!$this->watchesShutdown) {
            $this->watchesShutdown = true;
            register_shutdown_function([$this, 'finish']);
        }
    }

    private function writeThinned(Event $event): void
    {
        if ($this->coalescer->admit($event, microtime(true))) {
            $this->write($event);
        }
    }

    private function write(Event $event): void
    {
        try {
            $this->outbox->write($event);
        } catch (QueryFailed $failure) {
            $this->losses->add($failure->cause(), $event->type, $event->subject);
        }
    }

    private function statusEvent(\OrderHistory $history): Event
    {
        return Event::orderStatusChanged(
            (int) $history->id_order,
            self::shopId(),
            (int) $history->id_order_state,
            (int) $history->id
        );
    }

    /**
     * @param array<mixed> $lines
     *
     * @return list<int>
     */
    private static function productsOf(array $lines): array
    {
        $ids = [];
        foreach ($lines as $line) {
            $id = is_array($line) ? ($line['id_product'] ?? null) : null;
            if (is_numeric($id)) {
                $ids[] = (int) $id;
            }
        }

        return $ids;
    }

    private static function shopId(): int
    {
        return (int) \Context::getContext()->shop->id;
    }
}
