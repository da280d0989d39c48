<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;
use Erpsync\QueryFailed;

/**
 * What is told of stock, and when: every change by a writer that the sidecar cannot know from the order lines.
 */
final class StockRecorder
{
    /** @var Database */
    private $database;

    /** @var callable(Event): void */
    private $write;

    /** @var StockMoves */
    private $moves;

    /** @var array<int, StockMove> by the row's id: rows whose product or combination is being deleted */
    private $leaving = [];

    /**
     * @param callable(Event): void $write
     */
    public function __construct(Database $database, callable $write)
    {
        $this->database = $database;
        $this->write = $write;
        $this->moves = new StockMoves();
    }

    public function rowWritten(\StockAvailable $row, bool $isNew): void
    {
        $this->moves->hold(self::signed(StockMove::written($row, $isNew)), microtime(true));
    }

    public function rowDeleted(\StockAvailable $row): void
    {
        $this->tell(self::signed(StockMove::removed([
            'id_product' => (int) $row->id_product,
            'id_product_attribute' => (int) $row->id_product_attribute,
            'id_shop' => (int) $row->id_shop,
            'quantity' => (int) $row->quantity,
            'id_stock_available' => (int) $row->id,
        ])));
    }

    public function told(StockMove $told): void
    {
        $this->tell($this->moves->complete(self::signed($told)));
    }

    /**
     * PrestaShop deletes the rows of a product or combination by SQL, just after this: they are looked up now, and
     * told once they are gone. In several shops some may stay.
     *
     * @throws QueryFailed
     */
    public function rowsLeave(int $productId, ?int $combinationId): void
    {
        $sql = 'SELECT id_stock_available, id_product, id_product_attribute, id_shop, quantity FROM '
            .$this->database->table('stock_available').' WHERE id_product = '.$productId
            .($combinationId === null ? '' : ' AND id_product_attribute = '.$combinationId);
        foreach ($this->database->rows($sql) as $row) {
            $this->leaving[(int) $row['id_stock_available']] = self::signed(StockMove::removed($row));
        }
    }

    /**
     * @throws QueryFailed
     */
    public function catchUp(float $now): void
    {
        $this->tellGone();
        foreach ($this->moves->release($now) as $move) {
            $this->tell($move);
        }
    }

    /**
     * @throws QueryFailed
     */
    private function tellGone(): void
    {
        if ($this->leaving === []) {
            return;
        }
        $sql = 'SELECT id_stock_available AS id FROM '.$this->database->table('stock_available')
            .' WHERE id_stock_available IN ('.implode(', ', array_keys($this->leaving)).')';
        $staying = array_map(static function (array $row): int {
            return (int) ($row['id'] ?? 0);
        }, $this->database->rows($sql));
        foreach ($this->leaving as $id => $move) {
            if (!in_array($id, $staying, true)) {
                unset($this->leaving[$id]);
                $this->tell($move);
            }
        }
    }

    private function tell(StockMove $move): void
    {
        // A row that was empty when it went has moved nothing.
        if ($move->deltaUnits !== 0) {
            ($this->write)($move->event());
        }
    }

    private static function signed(StockMove $move): StockMove
    {
        $move->writer = Writer::name();
        $move->employeeId = Writer::employeeId();

        return $move;
    }
}
