<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Capture\LossLog;
use Erpsync\Capture\Recorder;
use Erpsync\Settings;
use Erpsync\Stock\ProductLocks;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class RecorderTest extends TestCase
{
    private FakeDatabase $database;

    private LossLog $losses;

    private Recorder $recorder;

    private string $file;

    protected function setUp(): void
    {
        \Configuration::$values = [Settings::CAPTURE_ORDERS => '1', Settings::CAPTURE_STOCK => '1'];
        $this->file = (string) tempnam(sys_get_temp_dir(), 'erpsync');
        $this->database = new FakeDatabase();
        $this->database->answers = ['GET_LOCK' => [['got' => 2]]];
        $this->losses = new LossLog([$this->file]);
        $locks = new ProductLocks($this->database, $this->losses);
        $this->recorder = new Recorder($this->database, $this->losses, $locks);
    }

    protected function tearDown(): void
    {
        unlink($this->file);
    }

    public function testAnOrderAndItsEventShareOneTransaction(): void
    {
        $this->place(self::order(), 7);

        self::assertSame(['START', 'EVENT order.placed', 'COMMIT'], $this->database->story());
        self::assertFalse($this->database->open);
    }

    public function testAStatusAndItsEventShareOneTransaction(): void
    {
        $history = self::history(7, 3);
        $this->recorder->statusBegins($history);
        $history->id = 31;
        $this->recorder->statusChanged($history);

        self::assertSame(['START', 'EVENT order.status_changed', 'COMMIT'], $this->database->story());
        self::assertStringContainsString(
            addslashes('{"id_order_state":3,"id_order_history":31}'),
            $this->database->statements[1]
        );
    }

    public function testATransactionThatSomebodyElseOpenedIsLeftOpen(): void
    {
        $this->database->open = true;
        $this->place(self::order(), 7);

        self::assertSame(['EVENT order.placed'], $this->database->story());
        self::assertTrue($this->database->open);
    }

    public function testAnOrderWhoseInsertThrewIsCommittedByTheNextHookSoThatLaterWritesStay(): void
    {
        $this->recorder->orderBegins(self::order());
        $this->recorder->customerChanged(5);

        self::assertSame(['START', 'COMMIT', 'EVENT customer.changed'], $this->database->story());
    }

    public function testAPairBrokenAfterItsInsertStillGetsItsEventWhenTheRequestEnds(): void
    {
        $order = self::order();
        $this->recorder->orderBegins($order);
        $order->id = 7;
        $this->recorder->finish();

        self::assertSame(['START', 'EVENT order.placed', 'COMMIT'], $this->database->story());
        self::assertStringContainsString('SELECT', $this->database->statements[1], 'It looks for the row itself');
        self::assertStringContainsString('`ps_orders` WHERE `id_order` = 7', $this->database->statements[1]);
    }

    public function testASecondHalfThatComesAfterThePairWasSettledWritesNoSecondEvent(): void
    {
        $order = self::order();
        $this->recorder->orderBegins($order);
        $order->id = 7;
        $this->recorder->customerChanged(5);
        $this->recorder->orderPlaced($order);

        self::assertSame(1, count(array_keys($this->database->story(), 'EVENT order.placed', true)));
    }

    public function testAMissingTableCostsTheEventAndNotTheOrder(): void
    {
        $this->database->failures = ['erpsync_outbox' => 1146];
        $this->place(self::order(), 7);

        self::assertSame(['START', 'EVENT order.placed', 'DO', 'COMMIT'], $this->database->story());
        self::assertSame(['table_missing' => 1], $this->losses->summary()['byCause']);
    }

    public function testAnOrderThatADeadlockRolledBackIsWrittenAgain(): void
    {
        $this->database->failures = ['erpsync_outbox' => 1213];
        $this->place(self::order(), 7);

        self::assertSame(['orders'], $this->database->inserted);
        self::assertSame(['deadlock' => 1], $this->losses->summary()['byCause']);
    }

    public function testAnOrderIsWrittenAgainWhereTheServerRefusesItsCommit(): void
    {
        $this->database->failures = ['COMMIT' => 1213];
        $this->place(self::order(), 7);

        self::assertSame(['orders'], $this->database->inserted);
        self::assertSame(0, $this->losses->summary()['count']);
    }

    public function testAnOrderThatAnotherModuleCommittedEarlyIsNotWrittenTwice(): void
    {
        $order = self::order();
        $this->recorder->orderBegins($order);
        $order->id = 7;
        $this->database->open = false;
        $this->database->answers = ['SELECT 1 FROM `ps_orders`' => [['n' => 1]]];
        $this->recorder->orderPlaced($order);

        self::assertSame([], $this->database->inserted);
    }

    public function testNothingIsToldOfLinesAndStockWhileTheOrderIsStillBeingPlaced(): void
    {
        $this->place(self::order(), 7);
        $this->recorder->orderChanged(7, 'line');
        $this->recorder->paymentChanged('ABC');
        $this->recorder->stockMoved(['id_product' => 1, 'quantity' => 5]);

        self::assertSame(['START', 'EVENT order.placed', 'COMMIT'], $this->database->story());
    }

    public function testLinesAndStockAreToldOnceTheOrderHasItsStatus(): void
    {
        $this->placeWhole(self::order(), 7);
        $this->database->statements = [];
        $this->recorder->orderChanged(7, 'line');
        $this->recorder->stockMoved(['id_product' => '1', 'quantity' => '5', 'delta_quantity' => '-2']);

        self::assertSame(['EVENT order.changed', 'EVENT stock.moved'], $this->database->story());
        self::assertStringContainsString(
            addslashes('{"delta":-2,"after":5,"writer":"cli"}'),
            implode(' ', $this->database->statements)
        );
    }

    public function testASplitCartKeepsItsOtherOrdersQuiet(): void
    {
        $first = self::order();
        $second = self::order();
        $this->place($first, 7);
        $this->place($second, 8);
        $this->giveStatus(7, 31);
        $this->database->statements = [];
        $this->recorder->orderChanged(8, 'carrier');
        $this->recorder->stockMoved(['id_product' => 1, 'quantity' => 5]);

        self::assertSame([], $this->database->story());
    }

    public function testATornOrderDoesNotSilenceTheNextCart(): void
    {
        $this->place(self::order(), 7);
        $next = self::order();
        $next->id_cart = 99;
        $this->placeWhole($next, 8);
        $this->database->statements = [];
        $this->recorder->stockMoved(['id_product' => 1, 'quantity' => 5]);

        self::assertSame(['EVENT stock.moved'], $this->database->story());
    }

    public function testManyLinesOfOneEditMakeOneEventAtOnceAndOneAtTheEnd(): void
    {
        for ($line = 0; $line < 5; ++$line) {
            $this->recorder->orderChanged(7, 'line');
        }
        self::assertSame(['EVENT order.changed'], $this->database->story());

        $this->recorder->finish();
        self::assertSame(['EVENT order.changed', 'EVENT order.changed'], $this->database->story());
    }

    public function testAChangedAddressIsToldAndAnUpdateWithoutOneIsNot(): void
    {
        $this->database->answers = ['id_address_delivery' => [['id_address_delivery' => '4', 'id_address_invoice' => '4']]];
        $order = self::order();
        $order->id = 7;
        $order->id_address_delivery = 4;
        $order->id_address_invoice = 4;
        $this->recorder->orderUpdateBegins($order);
        $order->id_address_invoice = 5;
        $this->recorder->orderUpdateBegins($order);
        self::assertSame(['SELECT', 'SELECT'], $this->database->story(), 'The row is not written yet');

        $this->recorder->finish();
        self::assertSame(['SELECT', 'SELECT', 'EVENT order.changed'], $this->database->story());
    }

    public function testTheUpdateThatANewStatusBringsIsNotReadAgain(): void
    {
        $order = self::order();
        $this->placeWhole($order, 7);
        $this->database->statements = [];
        $this->recorder->orderUpdateBegins($order);

        self::assertSame([], $this->database->statements);
    }

    public function testAPaymentIsToldToEveryOrderOfItsReference(): void
    {
        $this->database->answers = ['reference' => [['id_order' => 7], ['id_order' => 8]]];
        $this->recorder->paymentChanged("AB'C");

        self::assertSame(['SELECT', 'EVENT order.changed', 'EVENT order.changed'], $this->database->story());
        self::assertStringContainsString("'AB\\'C'", $this->database->statements[0]);
    }

    public function testAnOrdersLocksComeAfterItsTransactionAndGoWithItsLastLine(): void
    {
        $this->placeUnderLock(self::order());
        self::assertSame(['START', 'EVENT order.placed', 'COMMIT', 'SELECT'], $this->database->story());
        self::assertStringContainsString('stock.9', $this->database->statements[3]);
        $this->recorder->lineStored();
        self::assertCount(4, $this->database->statements, 'Another line is to come');
        $this->recorder->lineStored();
        $this->recorder->checkoutStands();

        self::assertSame('DO', $this->database->story()[4] ?? '');
        self::assertCount(5, $this->database->statements, 'Freed once');
    }

    public function testAnOrderThatStoresFewerLinesFreesItsLocksWhenItStands(): void
    {
        $this->placeUnderLock(self::order());
        $this->recorder->lineStored();
        $this->recorder->checkoutStands();

        self::assertSame('DO', $this->database->story()[4] ?? '');
    }

    public function testALockIsNotWaitedForInAnOpenTransactionOfOurs(): void
    {
        $this->recorder->orderBegins(self::order());
        $this->recorder->stockBegins(self::order());

        self::assertSame(['START', 'COMMIT', 'SELECT'], $this->database->story());
    }

    public function testTheEndOfTheRequestFreesTheLocks(): void
    {
        $this->recorder->stockBegins(self::order());
        $this->recorder->finish();

        self::assertSame(['SELECT', 'DO'], $this->database->story());
    }

    public function testACheckoutTellsNothingOfTheRowsThatItWrites(): void
    {
        $this->place(self::order(), 7);
        $this->database->statements = [];
        $this->recorder->stockRowWritten(new \StockAvailable(), false);
        $this->recorder->finish();

        self::assertSame([], $this->database->story());
    }

    public function testASwitchThatIsOffLeavesTheDatabaseAlone(): void
    {
        \Configuration::$values[Settings::CAPTURE_ORDERS] = '0';
        $this->recorder->quietly(Settings::CAPTURE_ORDERS, function (): void {
            $this->recorder->orderBegins(self::order());
        });

        self::assertSame([], $this->database->statements);
    }

    public function testAnErrorInAHookIsCountedAndGoesNoFurther(): void
    {
        $this->recorder->quietly(Settings::CAPTURE_ORDERS, static function (): void {
            throw new \TypeError('a fault of ours');
        });

        self::assertSame(['error_TypeError' => 1], $this->losses->summary()['byCause']);
    }

    private static function order(): \Order
    {
        $order = new \Order();
        $order->id_cart = 1;
        $order->reference = 'ABC';
        $order->product_list = [['id_product' => '9'], ['id_product' => 8]];

        return $order;
    }

    private static function history(int $orderId, int $stateId): \OrderHistory
    {
        $history = new \OrderHistory();
        $history->id_order = $orderId;
        $history->id_order_state = $stateId;

        return $history;
    }

    private function place(\Order $order, int $id): void
    {
        $this->recorder->orderBegins($order);
        $order->id = $id;
        $this->recorder->orderPlaced($order);
    }

    private function placeUnderLock(\Order $order): void
    {
        $this->place($order, 7);
        $this->recorder->stockBegins($order);
    }

    private function giveStatus(int $orderId, int $historyId): void
    {
        $history = self::history($orderId, 3);
        $this->recorder->statusBegins($history);
        $history->id = $historyId;
        $this->recorder->statusChanged($history);
    }

    private function placeWhole(\Order $order, int $id): void
    {
        $this->place($order, $id);
        $this->giveStatus($id, 31);
    }
}
