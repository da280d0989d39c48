<?php

declare(strict_types=1);

namespace Erpsync;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What the module asks of the shop's database. One connection: the one that PrestaShop writes its orders on, since
 * a row shares a transaction only with rows of its own connection.
 */
interface Database
{
    /**
     * @throws QueryFailed
     */
    public function execute(string $sql): void;

    /**
     * How many rows the last `execute` touched.
     */
    public function affectedRows(): int;

    /**
     * @return list<array<string, null|float|int|string>>
     *
     * @throws QueryFailed
     */
    public function rows(string $sql): array;

    /**
     * The value as a string literal, quotes included.
     */
    public function quote(string $value): string;

    /**
     * The shop's name for a table, in backticks: `orders` becomes `ps_orders`.
     */
    public function table(string $name): string;

    /**
     * A name for GET_LOCK that no other shop on this server uses; under the 64 characters that servers allow.
     */
    public function lockName(string $name): string;

    /**
     * Whether a transaction is open on the connection, whoever opened it.
     *
     * @throws QueryFailed
     */
    public function inTransaction(): bool;

    /**
     * Writes a row out of an object's own fields, as PrestaShop's ObjectModel::add does.
     *
     * @param array<string, mixed> $fields
     *
     * @throws QueryFailed
     */
    public function insertFields(string $table, array $fields, bool $emptyIsNull): void;
}
