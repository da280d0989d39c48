<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Capture\Event;
use Erpsync\Capture\Outbox;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class OutboxTest extends TestCase
{
    public function testARowCarriesIdTypeVersionSubjectShopTimeAndTrace(): void
    {
        $database = new FakeDatabase();
        (new Outbox($database))->write(Event::orderPlaced(7, 2));

        self::assertMatchesRegularExpression(
            "/VALUES \\('[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', 'order.placed', 1, 'order:7', 2, "
            ."UTC_TIMESTAMP\\(6\\), '00-[0-9a-f]{32}-[0-9a-f]{16}-01', NULL\\)/",
            $database->statements[0]
        );
    }

    public function testRowsOfOneRequestShareATraceAndNoId(): void
    {
        $database = new FakeDatabase();
        $outbox = new Outbox($database);
        $traces = [];
        $ids = [];
        for ($row = 0; $row < 50; ++$row) {
            $outbox->write(Event::productChanged($row, 1));
            preg_match("/VALUES \\('([^']+)'.*'00-([0-9a-f]{32})-/", $database->statements[$row], $match);
            $ids[] = $match[1] ?? '';
            $traces[] = $match[2] ?? '';
        }

        self::assertCount(50, array_unique($ids));
        self::assertCount(1, array_unique($traces));
    }

    public function testAnEventOfARowThatIsGoneIsNotWritten(): void
    {
        $database = new FakeDatabase();
        $database->affected = 0;

        self::assertFalse((new Outbox($database))->writeIfStored(Event::orderPlaced(7, 1), 'orders', 7));
    }
}
