<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Capture\LossLog;
use Erpsync\Stock\ProductLocks;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class ProductLocksTest extends TestCase
{
    private FakeDatabase $database;

    private LossLog $missed;

    private ProductLocks $locks;

    private string $file;

    protected function setUp(): void
    {
        \Configuration::$values = ['PS_PACK_FEATURE_ACTIVE' => '1'];
        $this->file = (string) tempnam(sys_get_temp_dir(), 'erpsync');
        $this->missed = new LossLog([$this->file]);
        $this->database = new FakeDatabase();
        $this->database->answers = [
            'ps_pack' => [['id' => '12'], ['id' => 9]],
            'AS got' => [['got' => 2]],
        ];
        $this->locks = new ProductLocks($this->database, $this->missed);
    }

    protected function tearDown(): void
    {
        unlink($this->file);
    }

    public function testEachProductIsLockedOnceInAscendingOrderAndInOneStatement(): void
    {
        $this->locks->take(7, [12, 12]);

        self::assertSame(
            "SELECT IF(GET_LOCK('erpsync.test.stock.9', 2) = 1, 1 + IF(GET_LOCK('erpsync.test.stock.12', 2) = 1, 1 + 0, 0), 0) AS got",
            $this->database->statements[1]
        );
        self::assertCount(2, $this->database->statements);
        self::assertSame([], $this->missed->summary()['byCause']);
    }

    public function testPacksAreLockedWithTheirItemsAndItemsWithTheirPacks(): void
    {
        $this->locks->take(7, [12, 12]);
        self::assertStringContainsString('SELECT id_product_item AS id', $this->database->statements[0]);
        self::assertStringContainsString('SELECT id_product_pack', $this->database->statements[0]);
    }

    public function testAShopWithoutPacksIsSparedTheLook(): void
    {
        \Configuration::$values = [];
        $this->locks->take(7, [12, 12]);

        self::assertCount(1, array_filter($this->database->statements, static fn (string $sql): bool => str_contains($sql, 'GET_LOCK(')));
        self::assertStringNotContainsString('pack', implode($this->database->statements));
    }

    public function testTheWaitIsBoundedForAllProductsTogether(): void
    {
        $this->database->answers = ['AS got' => [['got' => 50]]];
        $this->locks->take(7, range(1, 120));

        self::assertCount(3, $this->database->limits, 'A hundred and twenty products take three statements');
        foreach ($this->database->limits as $limit) {
            self::assertGreaterThan(1000, $limit);
            self::assertLessThanOrEqual(2000, $limit);
        }
    }

    public function testTheOrdersOfACartShareOneLimit(): void
    {
        $this->database->delayMs = 30;
        foreach ([7, 7, 8] as $cart) {
            $this->locks->take($cart, [12]);
        }
        [$first, $second, $next] = $this->database->limits + [0, 0, 0];

        self::assertLessThanOrEqual($first - 30, $second);
        self::assertGreaterThan($second, $next);
    }

    public function testTheNextOrderFreesWhatTheOneBeforeLeft(): void
    {
        $this->locks->take(7, [12, 12]);
        $this->database->statements = [];
        $this->locks->take(8, [12]);

        self::assertSame(['DO', 'SELECT', 'SELECT'], $this->database->story());
    }

    public function testLocksAreFreedByTheirNamesAndOnlyOnce(): void
    {
        $this->locks->take(7, [12, 12]);
        $this->database->statements = [];
        $this->locks->release();
        $this->locks->release();

        self::assertSame(
            ["DO RELEASE_LOCK('erpsync.test.stock.9'), RELEASE_LOCK('erpsync.test.stock.12')"],
            $this->database->statements
        );
    }

    public function testAtTheLimitTheCheckoutKeepsWhatItHasTakesWhatIsFreeAndIsCounted(): void
    {
        $this->database->answers['AS got'] = [['got' => 1]];
        $this->locks->take(7, [12, 12]);

        self::assertStringContainsString("GET_LOCK('erpsync.test.stock.12', 0)", $this->database->statements[2]);
        self::assertSame(['wait_limit' => 1], $this->missed->summary()['byCause']);
        $this->locks->release();
        self::assertStringContainsString("'erpsync.test.stock.9'", $this->database->statements[3]);
    }

    public function testALockThatIsFreeAfterAllCountsNoOne(): void
    {
        $this->database->answers = ['IS_USED_LOCK' => [['got' => 2]], 'AS got' => [['got' => 1]]] + $this->database->answers;
        $this->locks->take(7, [12, 12]);

        self::assertSame([], $this->missed->summary()['byCause']);
    }

    public function testAnErrorOfTheServerIsCountedByItsCauseAndGoesNoFurther(): void
    {
        $this->database->answers = ['IS_USED_LOCK' => [['got' => 1]]] + $this->database->answers;
        foreach ([1213 => 'deadlock', 3058 => 'deadlock', 3024 => 'wait_limit', 1969 => 'wait_limit'] as $errno => $cause) {
            $this->database->failures = ['IF(GET_LOCK' => $errno];
            $before = $this->missed->summary()['byCause'][$cause] ?? 0;
            $this->locks->take($errno, [12]);
            self::assertSame($before + 1, $this->missed->summary()['byCause'][$cause] ?? 0);
        }
        $this->database->failures = ['ps_pack' => 2006, 'RELEASE' => 2006];
        $this->locks->take(9, [12]);
        self::assertSame(1, $this->missed->summary()['byCause']['connection_lost'] ?? 0);
    }

    public function testAnOrderWithoutLinesLocksNothing(): void
    {
        $this->locks->take(7, []);

        self::assertSame([], $this->database->statements);
    }
}
