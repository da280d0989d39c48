<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\Executor;
use Erpsync\Command\Invoices;
use Erpsync\Command\Journal;
use Erpsync\Command\Orders;
use Erpsync\Command\Parcels;
use Erpsync\Command\Stock;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class ExecutorTest extends TestCase implements Orders
{
    private FakeDatabase $database;

    private ?int $state = 2;

    private bool $given = false;

    private bool $movesStock = false;

    private bool $throws = false;

    /** @var list<string> */
    private array $set = [];

    protected function setUp(): void
    {
        $this->database = new FakeDatabase();
        $this->database->answers = ['GET_LOCK' => [['got' => '1']]];
    }

    public function stateOf(int $orderId): ?int
    {
        return $this->state;
    }

    public function hasState(int $stateId): bool
    {
        return $stateId < 100;
    }

    public function lastHistoryId(int $orderId): int
    {
        return 40;
    }

    public function wasGivenSince(int $orderId, int $stateId, int $historyId): bool
    {
        self::assertSame(40, $historyId);

        return $this->given;
    }

    public function movesStock(int $fromStateId, int $toStateId): bool
    {
        return $this->movesStock;
    }

    public function setState(int $orderId, int $stateId): array
    {
        if ($this->throws) {
            throw new \RuntimeException('customer@example.test could not be mailed');
        }
        $this->set[] = $orderId.'>'.$stateId;

        return ['history' => 41];
    }

    public function testAStatusIsSetOnceAndRecordedBeforeAndAfter(): void
    {
        $result = $this->setStatus(3);

        self::assertSame(['id' => 'c', 'outcome' => 'done', 'data' => ['history' => 41]], $result);
        self::assertSame(['7>3'], $this->set);
        self::assertSame(['SELECT', 'SELECT', 'INSERT', 'UPDATE', 'SELECT'], $this->database->story());
    }

    public function testAnOrderThatHasTheStatusIsLeftAlone(): void
    {
        self::assertSame('unchanged', $this->setStatus(2)['outcome']);
        self::assertSame([], $this->set);
    }

    public function testAFinishedCommandAnswersWithItsStoredResult(): void
    {
        $this->found('finished', '{"outcome":"done"}');

        self::assertSame(['id' => 'c', 'outcome' => 'replayed', 'data' => ['outcome' => 'done']], $this->setStatus(3));
        self::assertSame([], $this->set);
    }

    public function testACommandInterruptedAfterItsHistoryRowIsNotRepeatedSoThatNoMailGoesTwice(): void
    {
        $this->found('started', '{"history":40}');
        $this->given = true;

        self::assertSame('done', $this->setStatus(3)['outcome']);
        self::assertSame([], $this->set);
    }

    public function testACommandInterruptedBeforeItsHistoryRowIsCarriedOut(): void
    {
        $this->found('started', '{"history":40}');

        self::assertSame('done', $this->setStatus(3)['outcome']);
        self::assertSame(['7>3'], $this->set);
    }

    public function testACommandInterruptedWhileStockMayHaveMovedIsLeftToAPerson(): void
    {
        $this->found('started', '{"history":40}');
        $this->movesStock = true;

        self::assertSame('failed', $this->setStatus(6)['code']);
        self::assertSame([], $this->set);
    }

    public function testWhatCannotBeDoneIsRejectedAndLeavesNoRecord(): void
    {
        self::assertSame('unknown_state', $this->setStatus(100)['code']);
        $this->state = null;
        self::assertSame('unknown_order', $this->setStatus(3)['code']);
        self::assertSame('invalid_argument', $this->setStatus('3')['code']);
        self::assertSame('unknown_command', $this->carryOut([['id' => 'c', 'type' => 'x', 'arguments' => []]])[0]['code']);
        self::assertNotContains('INSERT', $this->database->story());
    }

    public function testAnOrderThatAnotherRequestWorksOnIsNotTouched(): void
    {
        $this->database->answers = ['GET_LOCK' => [['got' => '0']]];

        self::assertSame('failed', $this->setStatus(3)['code']);
        self::assertSame([], $this->set);
    }

    public function testAnErrorFailsItsOwnCommandOnlyAndTellsNothingPersonal(): void
    {
        $this->throws = true;
        $results = $this->carryOut([self::command(3), ['id' => 'd', 'type' => 'shop.describe', 'arguments' => []]]);

        self::assertSame('failed', $results[0]['code']);
        self::assertSame('RuntimeException', $results[0]['reason']);
        self::assertSame(['id' => 'd', 'outcome' => 'done', 'data' => ['module' => '1']], $results[1]);
        self::assertNotContains('UPDATE', $this->database->story(), 'It stays started');
    }

    /**
     * @return array{id: string, type: string, arguments: array<string, mixed>}
     */
    private static function command(int|string $state): array
    {
        return ['id' => 'c', 'type' => 'order.set_status', 'arguments' => ['order' => 7, 'state' => $state]];
    }

    private function found(string $state, string $note): void
    {
        $this->database->answers['SELECT `state`'] = [['state' => $state, 'result' => $note]];
    }

    /**
     * @return array<string, mixed>
     */
    private function setStatus(int|string $state): array
    {
        return $this->carryOut([self::command($state)])[0] ?? [];
    }

    /**
     * @param list<array{id: string, type: string, arguments: array<mixed>}> $commands
     *
     * @return list<array<string, mixed>>
     */
    private function carryOut(array $commands): array
    {
        $describe = static fn (): array => ['module' => '1'];

        return (new Executor(
            new Journal($this->database),
            $this,
            self::createStub(Parcels::class),
            self::createStub(Invoices::class),
            self::createStub(Stock::class),
            $describe
        ))->execute($commands);
    }
}
