<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\QueryFailed;

/**
 * Carries out `stock.announce`. Listeners mail customers, so each product is announced at most once for each command:
 * the journal says which one is about to be announced before it is, and whoever takes an interrupted command up goes
 * on after that one.
 */
final class Announcement
{
    /** Marks our own call of the hook among those that tell of a movement. */
    public const MARK = 'erpsync_announcement';

    public const PRODUCTS_MAX = 100;

    private const KEYS = ['id_product', 'id_product_attribute', 'id_shop', 'quantity'];

    /** @var Journal */
    private $journal;

    /** @var Stock */
    private $stock;

    public function __construct(Journal $journal, Stock $stock)
    {
        $this->journal = $journal;
        $this->stock = $stock;
    }

    /**
     * @param array<mixed> $arguments
     *
     * @throws QueryFailed
     */
    public function carryOut(string $id, array $arguments): Outcome
    {
        $products = self::products($arguments['products'] ?? null);
        if ($products === null) {
            return Outcome::rejected('invalid_argument', 'products is a list of 1 to '.self::PRODUCTS_MAX
                .' objects with '.implode(', ', self::KEYS).', whole numbers, quantity above 0.');
        }
        if (!$this->journal->lock('announcement')) {
            return Outcome::rejected('failed', 'Another request is announcing.');
        }

        try {
            return $this->carryOutLocked($id, $products);
        } finally {
            $this->journal->unlock('announcement');
        }
    }

    /**
     * @param list<array<string, int>> $products
     *
     * @throws QueryFailed
     */
    private function carryOutLocked(string $id, array $products): Outcome
    {
        $found = $this->journal->find($id);
        if ($found !== null && $found['finished']) {
            return Outcome::replayed($found['note']);
        }
        if ($found === null) {
            $this->journal->start($id, 'stock.announce', ['announced' => []]);
        }
        $announced = self::words($found['note']['announced'] ?? null);
        for ($place = count($announced); $place < count($products); ++$place) {
            $this->journal->note($id, ['announced' => array_merge($announced, ['interrupted'])]);
            $announced[] = $this->announce($products[$place]);
        }
        $answers = [];
        foreach ($products as $place => $product) {
            $answers[] = $product + ['outcome' => $announced[$place] ?? 'interrupted'];
        }
        $outcome = Outcome::done(['products' => $answers]);
        $this->journal->finish($id, $outcome);

        return $outcome;
    }

    /**
     * One product's listeners may fail without the others being kept from it.
     *
     * @param array<string, int> $product
     *
     * @return string announced, unknown_product or failed
     */
    private function announce(array $product): string
    {
        try {
            return $this->stock->announce(
                $product['id_product'],
                $product['id_product_attribute'],
                $product['id_shop'],
                $product['quantity']
            ) ? 'announced' : 'unknown_product';
        } catch (\Throwable $error) {
            return 'failed';
        }
    }

    /**
     * @param mixed $given
     *
     * @return null|list<array<string, int>> null where it has not the form that it must have
     */
    private static function products($given): ?array
    {
        if (!is_array($given) || $given === [] || count($given) > self::PRODUCTS_MAX) {
            return null;
        }
        $products = [];
        foreach ($given as $one) {
            $product = [];
            foreach (self::KEYS as $key) {
                $value = is_array($one) ? ($one[$key] ?? null) : null;
                $least = $key === 'id_product' || $key === 'quantity' ? 1 : 0;
                if (!is_int($value) || $value < $least) {
                    return null;
                }
                $product[$key] = $value;
            }
            $products[] = $product;
        }

        return $products;
    }

    /**
     * @param mixed $value
     *
     * @return list<string>
     */
    private static function words($value): array
    {
        return array_values(array_filter(is_array($value) ? $value : [], 'is_string'));
    }
}
