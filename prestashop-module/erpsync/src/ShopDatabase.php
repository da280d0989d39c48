<?php

declare(strict_types=1);

namespace Erpsync;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * The database behind PrestaShop's own `Db`. Under PHP 8 PrestaShop throws on an SQL error, under PHP 7 it returns
 * false; both become a QueryFailed with the server's number.
 */
final class ShopDatabase implements Database
{
    /** @var \Db */
    private $db;

    public function __construct(\Db $db)
    {
        $this->db = $db;
    }

    public function execute(string $sql): void
    {
        $this->attempt(function () use ($sql) {
            return $this->db->execute($sql, false);
        });
    }

    public function affectedRows(): int
    {
        return (int) $this->db->Affected_Rows();
    }

    public function rows(string $sql): array
    {
        $rows = $this->attempt(function () use ($sql) {
            return $this->db->executeS($sql, true, false);
        });

        $clean = [];
        foreach (is_array($rows) ? $rows : [] as $row) {
            $clean[] = self::row(is_array($row) ? $row : []);
        }

        return $clean;
    }

    public function rowWithin(string $expressions, int $milliseconds): array
    {
        $seconds = number_format($milliseconds / 1000, 3, '.', '');
        // MariaDB reads the first comment and skips the second, MySQL the other way round. Not `executeS`, which lets
        // nothing pass that does not begin with SELECT.
        $sql = "/*M!100300 SET STATEMENT max_statement_time={$seconds} FOR */ SELECT /*+ MAX_EXECUTION_TIME({$milliseconds}) */ "
            .$expressions;
        $row = $this->attempt(function () use ($sql) {
            $result = $this->db->query($sql);

            return is_object($result) ? $this->db->nextRow($result) : false;
        });

        return self::row(is_array($row) ? $row : []);
    }

    public function quote(string $value): string
    {
        // The second argument keeps tags and quotes as they are: what is stored is data, never printed unescaped.
        return "'".$this->db->escape($value, true)."'";
    }

    public function table(string $name): string
    {
        return '`'._DB_PREFIX_.$name.'`';
    }

    public function lockName(string $name): string
    {
        return 'erpsync.'.substr(hash('sha256', _DB_NAME_."\n"._DB_PREFIX_), 0, 12).'.'.$name;
    }

    /**
     * Under PHP 8 PDO reads the state out of the server's last answer, a transaction that was opened by SQL included
     * (tried on MariaDB 10.11 and MySQL 9.7), at no cost. Under PHP 7 PDO only knows its own beginTransaction; there
     * the server is asked with a statement that it refuses inside a transaction (error 1568, MySQL and MariaDB) and
     * that otherwise says of the next transaction what is the default anyway.
     */
    public function inTransaction(): bool
    {
        $link = $this->db->getLink();
        if ($link instanceof \PDO && (PHP_VERSION_ID >= 80000 || $link->inTransaction())) {
            return $link->inTransaction();
        }

        return $this->isTransactionRefused();
    }

    public function insertFields(string $table, array $fields, bool $emptyIsNull): void
    {
        $this->attempt(function () use ($table, $fields, $emptyIsNull) {
            return $this->db->insert($table, $fields, $emptyIsNull, false);
        });
    }

    /**
     * @throws QueryFailed
     */
    public function isTransactionRefused(): bool
    {
        try {
            $this->execute('SET TRANSACTION READ WRITE');
        } catch (QueryFailed $failure) {
            if ($failure->errno() === QueryFailed::TRANSACTION_OPEN) {
                return true;
            }

            throw $failure;
        }

        return false;
    }

    /**
     * Under PHP 7 all values are text, under PHP 8.1 numbers are numbers.
     *
     * @param array<mixed> $values
     *
     * @return array<string, null|float|int|string>
     */
    private static function row(array $values): array
    {
        $row = [];
        foreach ($values as $column => $value) {
            $row[(string) $column] = is_int($value) || is_float($value) || is_string($value) ? $value : null;
        }

        return $row;
    }

    /**
     * @param callable(): mixed $query
     *
     * @return mixed
     *
     * @throws QueryFailed
     */
    private function attempt(callable $query)
    {
        try {
            $result = $query();
        } catch (\Throwable $error) {
            throw new QueryFailed($this->errnoOf($error), $error);
        }
        if ($result === false) {
            throw new QueryFailed((int) $this->db->getNumberError());
        }

        return $result;
    }

    private function errnoOf(\Throwable $error): int
    {
        for ($cause = $error; $cause !== null; $cause = $cause->getPrevious()) {
            $info = $cause instanceof \PDOException ? $cause->errorInfo : null;
            $errno = is_array($info) ? ($info[1] ?? null) : null;
            if (is_numeric($errno)) {
                return (int) $errno;
            }
        }

        return (int) $this->db->getNumberError();
    }
}
