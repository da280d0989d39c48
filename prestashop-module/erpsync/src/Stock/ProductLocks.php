<?php

declare(strict_types=1);

namespace Erpsync\Stock;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Capture\LossLog;
use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * Holds the products of an order while it takes their stock, one lock of the server a product. PrestaShop reads a
 * quantity, adds in PHP and writes it back; of two checkouts at once one forgets the other's sale. The sidecar takes
 * the same locks for what it writes.
 *
 * Locked are the products of the order, the items of its packs, and the packs that its products are items of: a sale
 * writes to the rows of all of these. Always in ascending order, so that two orders never wait for each other; never
 * for longer than WAIT_MILLISECONDS in all for the orders of a cart; and whatever is not to be had, the checkout goes
 * on. It then keeps the locks that it has: it waits for no other one any more, so it can hold nobody up but for the
 * time of its own stock.
 *
 * Locks belong to the connection and end with it. They are freed by their names, never all at once: other modules may
 * hold locks of their own on this connection.
 */
final class ProductLocks
{
    /** How long the checkout of a cart waits for all its products together. */
    public const WAIT_MILLISECONDS = 2000;

    /** Nothing that a checkout does between its first row and its last takes this long: it broke, and nobody said so. */
    private const HOLD_SECONDS_MAX = 30;

    /** Locks are nested in a statement; deeper ones come near the parsers' limits. */
    private const LOCKS_A_STATEMENT = 50;

    /** @var Database */
    private $database;

    /** @var LossLog counts checkouts that went on without all their locks */
    private $missed;

    /** @var int the cart that took locks last */
    private $cartId = 0;

    /** @var int what that cart has waited, in milliseconds */
    private $waited = 0;

    /** @var list<string> names that may be held, quoted, in ascending order of the product */
    private $names = [];

    /** @var float when the locks were asked for, in Unix seconds */
    private $since = 0.0;

    public function __construct(Database $database, LossLog $missed)
    {
        $this->database = $database;
        $this->missed = $missed;
    }

    /**
     * Called when an order's row is stored, before it takes its stock. Never throws.
     *
     * @param list<int> $productIds
     */
    public function take(int $cartId, array $productIds): void
    {
        $this->release();
        if ($productIds === []) {
            return;
        }
        if ($cartId !== $this->cartId) {
            $this->waited = 0;
        }
        $this->cartId = $cartId;
        // What this process has read of stock before may be older than the lock.
        \Cache::clean('objectmodel_StockAvailable_*');

        try {
            $this->names = $this->namesOf($productIds);
            $this->since = microtime(true);
            $cause = $this->acquire();
            $this->waited += (int) ((microtime(true) - $this->since) * 1000);
            if ($cause !== null && !$this->takeFree()) {
                $this->missed->add($cause, 'checkout', 'cart:'.$cartId);
            }
        } catch (QueryFailed $failure) {
            $this->missed->add($failure->cause(), 'checkout', 'cart:'.$cartId);
        }
    }

    /**
     * Frees what is held, at no cost where nothing is. Never throws.
     */
    public function release(): void
    {
        $names = $this->names;
        $this->names = [];
        if ($names === []) {
            return;
        }

        try {
            // A name that is not ours is left alone by the server.
            $this->database->execute('DO RELEASE_LOCK('.implode('), RELEASE_LOCK(', $names).')');
        } catch (QueryFailed $failure) {
            // The connection is gone, and the locks with it.
        }
    }

    /**
     * Frees the locks of a checkout that broke off while its process went on to other things.
     */
    public function releaseOverdue(): void
    {
        if ($this->names !== [] && microtime(true) - $this->since > self::HOLD_SECONDS_MAX) {
            $this->missed->add('overdue', 'checkout', 'cart:'.$this->cartId);
            $this->release();
        }
    }

    /**
     * @param list<int> $productIds
     *
     * @return list<string>
     *
     * @throws QueryFailed
     */
    private function namesOf(array $productIds): array
    {
        $ids = $productIds;
        if (self::text(\Configuration::getGlobalValue('PS_PACK_FEATURE_ACTIVE')) === '1') {
            $packs = $this->database->table('pack');
            $list = implode(', ', $productIds);
            $sql = "SELECT id_product_item AS id FROM {$packs} WHERE id_product_pack IN ({$list})"
                ." UNION SELECT id_product_pack FROM {$packs} WHERE id_product_item IN ({$list})";
            foreach ($this->database->rows($sql) as $row) {
                $ids[] = (int) ($row['id'] ?? 0);
            }
        }
        $ids = array_unique($ids);
        sort($ids);

        return array_map(function (int $id): string {
            return $this->database->quote($this->database->lockName('stock.'.$id));
        }, $ids);
    }

    /**
     * All of them in one statement, which the server breaks off at the limit: a limit a lock would add up, and MySQL
     * takes whole seconds there. Each is asked for only when the one before is held.
     *
     * @return null|string why not all of them are held
     *
     * @throws QueryFailed
     */
    private function acquire(): ?string
    {
        foreach (array_chunk($this->names, self::LOCKS_A_STATEMENT) as $names) {
            $left = self::WAIT_MILLISECONDS - $this->waited - (int) ((microtime(true) - $this->since) * 1000);
            $expression = '0';
            foreach (array_reverse($names) as $name) {
                $expression = "IF(GET_LOCK({$name}, ".(int) ceil(self::WAIT_MILLISECONDS / 1000).") = 1, 1 + {$expression}, 0)";
            }

            try {
                $row = $left > 0 ? $this->database->rowWithin($expression.' AS got', $left) : [];
            } catch (QueryFailed $failure) {
                return $failure->cause();
            }
            if ((int) ($row['got'] ?? 0) < count($names)) {
                return 'wait_limit';
            }
        }

        return null;
    }

    /**
     * The locks that nobody holds, without waiting, which is safe in any order. What the first try got is known to
     * the server only, since a statement that is broken off has no answer.
     *
     * @return bool whether all are held after all
     *
     * @throws QueryFailed
     */
    private function takeFree(): bool
    {
        $tries = array_map(static function (string $name): string {
            return "IF(IS_USED_LOCK({$name}) = CONNECTION_ID(), 1, COALESCE(GET_LOCK({$name}, 0), 0))";
        }, $this->names);
        $rows = $this->database->rows('SELECT '.implode(' + ', $tries).' AS got');

        return (int) ($rows[0]['got'] ?? 0) === count($this->names);
    }

    /**
     * @param mixed $value
     */
    private static function text($value): string
    {
        return is_scalar($value) ? (string) $value : '';
    }
}
