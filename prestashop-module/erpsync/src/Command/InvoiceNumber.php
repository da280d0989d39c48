<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\QueryFailed;

/**
 * Carries out `order.set_invoice`.
 */
final class InvoiceNumber
{
    /** Something to read on one line. */
    private const NUMBER = '/^(?! )[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/uD';

    private const CHARACTERS_MAX = 64;

    /** @var Journal */
    private $journal;

    /** @var Orders */
    private $orders;

    /** @var Invoices */
    private $invoices;

    public function __construct(Journal $journal, Orders $orders, Invoices $invoices)
    {
        $this->journal = $journal;
        $this->orders = $orders;
        $this->invoices = $invoices;
    }

    /**
     * @param array<mixed> $arguments
     *
     * @throws QueryFailed
     */
    public function carryOut(string $id, array $arguments): Outcome
    {
        $orderId = $arguments['order'] ?? null;
        $number = $arguments['number'] ?? null;
        if (!is_int($orderId) || $orderId < 1 || !is_string($number) || !self::isNumber($number)) {
            return Outcome::rejected('invalid_argument', 'order is a positive whole number, and number 1 to '
                .self::CHARACTERS_MAX.' characters of one line.');
        }
        if (!$this->journal->lock('order.'.$orderId)) {
            return Outcome::rejected('failed', 'Another request is working on this order.');
        }

        try {
            return $this->carryOutLocked($id, $orderId, $number);
        } finally {
            $this->journal->unlock('order.'.$orderId);
        }
    }

    /**
     * @throws QueryFailed
     */
    private function carryOutLocked(string $id, int $orderId, string $number): Outcome
    {
        $found = $this->journal->find($id);
        if ($found !== null && $found['finished']) {
            return Outcome::replayed($found['note']);
        }
        if ($this->orders->stateOf($orderId) === null) {
            return Outcome::rejected('unknown_order', 'The shop has no such order.');
        }
        $invoice = $this->invoices->newestOf($orderId);
        if ($invoice === null) {
            return Outcome::rejected('no_invoice', 'The shop has made no invoice of this order yet.');
        }
        if ($found === null) {
            $this->journal->start($id, 'order.set_invoice', []);
        }
        $note = InvoiceNote::with($invoice['note'], $number);
        $outcome = Outcome::unchanged();
        if ($note !== $invoice['note']) {
            $this->invoices->setNote($invoice['id'], $note);
            $outcome = Outcome::done(['invoice' => $invoice['id']]);
        }
        $this->journal->finish($id, $outcome);

        return $outcome;
    }

    private static function isNumber(string $number): bool
    {
        return strlen($number) <= self::CHARACTERS_MAX && preg_match(self::NUMBER, $number) === 1;
    }
}
