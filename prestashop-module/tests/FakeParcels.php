<?php

declare(strict_types=1);

namespace Erpsync\Tests;

use Erpsync\Command\Parcels;

/**
 * The rows of one order, and a process that dies on demand before its nth write.
 */
final class FakeParcels implements Parcels
{
    /** @var list<string> what was written, and whether anybody was told */
    public array $story = [];

    public int $ownRow = 1;

    public int $diesAtWrite = PHP_INT_MAX;

    /** @var array<string, array{ref: string, row: int, tracking: string}> */
    private array $remembered = [];

    /**
     * @param array<int, string> $numbers
     */
    public function __construct(public array $numbers = [1 => '']) {}

    public function numbersOf(int $orderId): array
    {
        return $this->numbers;
    }

    public function ownRowOf(int $orderId): int
    {
        return $this->ownRow;
    }

    public function rememberedOf(int $orderId): array
    {
        return array_values($this->remembered);
    }

    public function remember(int $orderId, string $ref, int $row, string $tracking): void
    {
        $this->live();
        $this->remembered['#'.$ref] = ['ref' => $ref, 'row' => $row, 'tracking' => $tracking];
    }

    public function forget(int $orderId, string $ref): void
    {
        $this->live();
        unset($this->remembered['#'.$ref]);
    }

    public function setNumber(int $row, string $tracking): void
    {
        $this->live();
        $this->numbers[$row] = $tracking;
        $this->story[] = "set {$row} {$tracking}";
    }

    public function addRow(int $orderId, int $ownRow, string $tracking): int
    {
        $this->live();
        $row = $this->numbers === [] ? 1 : max(array_keys($this->numbers)) + 1;
        $this->numbers[$row] = $tracking;
        $this->story[] = "add {$row} {$tracking}";

        return $row;
    }

    public function tell(int $orderId): void
    {
        $this->live();
        $this->story[] = 'tell';
    }

    private function live(): void
    {
        if (--$this->diesAtWrite < 0) {
            throw new \RuntimeException('The process is dead');
        }
    }
}
