<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Joins what two hooks tell of one change of a stock row. The row's own hook comes first, for every writer, and knows
 * the row; `actionUpdateQuantity` comes later, for most writers, and knows by how much. So a change is held until the
 * second hook completes it. Those whose second hook never comes (webservice, items of a pack, packs that an item's
 * sale lowers) are told without it, after a second or when the request ends.
 *
 * Of a combination, its own row is written first, then its product's, and the second hooks come the other way round.
 */
final class StockMoves
{
    private const HELD_SECONDS = 1.0;

    /** A process that writes row after row, each without its second hook, holds no more than these. */
    private const HELD_MAX = 200;

    /** @var list<array{move: StockMove, at: float}> in the order of the writes */
    private $held = [];

    public function hold(StockMove $move, float $now): void
    {
        $this->held[] = ['move' => $move, 'at' => $now];
    }

    /**
     * The second hook of a change.
     *
     * @return StockMove what to tell: the change that was held, with its delta, or what the second hook says
     */
    public function complete(StockMove $told): StockMove
    {
        for ($place = count($this->held) - 1; $place >= 0; --$place) {
            $move = $this->held[$place]['move'];
            if ($move->isOf($told)) {
                array_splice($this->held, $place, 1);
                $move->deltaUnits = $told->deltaUnits ?? $move->deltaUnits;

                return $move;
            }
        }

        return $told;
    }

    /**
     * @return list<StockMove> the changes that waited for long enough; they are the caller's from now on
     */
    public function release(float $now): array
    {
        $due = [];
        while ($this->held !== []
            && (count($this->held) > self::HELD_MAX || $now - $this->held[0]['at'] >= self::HELD_SECONDS)
        ) {
            $due[] = array_shift($this->held)['move'];
        }

        return $due;
    }
}
