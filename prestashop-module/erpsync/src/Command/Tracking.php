<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\QueryFailed;

/**
 * Carries out `order.set_tracking`. The shop's rows are compared with the parcels, and only what differs is written; the
 * listeners are told once, behind the last row.
 */
final class Tracking
{
    public const PARCELS_MAX = 500;

    private const REF = '/^[A-Za-z0-9_-]{1,96}$/D';

    /** What Validate::isTrackingNumber lets through, in the length of the column. */
    private const NUMBER = '/^[~:#,%&_=()\[\].? +\-@\/a-zA-Z0-9]{1,64}$/D';

    /** @var Journal */
    private $journal;

    /** @var Orders */
    private $orders;

    /** @var Parcels */
    private $parcels;

    public function __construct(Journal $journal, Orders $orders, Parcels $parcels)
    {
        $this->journal = $journal;
        $this->orders = $orders;
        $this->parcels = $parcels;
    }

    /**
     * @param array<mixed> $arguments
     *
     * @throws QueryFailed
     */
    public function carryOut(string $id, array $arguments): Outcome
    {
        $orderId = $arguments['order'] ?? null;
        $parcels = self::parcels($arguments['parcels'] ?? null);
        if (!is_int($orderId) || $orderId < 1 || $parcels === null) {
            return Outcome::rejected('invalid_argument', 'order is a positive whole number, and parcels a list of up to '
                .self::PARCELS_MAX.' objects: ref, each once, of 1 to 96 letters, digits, _ and -; tracking, 1 to 64'
                .' characters that PrestaShop takes for a tracking number.');
        }
        if (!$this->journal->lock('order.'.$orderId)) {
            return Outcome::rejected('failed', 'Another request is working on this order.');
        }

        try {
            return $this->carryOutLocked($id, $orderId, $parcels);
        } finally {
            $this->journal->unlock('order.'.$orderId);
        }
    }

    /**
     * @param list<array{ref: string, tracking: string}> $parcels
     *
     * @throws QueryFailed
     */
    private function carryOutLocked(string $id, int $orderId, array $parcels): Outcome
    {
        $found = $this->journal->find($id);
        if ($found !== null && $found['finished']) {
            return Outcome::replayed($found['note']);
        }
        if ($this->orders->stateOf($orderId) === null) {
            return Outcome::rejected('unknown_order', 'The shop has no such order.');
        }
        if ($found === null) {
            $this->journal->start($id, 'order.set_tracking', []);
        }
        $note = $found['note'] ?? [];
        $numbers = $this->parcels->numbersOf($orderId);
        $ownRow = $this->parcels->ownRowOf($orderId);
        $plan = new ParcelPlan($parcels, $numbers, $ownRow, $this->parcels->rememberedOf($orderId));
        $changed = $plan->changed($numbers);
        // Before the first row: who takes an interrupted command up may find all rows written and nobody told.
        if ($changed && !isset($note['tell'])) {
            $note = ['tell' => true];
            $this->journal->note($id, $note);
        }
        $rows = $this->write($orderId, $plan, $numbers, $ownRow);
        if (isset($note['tell']) && !isset($note['told'])) {
            $this->journal->note($id, ['tell' => true, 'told' => true]);
            $this->parcels->tell($orderId);
        }
        $isSame = $note === [] && $plan->emptied === [];
        $outcome = $isSame ? Outcome::unchanged() : Outcome::done(['rows' => $rows]);
        $this->journal->finish($id, $outcome);

        return $outcome;
    }

    /**
     * @param array<int, string> $numbers
     *
     * @return list<array{ref: string, row: int}>
     */
    private function write(int $orderId, ParcelPlan $plan, array $numbers, int $ownRow): array
    {
        foreach ($plan->emptied as $row) {
            $this->parcels->setNumber($row, '');
        }
        foreach ($plan->gone as $ref) {
            $this->parcels->forget($orderId, $ref);
        }
        $rows = [];
        foreach ($plan->parcels as $parcel) {
            $row = $parcel['row'];
            if ($row === 0) {
                $row = $this->parcels->addRow($orderId, $ownRow, $parcel['tracking']);
            } elseif (($numbers[$row] ?? '') !== $parcel['tracking']) {
                $this->parcels->setNumber($row, $parcel['tracking']);
            }
            $this->parcels->remember($orderId, $parcel['ref'], $row, $parcel['tracking']);
            $rows[] = ['ref' => $parcel['ref'], 'row' => $row];
        }

        return $rows;
    }

    /**
     * @param mixed $given
     *
     * @return null|list<array{ref: string, tracking: string}> null where it has not the form that it must have
     */
    private static function parcels($given): ?array
    {
        if (!is_array($given) || count($given) > self::PARCELS_MAX) {
            return null;
        }
        $parcels = [];
        foreach ($given as $one) {
            $ref = is_array($one) ? ($one['ref'] ?? null) : null;
            $tracking = is_array($one) ? ($one['tracking'] ?? null) : null;
            if (!is_string($ref) || !is_string($tracking)) {
                return null;
            }
            if (preg_match(self::REF, $ref) !== 1 || preg_match(self::NUMBER, $tracking) !== 1) {
                return null;
            }
            $parcels[] = ['ref' => $ref, 'tracking' => $tracking];
        }
        $refs = array_column($parcels, 'ref');

        return count($refs) === count(array_flip($refs)) ? $parcels : null;
    }
}
