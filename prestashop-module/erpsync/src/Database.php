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
     * The one row of `SELECT <expressions>`, which the server breaks off after the time: MariaDB then answers with what
     * there is, MySQL refuses (error 3024). A server that knows neither way does not break it off.
     *
     * @return array<string, null|float|int|string>
     *
     * @throws QueryFailed
     */
    public function rowWithin(string $expressions, int $milliseconds): array;

    /**
     * The value as a string literal, quotes included.
     */
    public function quote(string $value): string;

    /**
     * The shop's name for a table, in backticks: `orders` becomes `ps_orders`.
     */
    public function table(string $name): string;

    /**
     * A name for GET_LOCK that no other shop on this server uses; under the 64 characters that servers allow. The
     * sidecar builds the same (platform/named-lock.ts).
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
