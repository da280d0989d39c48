<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\Announcement;
use Erpsync\Command\Journal;
use Erpsync\Command\Stock;
use PHPUnit\Framework\TestCase;

/**
 * @internal
 *
 * @coversNothing
 */
final class AnnouncementTest extends TestCase implements Stock
{
    private FakeDatabase $database;

    /** @var list<string> */
    private array $announced = [];

    protected function setUp(): void
    {
        $this->database = new FakeDatabase();
        $this->database->answers = ['GET_LOCK' => [['got' => '1']]];
    }

    public function announce(int $productId, int $combinationId, int $shopId, int $quantity): bool
    {
        if ($productId === 13) {
            throw new \TypeError('a listener fails');
        }
        $this->announced[] = "{$productId}:{$combinationId}:{$shopId}={$quantity}";

        return $productId < 100;
    }

    public function testEachProductIsAnnouncedAndAnsweredByItself(): void
    {
        $outcome = $this->carryOut([self::product(1), self::product(13), self::product(100), self::product(2)]);

        self::assertSame(['1:0:1=5', '100:0:1=5', '2:0:1=5'], $this->announced);
        self::assertSame('done', $outcome['outcome']);
        self::assertSame(['announced', 'failed', 'unknown_product', 'announced'], self::outcomesOf($outcome));
        self::assertSame(
            ['SELECT', 'SELECT', 'INSERT', 'UPDATE', 'UPDATE', 'UPDATE', 'UPDATE', 'UPDATE', 'SELECT'],
            $this->database->story(),
            'Recorded when it starts, before each product, and when it is finished'
        );
    }

    public function testAFinishedCommandAnswersWithItsStoredResult(): void
    {
        $this->database->answers['SELECT `state`'] = [['state' => 'finished', 'result' => '{"outcome":"done"}']];

        self::assertSame('replayed', $this->carryOut([self::product(1)])['outcome']);
        self::assertSame([], $this->announced);
    }

    public function testAnInterruptedCommandGoesOnAfterTheProductAtWhichItStopped(): void
    {
        $note = '{"announced":["announced","interrupted"]}';
        $this->database->answers['SELECT `state`'] = [['state' => 'started', 'result' => $note]];
        $outcome = $this->carryOut([self::product(1), self::product(2), self::product(3)]);

        self::assertSame(['3:0:1=5'], $this->announced);
        self::assertSame(['announced', 'interrupted', 'announced'], self::outcomesOf($outcome));
    }

    public function testWhatHasNotTheRightFormIsRejectedWhole(): void
    {
        $faulty = [
            null,
            [],
            [1],
            [['id_product' => 1]],
            [['quantity' => 0] + self::product(1)],
            [['id_product' => '1'] + self::product(1)],
            array_fill(0, 101, self::product(1)),
        ];
        foreach ($faulty as $products) {
            self::assertSame('invalid_argument', $this->carryOut($products)['code'] ?? null);
        }
        self::assertSame([], $this->database->statements);
    }

    public function testTwoRequestsDoNotAnnounceAtOnce(): void
    {
        $this->database->answers = ['GET_LOCK' => [['got' => '0']]];

        self::assertSame('failed', $this->carryOut([self::product(1)])['code'] ?? null);
        self::assertSame([], $this->announced);
    }

    /**
     * @return array<string, int>
     */
    private static function product(int $id): array
    {
        return ['id_product' => $id, 'id_product_attribute' => 0, 'id_shop' => 1, 'quantity' => 5];
    }

    /**
     * @param array<string, mixed> $outcome
     *
     * @return list<mixed>
     */
    private static function outcomesOf(array $outcome): array
    {
        $data = $outcome['data'] ?? null;
        $products = is_array($data) ? ($data['products'] ?? null) : null;

        return array_map(
            static fn ($product): mixed => is_array($product) ? ($product['outcome'] ?? null) : null,
            array_values(is_array($products) ? $products : [])
        );
    }

    /**
     * @return array<string, mixed>
     */
    private function carryOut(mixed $products): array
    {
        $announcement = new Announcement(new Journal($this->database), $this);

        return $announcement->carryOut('c', ['products' => $products])->fields();
    }
}
