<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * The record of commands: started, then finished with the answer. Kept for good, so that an id executes once.
 */
final class Journal
{
    /** How long one request waits for another that works on the same thing, in seconds. */
    private const LOCK_WAIT_SECONDS = 5;

    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * Holds what is worked on, `order.<id>` for instance, for this connection. A lock of the server, freed when the connection dies: whoever has it and
     * finds a command `started` knows that the one who started it is gone.
     *
     * @throws QueryFailed
     */
    public function lock(string $what): bool
    {
        $name = $this->database->quote($this->database->lockName($what));
        $rows = $this->database->rows("SELECT GET_LOCK({$name}, ".self::LOCK_WAIT_SECONDS.') AS got');

        return (string) ($rows[0]['got'] ?? '') === '1';
    }

    /**
     * @throws QueryFailed
     */
    public function unlock(string $what): void
    {
        $name = $this->database->quote($this->database->lockName($what));
        $this->database->rows("SELECT RELEASE_LOCK({$name}) AS freed");
    }

    /**
     * @return null|array{finished: bool, note: array<mixed>}
     *
     * @throws QueryFailed
     */
    public function find(string $id): ?array
    {
        $rows = $this->database->rows(
            'SELECT `state`, `result` FROM '.$this->table().' WHERE `command_id` = '.$this->database->quote($id)
        );
        if ($rows === []) {
            return null;
        }
        $note = json_decode((string) $rows[0]['result'], true);

        return ['finished' => $rows[0]['state'] === 'finished', 'note' => is_array($note) ? $note : []];
    }

    /**
     * @param array<string, mixed> $note what the shop's state was before, to compare after a crash
     *
     * @throws QueryFailed
     */
    public function start(string $id, string $type, array $note): void
    {
        $this->database->execute(
            'INSERT INTO '.$this->table().' (`command_id`, `type`, `state`, `result`, `started_at`) VALUES ('
            .$this->database->quote($id).', '.$this->database->quote($type).", 'started', "
            .$this->database->quote((string) json_encode($note)).', UTC_TIMESTAMP(6))'
        );
    }

    /**
     * Writes down how far a command has come.
     *
     * @param array<string, mixed> $note
     *
     * @throws QueryFailed
     */
    public function note(string $id, array $note): void
    {
        $this->database->execute(
            'UPDATE '.$this->table().' SET `result` = '.$this->database->quote((string) json_encode($note))
            .' WHERE `command_id` = '.$this->database->quote($id)
        );
    }

    /**
     * @throws QueryFailed
     */
    public function finish(string $id, Outcome $outcome): void
    {
        $this->database->execute(
            'UPDATE '.$this->table()." SET `state` = 'finished', `finished_at` = UTC_TIMESTAMP(6), `result` = "
            .$this->database->quote((string) json_encode($outcome->fields()))
            .' WHERE `command_id` = '.$this->database->quote($id)
        );
    }

    private function table(): string
    {
        return $this->database->table('erpsync_command');
    }
}
