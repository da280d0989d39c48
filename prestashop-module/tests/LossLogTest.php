<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Capture\LossLog;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class LossLogTest extends TestCase
{
    private string $file;

    protected function setUp(): void
    {
        $this->file = (string) tempnam(sys_get_temp_dir(), 'erpsync');
    }

    protected function tearDown(): void
    {
        unlink($this->file);
    }

    public function testLossesAreCountedByCause(): void
    {
        $log = new LossLog([$this->file]);
        $log->add('table_missing', 'order.placed', 'order:1');
        $log->add('lock_wait', 'order.placed', 'order:2');
        $log->add('table_missing', 'order.placed', 'order:3');
        $summary = $log->summary();

        self::assertSame(3, $summary['count']);
        self::assertSame(['lock_wait' => 1, 'table_missing' => 2], $summary['byCause']);
        self::assertMatchesRegularExpression('/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/', (string) $summary['lastAt']);
    }

    public function testTheFileStaysSmallAndNoLossIsForgotten(): void
    {
        $log = new LossLog([$this->file]);
        for ($loss = 0; $loss < 4000; ++$loss) {
            $log->add('disk_full', 'order.placed', 'order:'.$loss);
        }

        clearstatcache();
        self::assertLessThan(300000, filesize($this->file));
        self::assertSame(['disk_full' => 4000], $log->summary()['byCause']);
    }

    public function testTheNextFileTakesOverWhereTheFirstCannotBeWritten(): void
    {
        $log = new LossLog(['/nowhere/at/all.log', $this->file]);
        $log->add('table_missing', 'order.placed', 'order:1');

        self::assertSame(1, $log->summary()['count']);
    }
}
