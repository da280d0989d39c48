<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * Writes events into the outbox table: one INSERT, on the connection and in the transaction that is open there.
 */
final class Outbox
{
    /**
     * Longest wait for the outbox, in seconds. Nobody holds its rows or the table for long; where somebody does
     * (an ALTER, LOCK TABLES, a gap lock of a foreign session) the servers' own limits are 50 s for a row and a day
     * for a table, which would stand between a customer and his order. MySQL has no hint for rows (tried on 9.7:
     * warning 3637), so there only the wait for the table is bounded.
     */
    private const WAIT_SECONDS = 1;

    /** @var Database */
    private $database;

    /** @var null|string 32 hex digits, one trace for all that a request does */
    private $traceId;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * @throws QueryFailed
     */
    public function write(Event $event): void
    {
        $this->database->execute($this->insert($event).'VALUES ('.$this->values($event).')');
    }

    /**
     * Writes the event only if the row that it tells of is in the database, for the cases where it may be gone.
     *
     * @return bool whether the event was written
     *
     * @throws QueryFailed
     */
    public function writeIfStored(Event $event, string $table, int $id): bool
    {
        $this->database->execute(
            $this->insert($event).'SELECT '.$this->values($event)
            .' FROM '.$this->database->table($table).' WHERE `id_'.self::singular($table).'` = '.$id
        );

        return $this->database->affectedRows() > 0;
    }

    /**
     * PrestaShop's name for the key of a table: orders → id_order, order_history → id_order_history.
     */
    public static function singular(string $table): string
    {
        return $table === 'orders' ? 'order' : $table;
    }

    /**
     * MariaDB reads the first comment and skips the second, MySQL the other way round: both bound the wait in the
     * same round trip. A server that knows neither inserts without the bound.
     */
    private function insert(Event $event): string
    {
        $seconds = self::WAIT_SECONDS;

        return "/*M!100300 SET STATEMENT lock_wait_timeout={$seconds},innodb_lock_wait_timeout={$seconds} FOR */ "
            ."INSERT /*+ SET_VAR(lock_wait_timeout={$seconds}) */ "
            .'INTO '.$this->database->table('erpsync_outbox')
            .' (`event_id`, `type`, `version`, `subject`, `id_shop`, `occurred_at`, `traceparent`, `payload`) ';
    }

    private function values(Event $event): string
    {
        $payload = $event->payload === null ? null : (string) json_encode($event->payload);

        return implode(', ', [
            $this->database->quote(self::uuid()),
            $this->database->quote($event->type),
            (string) Event::VERSION,
            $this->database->quote($event->subject),
            (string) $event->shopId,
            'UTC_TIMESTAMP(6)',
            $this->database->quote($this->traceparent()),
            $payload === null ? 'NULL' : $this->database->quote($payload),
        ]);
    }

    /**
     * A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then random.
     */
    private static function uuid(): string
    {
        $milliseconds = str_pad(dechex((int) (microtime(true) * 1000)), 12, '0', STR_PAD_LEFT);
        $random = bin2hex(random_bytes(10));
        $variant = dechex(8 + (int) hexdec($random[3]) % 4);

        return substr($milliseconds, 0, 8).'-'.substr($milliseconds, 8, 4).'-7'.substr($random, 0, 3)
            .'-'.$variant.substr($random, 4, 3).'-'.substr($random, 7, 12);
    }

    /**
     * W3C trace context, sampled: the sidecar carries it on to the ERP.
     */
    private function traceparent(): string
    {
        if ($this->traceId === null) {
            $this->traceId = bin2hex(random_bytes(16));
        }

        return '00-'.$this->traceId.'-'.bin2hex(random_bytes(8)).'-01';
    }
}
