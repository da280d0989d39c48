<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * Puts a row of the shop and its event into one transaction, between the hooks that PrestaShop fires before and
 * after its INSERT. PrestaShop itself opens no transaction, so between the two hooks there is nothing but that
 * INSERT and other modules' hooks.
 *
 *     begin   START TRANSACTION          nothing pending → pending
 *     end     event, COMMIT              pending → nothing pending
 *     settle  (event), COMMIT            pending → nothing pending, when `end` never came
 *
 * What can go wrong, and what then:
 * - The INSERT throws and the caller goes on: `settle` commits at our next hook and at the end of the request, so
 *   that nothing written after it is rolled back.
 * - The process dies: the server rolls both back. It exits or fails between the two: the shutdown function settles,
 *   and writes the event if the row is there.
 * - A transaction was open already: it belongs to somebody else. The event joins it, and he commits or not.
 * - The event cannot be written: InnoDB takes back that statement only, the row is committed, the loss is counted.
 * - The transaction is gone although nobody committed it: a deadlock (1213), a lock timeout on a server that rolls
 *   back on it, a lost connection, a refused COMMIT of a cluster. PrestaShop holds an id of a row that does not exist
 *   and will go on with it. The row is then written again from the object's own fields, under the same id, which no
 *   one else can have been given. The outbox has no key but its counter, so only a foreign session that locks its
 *   gaps can make this happen; what other modules wrote between the two hooks is not brought back.
 */
final class Pair
{
    /** @var Database */
    private $database;

    /** @var Outbox */
    private $outbox;

    /** @var LossLog */
    private $losses;

    /** @var null|\ObjectModel the object between its two hooks */
    private $pending;

    /** @var string */
    private $table = '';

    /** @var bool whether the open transaction is ours to commit */
    private $owned = false;

    /** @var null|callable(): Event */
    private $eventOf;

    /** @var null|\ObjectModel the object whose event `settle` has written, should its `end` come after all */
    private $announced;

    public function __construct(Database $database, Outbox $outbox, LossLog $losses)
    {
        $this->database = $database;
        $this->outbox = $outbox;
        $this->losses = $losses;
    }

    /**
     * @param string            $table   orders or order_history, without the shop's prefix
     * @param callable(): Event $eventOf asked after the INSERT, when the object has its id
     *
     * @throws QueryFailed
     */
    public function begin(\ObjectModel $object, string $table, callable $eventOf): void
    {
        $this->settle();
        $owned = !$this->database->inTransaction();
        if ($owned) {
            $this->database->execute('START TRANSACTION');
        }
        $this->pending = $object;
        $this->table = $table;
        $this->owned = $owned;
        $this->eventOf = $eventOf;
    }

    public function end(\ObjectModel $object, string $table, Event $event): void
    {
        if ($this->announced === $object) {
            $this->announced = null;

            return;
        }
        if ($this->pending !== $object) {
            $this->settle();
        }
        $owned = $this->pending === $object && $this->owned;

        $failure = null;

        try {
            $this->outbox->write($event);
        } catch (QueryFailed $failure) {
            // Whether the row outlived this is decided below, by the state of the transaction.
        }
        if ($owned && !$this->commit($failure)) {
            $this->pending = null;
            $this->rescue($object, $table, $event, $failure);

            return;
        }
        $this->pending = null;
        if ($failure !== null) {
            $this->losses->add($failure->cause(), $event->type, $event->subject);
        }
    }

    /**
     * Ends a pair whose second half did not come. Called by every hook of ours and at the end of the request.
     *
     * @return bool whether there was one
     */
    public function settle(): bool
    {
        $object = $this->pending;
        if ($object === null || $this->eventOf === null) {
            return false;
        }
        $this->pending = null;
        $event = ($this->eventOf)();

        try {
            // The row may be there, with its id, or its INSERT may have failed: the statement itself looks.
            if ((int) $object->id > 0 && $this->outbox->writeIfStored($event, $this->table, (int) $object->id)) {
                $this->announced = $object;
            }
        } catch (QueryFailed $failure) {
            $this->losses->add($failure->cause(), $event->type, $event->subject);
        }
        if ($this->owned) {
            try {
                $this->database->execute('COMMIT');
            } catch (QueryFailed $failure) {
                $this->losses->add('commit_'.$failure->cause(), $event->type, $event->subject);
            }
        }

        return true;
    }

    /**
     * A refused statement leaves PDO's knowledge of the transaction stale, because the server's error packet carries
     * no state (seen with PHP 8.2 after a deadlock); one empty statement brings it up to date.
     *
     * @return bool false where there was no transaction left to commit, or the server refused
     */
    private function commit(?QueryFailed &$failure): bool
    {
        try {
            if ($failure !== null) {
                $this->database->execute('DO 0');
            }
            if (!$this->database->inTransaction()) {
                return false;
            }
            $this->database->execute('COMMIT');
        } catch (QueryFailed $refused) {
            $failure = $refused;

            return false;
        }

        return true;
    }

    private function rescue(\ObjectModel $object, string $table, Event $event, ?QueryFailed $failure): void
    {
        $key = '`id_'.Outbox::singular($table).'` = '.(int) $object->id;

        try {
            $found = $this->database->rows('SELECT 1 FROM '.$this->database->table($table).' WHERE '.$key);
            if ($found === []) {
                // Order::add writes empty values as NULL, OrderHistory::add does not (PrestaShop 8.2.1).
                $this->database->insertFields($table, $object->getFields(), $table === 'orders');
            }
            if ($failure !== null) {
                $this->outbox->write($event);
            }
        } catch (QueryFailed $again) {
            $this->losses->add($again->cause(), $event->type, $event->subject);
        }
    }
}
