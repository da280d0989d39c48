<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What became of one command: done, unchanged, replayed, or rejected with a code and nothing done.
 */
final class Outcome
{
    /** @var array<string, mixed> */
    private $fields;

    /**
     * @param array<string, mixed> $fields
     */
    private function __construct(array $fields)
    {
        $this->fields = $fields;
    }

    /**
     * @param array<string, mixed> $data
     */
    public static function done(array $data = []): self
    {
        return new self(['outcome' => 'done'] + ($data === [] ? [] : ['data' => $data]));
    }

    public static function unchanged(): self
    {
        return new self(['outcome' => 'unchanged']);
    }

    /**
     * @param mixed $stored the answer given when the command finished
     */
    public static function replayed($stored): self
    {
        return new self(['outcome' => 'replayed'] + (is_array($stored) ? ['data' => $stored] : []));
    }

    /**
     * @param string $code unknown_command, unknown_order, unknown_state, invalid_argument, no_invoice or failed
     */
    public static function rejected(string $code, string $reason): self
    {
        return new self(['outcome' => 'rejected', 'code' => $code, 'reason' => $reason]);
    }

    /**
     * @return array<string, mixed>
     */
    public function fields(): array
    {
        return $this->fields;
    }
}
