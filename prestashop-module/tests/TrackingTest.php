<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\Journal;
use Erpsync\Command\Orders;
use Erpsync\Command\Tracking;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class TrackingTest extends TestCase
{
    private FakeDatabase $database;

    private FakeParcels $parcels;

    private ?int $state = 2;

    protected function setUp(): void
    {
        $this->database = new FakeDatabase();
        $this->database->answers = ['GET_LOCK' => [['got' => '1']]];
        $this->parcels = new FakeParcels();
    }

    public function testTheFirstParcelTakesTheOrdersRowAndEachFurtherOneARowOfItsOwn(): void
    {
        $result = $this->track(['S1' => 'A1', 'S2' => 'B2', 'S3' => 'C3']);

        self::assertSame('done', $result['outcome']);
        self::assertSame([
            ['ref' => 'S1', 'row' => 1],
            ['ref' => 'S2', 'row' => 2],
            ['ref' => 'S3', 'row' => 3],
        ], self::rows($result));
        self::assertSame(['set 1 A1', 'add 2 B2', 'add 3 C3', 'tell'], $this->parcels->story);
    }

    public function testTheSameParcelsAgainChangeNothingAndTellNobody(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'B2']);
        $this->parcels->story = [];

        self::assertSame(['outcome' => 'unchanged'], $this->track(['S1' => 'A1', 'S2' => 'B2']));
        self::assertSame([], $this->parcels->story);
    }

    public function testAnotherNumberOfAKnownParcelChangesItsRow(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'B2']);
        $this->parcels->story = [];
        $this->track(['S1' => 'A1', 'S2' => 'B3']);

        self::assertSame(['set 2 B3', 'tell'], $this->parcels->story);
        self::assertSame([1 => 'A1', 2 => 'B3'], $this->parcels->numbers);
    }

    public function testANumberThatAPersonTypedInAlreadyIsNotDoubled(): void
    {
        $this->parcels->numbers = [1 => '', 5 => 'B2'];

        self::assertSame('done', $this->track(['S1' => 'A1', 'S2' => 'B2'])['outcome']);
        self::assertSame([1 => 'A1', 5 => 'B2'], $this->parcels->numbers);
        self::assertSame(['set 1 A1', 'tell'], $this->parcels->story);

        $this->parcels = new FakeParcels([1 => 'A1']);
        self::assertSame(['outcome' => 'unchanged'], $this->track(['S1' => 'A1']));
    }

    public function testTwoParcelsWithOneNumberHaveARowEach(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'A1']);

        self::assertSame([1 => 'A1', 2 => 'A1'], $this->parcels->numbers);
        self::assertSame(['outcome' => 'unchanged'], $this->track(['S1' => 'A1', 'S2' => 'A1']));
    }

    public function testAParcelThatIsGoneLeavesItsRowToTheNextOneOrWithoutANumber(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'B2', 'S3' => 'C3']);
        $this->track(['S1' => 'A1', 'S4' => 'D4']);

        self::assertSame([1 => 'A1', 2 => 'D4', 3 => ''], $this->parcels->numbers);
    }

    public function testTheNumberThatAPersonWroteOverThatOfAGoneParcelStays(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'B2']);
        $this->parcels->numbers[2] = 'BY-HAND';
        $this->track(['S1' => 'A1']);

        self::assertSame([1 => 'A1', 2 => 'BY-HAND'], $this->parcels->numbers);
    }

    public function testTheNumberOfTheOrdersOwnRowIsTheErpsToChange(): void
    {
        $this->parcels->numbers = [1 => 'TYPO'];
        $this->track(['S1' => 'A1']);

        self::assertSame([1 => 'A1'], $this->parcels->numbers);
    }

    public function testARowThatIsGoneIsMadeAnew(): void
    {
        $this->track(['S1' => 'A1', 'S2' => 'B2']);
        unset($this->parcels->numbers[2]);
        $this->track(['S1' => 'A1', 'S2' => 'B2']);

        self::assertSame([1 => 'A1', 2 => 'B2'], $this->parcels->numbers);
    }

    public function testAnOrderWithoutARowGetsOne(): void
    {
        $this->parcels->numbers = [];
        $this->parcels->ownRow = 0;
        $this->track(['S1' => 'A1']);

        self::assertSame(['add 1 A1', 'tell'], $this->parcels->story);
    }

    public function testReferencesThatLookLikeNumbersAreKeptApart(): void
    {
        $this->track(['1' => 'A1', '01' => 'B2', '10' => 'C3']);

        self::assertSame([1 => 'A1', 2 => 'B2', 3 => 'C3'], $this->parcels->numbers);
        self::assertSame(['outcome' => 'unchanged'], $this->track(['1' => 'A1', '01' => 'B2', '10' => 'C3']));
    }

    public function testWhereverTheProcessDiesEachParcelEndsWithOneRowAndTheListenersAreToldOnce(): void
    {
        for ($writes = 0; $writes < 8; ++$writes) {
            $this->setUp();
            $this->parcels->diesAtWrite = $writes;
            $died = false;

            try {
                $this->track(['S1' => 'A1', 'S2' => 'B2', 'S3' => 'B2']);
            } catch (\RuntimeException $error) {
                $died = true;
            }
            $this->parcels->diesAtWrite = PHP_INT_MAX;
            if ($died) {
                $this->database->answers['SELECT `state`'] = [
                    ['state' => 'started', 'result' => $this->lastNote()],
                ];
            }
            if ($died) {
                $this->track(['S1' => 'A1', 'S2' => 'B2', 'S3' => 'B2']);
            }

            self::assertSame($writes < 7, $died);
            self::assertSame([1 => 'A1', 2 => 'B2', 3 => 'B2'], $this->parcels->numbers, "died at {$writes}");
            // A listener during whose call we die may have told the customer: it is not called twice.
            $told = array_keys($this->parcels->story, 'tell', true);
            self::assertCount($writes === 6 ? 0 : 1, $told, "died at {$writes}");
        }
    }

    public function testWhatCannotBeDoneIsRejectedAndLeavesNoRecord(): void
    {
        self::assertSame('invalid_argument', $this->track(['S 1' => 'A1'])['code'] ?? '');
        self::assertSame('invalid_argument', $this->track(['S1' => ''])['code'] ?? '');
        self::assertSame('invalid_argument', $this->track(['S1' => "A1'"])['code'] ?? '');
        self::assertSame('invalid_argument', $this->track(['S1' => str_repeat('1', 65)])['code'] ?? '');
        self::assertSame('invalid_argument', $this->carryOut(7, 'A1')['code'] ?? '');
        $twice = [['ref' => 'S1', 'tracking' => 'A1'], ['ref' => 'S1', 'tracking' => 'B2']];
        self::assertSame('invalid_argument', $this->carryOut(7, $twice)['code'] ?? '');
        self::assertSame('invalid_argument', $this->carryOut('7', [])['code'] ?? '');
        $this->state = null;
        self::assertSame('unknown_order', $this->track(['S1' => 'A1'])['code'] ?? '');
        self::assertNotContains('INSERT', $this->database->story());
    }

    public function testAFinishedCommandIsAnsweredFromTheRecordAndABusyOrderIsLeftAlone(): void
    {
        $this->database->answers['SELECT `state`'] = [['state' => 'finished', 'result' => '{"outcome":"done"}']];
        self::assertSame('replayed', $this->track(['S1' => 'A1'])['outcome']);
        $this->database->answers = ['GET_LOCK' => [['got' => '0']]];
        self::assertSame('failed', $this->track(['S1' => 'A1'])['code'] ?? '');
        self::assertSame([], $this->parcels->story);
    }

    /**
     * @param array<int|string, string> $parcels
     *
     * @return array<string, mixed>
     */
    private function track(array $parcels): array
    {
        $list = [];
        foreach ($parcels as $ref => $tracking) {
            $list[] = ['ref' => (string) $ref, 'tracking' => $tracking];
        }

        return $this->carryOut(7, $list);
    }

    /**
     * @return array<string, mixed>
     */
    private function carryOut(mixed $order, mixed $parcels): array
    {
        $orders = self::createStub(Orders::class);
        $orders->method('stateOf')->willReturn($this->state);
        $tracking = new Tracking(new Journal($this->database), $orders, $this->parcels);

        return $tracking->carryOut('c', ['order' => $order, 'parcels' => $parcels])->fields();
    }

    /**
     * What the journal holds of the command that was interrupted.
     */
    private function lastNote(): string
    {
        $note = '[]';
        foreach ($this->database->statements as $sql) {
            if (preg_match('/`result` = \'(\{.*?\})\'/', stripslashes($sql), $match) === 1) {
                $note = $match[1];
            }
        }

        return $note;
    }

    /**
     * @param array<string, mixed> $result
     */
    private static function rows(array $result): mixed
    {
        $data = $result['data'] ?? null;

        return is_array($data) ? $data['rows'] ?? null : null;
    }
}
