<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * A database that remembers what it was told, keeps count of its transaction as a server would, and fails on demand.
 */
final class FakeDatabase implements Database
{
    /** @var list<int> errors after which the server has rolled the transaction back */
    private const ROLLING_BACK = [1213];

    /** @var list<string> every statement, without the time limits of the outbox */
    public array $statements = [];

    public bool $open = false;

    /** @var array<string, int> part of a statement → error number to fail with, each time */
    public array $failures = [];

    /** @var array<string, list<array<string, null|float|int|string>>> part of a query → its rows */
    public array $answers = [];

    /** @var list<int> the limits of the queries that have one, in milliseconds */
    public array $limits = [];

    /** @var list<string> tables that insertFields wrote to */
    public array $inserted = [];

    public int $affected = 1;

    /** How long a query with a limit takes. */
    public int $delayMs = 0;

    public function execute(string $sql): void
    {
        $this->statements[] = trim((string) preg_replace('#/\*.*?\*/#', '', $sql));
        foreach ($this->failures as $part => $errno) {
            if (str_contains($sql, $part)) {
                $this->open = $this->open && !in_array($errno, self::ROLLING_BACK, true);

                throw new QueryFailed($errno);
            }
        }
        if ($sql === 'START TRANSACTION') {
            $this->open = true;
        } elseif ($sql === 'COMMIT') {
            $this->open = false;
        }
    }

    public function affectedRows(): int
    {
        return $this->affected;
    }

    public function rows(string $sql): array
    {
        $this->statements[] = $sql;
        foreach ($this->failures as $part => $errno) {
            if (str_contains($sql, $part)) {
                throw new QueryFailed($errno);
            }
        }
        foreach ($this->answers as $part => $rows) {
            if (str_contains($sql, $part)) {
                return $rows;
            }
        }

        return [];
    }

    public function rowWithin(string $expressions, int $milliseconds): array
    {
        $this->limits[] = $milliseconds;
        usleep(1000 * $this->delayMs);

        return $this->rows('SELECT '.$expressions)[0] ?? [];
    }

    public function quote(string $value): string
    {
        return "'".addslashes($value)."'";
    }

    public function table(string $name): string
    {
        return '`ps_'.$name.'`';
    }

    public function lockName(string $name): string
    {
        return 'erpsync.test.'.$name;
    }

    public function inTransaction(): bool
    {
        return $this->open;
    }

    public function insertFields(string $table, array $fields, bool $emptyIsNull): void
    {
        $this->inserted[] = $table;
    }

    /**
     * The statements as one word each: START, EVENT <type>, COMMIT, ….
     *
     * @return list<string>
     */
    public function story(): array
    {
        $story = [];
        foreach ($this->statements as $statement) {
            if (preg_match("/erpsync_outbox.*?'((?:order|stock|product|customer)\\.[a-z_]+)'/s", $statement, $match) === 1) {
                $story[] = 'EVENT '.$match[1];
            } else {
                $story[] = explode(' ', $statement)[0];
            }
        }

        return $story;
    }
}
