<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\InvoiceNote;
use Erpsync\Command\InvoiceNumber;
use Erpsync\Command\Invoices;
use Erpsync\Command\Journal;
use Erpsync\Command\Orders;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class InvoiceNumberTest extends TestCase implements Invoices
{
    private FakeDatabase $database;

    private ?string $note = '';

    private int $writes = 0;

    private ?int $state = 2;

    protected function setUp(): void
    {
        $this->database = new FakeDatabase();
        $this->database->answers = ['GET_LOCK' => [['got' => '1']]];
    }

    public function newestOf(int $orderId): ?array
    {
        return $this->note === null ? null : ['id' => 12, 'note' => $this->note];
    }

    public function setNote(int $invoiceId, string $note): void
    {
        self::assertSame(12, $invoiceId);
        $this->note = $note;
        ++$this->writes;
    }

    public function testTheNumberStandsInTheNoteOnceBesideWhatPeopleWrote(): void
    {
        $this->note = "Please pay within 14 days.\r\n";

        self::assertSame(['outcome' => 'done', 'data' => ['invoice' => 12]], $this->number('INV-1'));
        self::assertSame("Please pay within 14 days.\nERP invoice: INV-1", $this->note);
        self::assertSame(['outcome' => 'unchanged'], $this->number('INV-1'));
        self::assertSame(1, $this->writes);
    }

    public function testAnotherNumberTakesThePlaceOfTheOldOneAndLeavesTheRest(): void
    {
        self::assertSame("a\r\nERP invoice: 2\r\nb", InvoiceNote::with("a\r\nERP invoice: 1\r\nb", '2'));
        self::assertSame('ERP invoice: $1\0', InvoiceNote::with('ERP invoice: 1', '$1\0'));
        self::assertSame("ask for\nERP invoice: R&amp;D 1", InvoiceNote::with('ask for', 'R&D 1'));
        self::assertSame('ERP invoice: R&amp;D 1', InvoiceNote::with('ERP invoice: R&amp;D 1', 'R&D 1'));
    }

    public function testAnInvoiceThatIsNotThereYetIsNoRecordSoThatTheCommandMayComeAgain(): void
    {
        $this->note = null;

        self::assertSame('no_invoice', $this->number('INV-1')['code'] ?? '');
        self::assertNotContains('INSERT', $this->database->story());
        $this->note = '';
        self::assertSame('done', $this->number('INV-1')['outcome']);
    }

    public function testAnInterruptedCommandComparesTheNote(): void
    {
        $this->database->answers['SELECT `state`'] = [['state' => 'started', 'result' => '[]']];
        $this->note = 'ERP invoice: INV-1';

        self::assertSame(['outcome' => 'unchanged'], $this->number('INV-1'));
        self::assertSame(0, $this->writes);
    }

    public function testWhatCannotBeDoneIsRejectedAndLeavesNoRecord(): void
    {
        foreach (['', ' 1', '1 ', "1\n2", "1\u{2028}2", str_repeat('1', 65), "\xff", 7] as $number) {
            self::assertSame('invalid_argument', $this->number($number)['code'] ?? '');
        }
        $this->state = null;
        self::assertSame('unknown_order', $this->number('INV-1')['code'] ?? '');
        self::assertNotContains('INSERT', $this->database->story());
    }

    public function testAFinishedCommandIsAnsweredFromTheRecordAndABusyOrderIsLeftAlone(): void
    {
        $this->database->answers['SELECT `state`'] = [['state' => 'finished', 'result' => '{"outcome":"done"}']];
        self::assertSame('replayed', $this->number('INV-1')['outcome']);
        $this->database->answers = ['GET_LOCK' => [['got' => '0']]];
        self::assertSame('failed', $this->number('INV-1')['code'] ?? '');
        self::assertSame(0, $this->writes);
    }

    /**
     * @return array<string, mixed>
     */
    private function number(mixed $number): array
    {
        $orders = self::createStub(Orders::class);
        $orders->method('stateOf')->willReturn($this->state);
        $command = new InvoiceNumber(new Journal($this->database), $orders, $this);

        return $command->carryOut('c', ['order' => 7, 'number' => $number])->fields();
    }
}
