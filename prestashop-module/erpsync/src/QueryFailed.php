<?php

declare(strict_types=1);

namespace Erpsync;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * The server refused a statement. `errno` is the server's number, 0 where the shop hid it. The message leaves out
 * the server's text, which may quote a customer's data.
 */
final class QueryFailed extends \RuntimeException
{
    public const DUPLICATE_KEY = 1062;
    public const TRANSACTION_OPEN = 1568;

    private const CAUSES = [
        1021 => 'disk_full',
        1114 => 'disk_full',
        1142 => 'access_denied',
        1146 => 'table_missing',
        1205 => 'lock_wait',
        1213 => 'deadlock',
        1290 => 'read_only',
        1792 => 'read_only',
        1836 => 'read_only',
        1969 => 'wait_limit',
        2006 => 'connection_lost',
        2013 => 'connection_lost',
        3024 => 'wait_limit',
        3058 => 'deadlock',
    ];

    /** @var int */
    private $errno;

    public function __construct(int $errno, ?\Throwable $previous = null)
    {
        parent::__construct('The database answered with error '.$errno, $errno, $previous);
        $this->errno = $errno;
    }

    public function errno(): int
    {
        return $this->errno;
    }

    /**
     * A word for the loss log: table_missing, disk_full, …; anything unforeseen is `sql_<number>`.
     */
    public function cause(): string
    {
        return self::CAUSES[$this->errno] ?? 'sql_'.$this->errno;
    }
}
