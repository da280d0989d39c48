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

        // @var list<array<string, null|float|int|string>> $rows is what Db::executeS documents for a SELECT.
        return is_array($rows) ? $rows : [];
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
        return 'erpsync.'.substr(sha1(_DB_NAME_.'.'._DB_PREFIX_), 0, 12).'.'.$name;
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
            if ($cause instanceof \PDOException && isset($cause->errorInfo[1]) && is_numeric($cause->errorInfo[1])) {
                return (int) $cause->errorInfo[1];
            }
        }

        return (int) $this->db->getNumberError();
    }
}
