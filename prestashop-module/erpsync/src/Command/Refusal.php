<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * A request that is turned away as a whole, with nothing done.
 */
final class Refusal extends \RuntimeException
{
    /** @var int */
    private $status;

    /** @var null|string */
    private $detail;

    public function __construct(int $status, string $error, ?string $detail = null)
    {
        parent::__construct($error);
        $this->status = $status;
        $this->detail = $detail;
    }

    public function status(): int
    {
        return $this->status;
    }

    /**
     * @return array<string, string>
     */
    public function body(): array
    {
        $body = ['error' => $this->getMessage()];

        return $this->detail === null ? $body : $body + ['detail' => $this->detail];
    }
}
