<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * Lets a request in if it is signed with the shared secret, recent, and new. A nonce is stored only after the
 * signature was found good, so strangers cannot fill the table.
 */
final class Gate
{
    /** How far the two clocks may be apart, in seconds, either way. */
    public const WINDOW_SECONDS = 300;

    public const COMMANDS_MAX = 100;

    /** @var Database */
    private $database;

    /** @var string */
    private $secret;

    /** @var int Unix seconds */
    private $now;

    public function __construct(Database $database, string $secret, int $now)
    {
        $this->database = $database;
        $this->secret = $secret;
        $this->now = $now;
    }

    /**
     * @return list<array{id: string, type: string, arguments: array<mixed>}>
     *
     * @throws QueryFailed
     * @throws Refusal
     */
    public function admit(Request $request): array
    {
        if ($request->method !== 'POST') {
            throw new Refusal(405, 'method_not_allowed');
        }
        if (strlen($request->body) > Request::BODY_BYTES_MAX) {
            throw new Refusal(413, 'body_too_large');
        }
        $this->verify($request);
        $this->spend($request->nonce);

        return self::parse($request->body);
    }

    public static function signature(Request $request, string $secret): string
    {
        $signed = [$request->method, $request->path, $request->timestamp, $request->nonce, $request->body];

        return hash_hmac('sha256', implode("\n", $signed), $secret);
    }

    /**
     * @throws Refusal
     */
    private function verify(Request $request): void
    {
        if ($this->secret === '') {
            throw new Refusal(401, 'not_configured');
        }
        if (preg_match('/^\d{1,12}$/D', $request->timestamp) !== 1
            || preg_match('/^[0-9a-f]{32}$/D', $request->nonce) !== 1
            || preg_match('/^[0-9a-f]{64}$/D', $request->signature) !== 1
        ) {
            throw new Refusal(401, 'bad_signature');
        }
        if (abs($this->now - (int) $request->timestamp) > self::WINDOW_SECONDS) {
            throw new Refusal(401, 'stale_timestamp');
        }
        if (!hash_equals(self::signature($request, $this->secret), $request->signature)) {
            throw new Refusal(401, 'bad_signature');
        }
    }

    /**
     * The key of the table is the judge, so that of two requests at once only one gets in.
     *
     * @throws QueryFailed
     * @throws Refusal
     */
    private function spend(string $nonce): void
    {
        $table = $this->database->table('erpsync_nonce');
        $this->forgetOld($table);

        try {
            $this->database->execute(
                "INSERT INTO {$table} (`nonce`, `seen_at`) VALUES (".$this->database->quote($nonce).', UTC_TIMESTAMP(6))'
            );
        } catch (QueryFailed $failure) {
            if ($failure->errno() === QueryFailed::DUPLICATE_KEY) {
                throw new Refusal(401, 'replayed_nonce');
            }

            throw $failure;
        }
    }

    /**
     * Ten minutes cover the window either way. Read without a lock and deleted by key, because a DELETE by time locks
     * the gap that the next request's INSERT goes into.
     *
     * @throws QueryFailed
     */
    private function forgetOld(string $table): void
    {
        $old = [];
        $sql = "SELECT `nonce` FROM {$table} WHERE `seen_at` < UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE LIMIT 100";
        foreach ($this->database->rows($sql) as $row) {
            $old[] = $this->database->quote((string) $row['nonce']);
        }
        if ($old === []) {
            return;
        }

        try {
            $this->database->execute("DELETE FROM {$table} WHERE `nonce` IN (".implode(', ', $old).')');
        } catch (QueryFailed $failure) {
            // Two requests may clear away at once; the next one does it.
        }
    }

    /**
     * @return list<array{id: string, type: string, arguments: array<mixed>}>
     *
     * @throws Refusal
     */
    private static function parse(string $body): array
    {
        $decoded = json_decode($body, true, 16);
        $list = is_array($decoded) ? ($decoded['commands'] ?? null) : null;
        if (!is_array($list) || array_values($list) !== $list) {
            throw new Refusal(400, 'malformed_body', 'The body is a JSON object with a list named commands.');
        }
        if (count($list) > self::COMMANDS_MAX) {
            throw new Refusal(400, 'malformed_body', 'There are more than '.self::COMMANDS_MAX.' commands.');
        }
        $commands = [];
        foreach ($list as $place => $command) {
            $id = is_array($command) ? ($command['id'] ?? null) : null;
            $type = is_array($command) ? ($command['type'] ?? null) : null;
            if (!is_array($command) || !is_string($id) || !is_string($type)
                || preg_match('/^[\x21-\x7e]{1,128}$/D', $id) !== 1 || strlen($type) > 64
            ) {
                throw new Refusal(400, 'malformed_body', 'Command '.$place.' lacks an id or a type.');
            }
            $commands[] = ['id' => $id, 'type' => $type, 'arguments' => $command];
        }

        return $commands;
    }
}
