<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Capture\Event;
use Erpsync\Capture\StockMove;
use Erpsync\Capture\StockRecorder;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class StockRecorderTest extends TestCase
{
    private FakeDatabase $database;

    /** @var list<string> */
    private array $told = [];

    private StockRecorder $stock;

    protected function setUp(): void
    {
        \Context::getContext()->employee = new \Employee(4);
        $this->database = new FakeDatabase();
        $this->stock = new StockRecorder($this->database, function (Event $event): void {
            $this->told[] = $event->subject.' '.(string) json_encode($event->payload);
        });
    }

    protected function tearDown(): void
    {
        \Context::getContext()->employee = null;
    }

    public function testTheTwoHooksOfAChangeMakeOneEventWithRowDeltaAndPerson(): void
    {
        $this->stock->rowWritten(self::row(59, 20, 0, 86), false);
        self::assertSame([], $this->told, 'The delta is still to come');
        $this->stock->told(self::update(20, 0, 86, 1));
        $this->stock->catchUp(INF);

        self::assertSame(
            ['stock:20:0:1 {"delta":1,"after":86,"writer":"cli","row":59,"employee":4}'],
            $this->told
        );
    }

    public function testACombinationAndItsProductAreOneEventEach(): void
    {
        $this->stock->rowWritten(self::row(61, 21, 40, 42), false);
        $this->stock->rowWritten(self::row(60, 21, 0, 92), false);
        $this->stock->told(self::update(21, 0, 92, 3));
        $this->stock->told(self::update(21, 40, 42, 3));
        $this->stock->catchUp(INF);

        self::assertSame([
            'stock:21:0:1 {"delta":3,"after":92,"writer":"cli","row":60,"employee":4}',
            'stock:21:40:1 {"delta":3,"after":42,"writer":"cli","row":61,"employee":4}',
        ], $this->told);
    }

    public function testAChangeWhoseSecondHookNeverComesIsToldWithoutItsDeltaAfterASecond(): void
    {
        \Context::getContext()->employee = null;
        $this->stock->rowWritten(self::row(59, 20, 0, 111), false);
        $this->stock->catchUp(microtime(true) + 0.5);
        self::assertSame([], $this->told);
        $this->stock->catchUp(microtime(true) + 1.5);

        self::assertSame(['stock:20:0:1 {"delta":null,"after":111,"writer":"cli","row":59}'], $this->told);
    }

    public function testItemsOfAPackAreToldBesideThePack(): void
    {
        $this->stock->rowWritten(self::row(67, 23, 0, 96), false);
        $this->stock->rowWritten(self::row(73, 27, 0, 19), false);
        $this->stock->told(self::update(27, 0, 19, -1));
        $this->stock->catchUp(INF);

        self::assertStringStartsWith('stock:27:0:1 {"delta":-1,', $this->told[0]);
        self::assertStringStartsWith('stock:23:0:1 {"delta":null,', $this->told[1]);
    }

    public function testARowOfAGroupOfShopsIsNamedByItsOwnShopAndNotByTheWriters(): void
    {
        $this->stock->rowWritten(self::row(59, 20, 0, 8, 0), false);
        $this->stock->told(self::update(20, 0, 8, -2));

        self::assertStringStartsWith('stock:20:0:0 ', $this->told[0]);
    }

    public function testWhatMovedNothingIsNotTold(): void
    {
        $this->stock->rowWritten(self::row(60, 21, 0, 79), false);
        $this->stock->told(self::update(21, 0, 79, 0));
        $this->stock->told(self::update(22, 0, 5, 0));
        $this->stock->catchUp(INF);

        self::assertSame([], $this->told);
    }

    public function testANewRowMovedByAllThatItHolds(): void
    {
        $this->stock->rowWritten(self::row(70, 30, 0, 25), true);
        $this->stock->told(self::update(30, 0, 25, null));

        self::assertStringStartsWith('stock:30:0:1 {"delta":25,"after":25,', $this->told[0]);
    }

    public function testAWriterWhoTellsOfNoRowIsToldAllTheSame(): void
    {
        $this->stock->told(self::update(20, 0, 86, 1));

        self::assertSame(['stock:20:0:1 {"delta":1,"after":86,"writer":"cli","employee":4}'], $this->told);
    }

    public function testRowsThatGoWithTheirCombinationAreToldOnceTheyAreGone(): void
    {
        $gone = ['id_stock_available' => '63', 'id_product' => '21', 'id_product_attribute' => '42', 'id_shop' => '1', 'quantity' => '9'];
        $stays = ['id_stock_available' => '64', 'id_shop' => '2'] + $gone;
        $this->database->answers = [
            'id_product_attribute = 42' => [$gone, $stays],
            'IN (63, 64)' => [['id' => '63'], ['id' => '64']],
        ];
        $this->stock->rowsLeave(21, 42);
        $this->stock->catchUp(0);
        self::assertSame([], $this->told, 'The row is deleted after the hook');

        $this->database->answers['IN (63, 64)'] = $this->database->answers['IN (64)'] = [['id' => '64']];
        $this->stock->catchUp(0);
        $this->stock->catchUp(INF);
        self::assertSame(
            ['stock:21:42:1 {"delta":-9,"after":0,"writer":"cli","row":63,"employee":4}'],
            $this->told
        );
    }

    public function testALongProcessHoldsAFewRowsOnly(): void
    {
        for ($row = 1; $row <= 500; ++$row) {
            $this->stock->rowWritten(self::row($row, $row, 0, 1), false);
            $this->stock->catchUp(0);
        }

        self::assertCount(300, $this->told);
    }

    private static function row(int $id, int $productId, int $combinationId, int $quantity, int $shopId = 1): \StockAvailable
    {
        $row = new \StockAvailable();
        $row->id = $id;
        $row->id_product = (string) $productId;
        $row->id_product_attribute = (string) $combinationId;
        $row->id_shop = (string) $shopId;
        $row->quantity = $quantity;

        return $row;
    }

    private static function update(int $productId, int $combinationId, int $quantity, ?int $delta): StockMove
    {
        $told = StockMove::told([
            'id_product' => $productId,
            'id_product_attribute' => (string) $combinationId,
            'quantity' => $quantity,
            'delta_quantity' => $delta,
            'id_shop' => '1',
        ], 1);
        self::assertNotNull($told);

        return $told;
    }
}
