<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Decides which row of `order_carrier` shows which parcel. It asks nobody and writes nothing, so it can be made again
 * after a crash at any place: what was done already is then no step any more.
 *
 * - A parcel keeps its row for as long as the row is there, whatever its number becomes.
 * - A new one takes the row that shows its number already (a person was faster, or we died before we took a note of it),
 *   else the order's own row, else one of a parcel that is gone, else a new row.
 * - The row of a parcel that is gone loses its number, unless somebody else has written another one there.
 */
final class ParcelPlan
{
    /** @var list<array{ref: string, tracking: string, row: int}> the parcels in their order; row 0 is one to be added */
    public $parcels = [];

    /** @var list<int> rows that lose their number */
    public $emptied = [];

    /** @var list<string> parcels that are gone */
    public $gone = [];

    /** @var array<int, string> rows that no parcel has, with their numbers */
    private $free;

    /**
     * @param list<array{ref: string, tracking: string}>           $parcels    all parcels of the order, the oldest first
     * @param array<int, string>                                   $numbers    see Parcels::numbersOf
     * @param list<array{ref: string, row: int, tracking: string}> $remembered
     */
    public function __construct(array $parcels, array $numbers, int $ownRow, array $remembered)
    {
        $this->free = $numbers;
        $refs = array_column($parcels, 'ref');
        $kept = [];
        $gone = [];
        foreach ($remembered as $one) {
            $place = array_search($one['ref'], $refs, true);
            if ($place === false) {
                $gone[] = $one;
            } elseif (isset($this->free[$one['row']])) {
                $kept[$place] = $one['row'];
                unset($this->free[$one['row']]);
            }
        }
        $rows = $this->place($parcels, $kept, array_merge([$ownRow], array_column($gone, 'row')));
        foreach ($parcels as $place => $parcel) {
            $this->parcels[] = $parcel + ['row' => $rows[$place] ?? 0];
        }
        foreach ($gone as $one) {
            $this->gone[] = $one['ref'];
            if ($one['tracking'] !== '' && ($this->free[$one['row']] ?? '') === $one['tracking']) {
                $this->emptied[] = $one['row'];
            }
        }
    }

    /**
     * Whether a parcel's number is to be shown that its row does not show.
     *
     * @param array<int, string> $numbers see Parcels::numbersOf
     */
    public function changed(array $numbers): bool
    {
        foreach ($this->parcels as $parcel) {
            if (($numbers[$parcel['row']] ?? '') !== $parcel['tracking']) {
                return true;
            }
        }

        return false;
    }

    /**
     * @param list<array{ref: string, tracking: string}> $parcels
     * @param array<int, int>                            $rows    the rows of known parcels, by their place
     * @param list<int>                                  $wanted  rows for parcels whose number no row shows, the best first
     *
     * @return array<int, int> the rows of all parcels that have one, by their place
     */
    private function place(array $parcels, array $rows, array $wanted): array
    {
        foreach ($parcels as $place => $parcel) {
            $row = array_search($parcel['tracking'], $this->free, true);
            if (!isset($rows[$place]) && $row !== false) {
                $rows[$place] = $row;
                unset($this->free[$row]);
            }
        }
        foreach (array_keys($parcels) as $place) {
            foreach ($wanted as $row) {
                if (!isset($rows[$place]) && isset($this->free[$row])) {
                    $rows[$place] = $row;
                    unset($this->free[$row]);
                }
            }
        }

        return $rows;
    }
}
