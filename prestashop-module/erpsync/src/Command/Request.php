<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What arrived, before anything of it is believed.
 */
final class Request
{
    public const BODY_BYTES_MAX = 262144;

    /** @var string */
    public $method;

    /** @var string path and query exactly as sent */
    public $path;

    /** @var string */
    public $timestamp;

    /** @var string */
    public $nonce;

    /** @var string */
    public $signature;

    /** @var string at most one byte more than BODY_BYTES_MAX */
    public $body;

    public function __construct(
        string $method,
        string $path,
        string $timestamp,
        string $nonce,
        string $signature,
        string $body
    ) {
        $this->method = $method;
        $this->path = $path;
        $this->timestamp = $timestamp;
        $this->nonce = $nonce;
        $this->signature = $signature;
        $this->body = $body;
    }

    /**
     * @param array<mixed> $server $_SERVER
     */
    public static function fromServer(array $server, string $bodyFile = 'php://input'): self
    {
        // One byte over the limit is enough to know, and a huge body is never held in memory.
        $body = file_get_contents($bodyFile, false, null, 0, self::BODY_BYTES_MAX + 1);

        return new self(
            self::text($server, 'REQUEST_METHOD'),
            self::text($server, 'REQUEST_URI'),
            self::text($server, 'HTTP_X_ERPSYNC_TIMESTAMP'),
            self::text($server, 'HTTP_X_ERPSYNC_NONCE'),
            self::text($server, 'HTTP_X_ERPSYNC_SIGNATURE'),
            $body === false ? '' : $body
        );
    }

    /**
     * @param array<mixed> $server
     */
    private static function text(array $server, string $key): string
    {
        $value = $server[$key] ?? '';

        return is_string($value) ? $value : '';
    }
}
