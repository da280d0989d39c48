<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\QueryFailed;

/**
 * Carries out a batch. Each command is executed once by its id and checked against the shop's state, since
 * PrestaShop commits statement by statement and may die between any two of them.
 */
final class Executor
{
    /** @var Journal */
    private $journal;

    /** @var Orders */
    private $orders;

    /** @var Announcement */
    private $announcement;

    /** @var Tracking */
    private $tracking;

    /** @var InvoiceNumber */
    private $invoiceNumber;

    /** @var callable(): array<string, mixed> */
    private $describe;

    /**
     * @param callable(): array<string, mixed> $describe what the shop says of itself
     */
    public function __construct(
        Journal $journal,
        Orders $orders,
        Parcels $parcels,
        Invoices $invoices,
        Stock $stock,
        callable $describe
    ) {
        $this->journal = $journal;
        $this->orders = $orders;
        $this->announcement = new Announcement($journal, $stock);
        $this->tracking = new Tracking($journal, $orders, $parcels);
        $this->invoiceNumber = new InvoiceNumber($journal, $orders, $invoices);
        $this->describe = $describe;
    }

    /**
     * @param list<array{id: string, type: string, arguments: array<mixed>}> $commands
     *
     * @return list<array<string, mixed>> one answer a command, in order
     */
    public function execute(array $commands): array
    {
        $results = [];
        foreach ($commands as $command) {
            try {
                $outcome = $this->one($command);
            } catch (\Throwable $error) {
                // The command stays `started`: the next request with this id compares the shop's state. The message
                // may quote a customer's data, so only the kind of the error leaves the shop.
                $outcome = Outcome::rejected('failed', $error instanceof QueryFailed ? $error->cause() : get_class($error));
            }
            $results[] = ['id' => $command['id']] + $outcome->fields();
        }

        return $results;
    }

    /**
     * @param array{id: string, type: string, arguments: array<mixed>} $command
     *
     * @throws QueryFailed
     */
    private function one(array $command): Outcome
    {
        switch ($command['type']) {
            case 'shop.describe':
                return Outcome::done(($this->describe)());

            case 'order.set_status':
                return $this->setStatus($command['id'], $command['arguments']);

            case 'order.set_tracking':
                return $this->tracking->carryOut($command['id'], $command['arguments']);

            case 'order.set_invoice':
                return $this->invoiceNumber->carryOut($command['id'], $command['arguments']);

            case 'stock.announce':
                return $this->announcement->carryOut($command['id'], $command['arguments']);

            default:
                return Outcome::rejected('unknown_command', 'This module knows no command of that type.');
        }
    }

    /**
     * @param array<mixed> $arguments
     *
     * @throws QueryFailed
     */
    private function setStatus(string $id, array $arguments): Outcome
    {
        $orderId = $arguments['order'] ?? null;
        $stateId = $arguments['state'] ?? null;
        if (!is_int($orderId) || !is_int($stateId) || $orderId < 1 || $stateId < 1) {
            return Outcome::rejected('invalid_argument', 'order and state are positive whole numbers.');
        }
        if (!$this->journal->lock('order.'.$orderId)) {
            return Outcome::rejected('failed', 'Another request is working on this order.');
        }

        try {
            return $this->setStatusLocked($id, $orderId, $stateId);
        } finally {
            $this->journal->unlock('order.'.$orderId);
        }
    }

    /**
     * @throws QueryFailed
     */
    private function setStatusLocked(string $id, int $orderId, int $stateId): Outcome
    {
        $found = $this->journal->find($id);
        if ($found !== null && $found['finished']) {
            return Outcome::replayed($found['note']);
        }
        $state = $this->orders->stateOf($orderId);
        if ($state === null) {
            return Outcome::rejected('unknown_order', 'The shop has no such order.');
        }
        if (!$this->orders->hasState($stateId)) {
            return Outcome::rejected('unknown_state', 'The shop has no such order state.');
        }
        if ($found !== null) {
            return $this->resume($id, $found['note'], $orderId, $state, $stateId);
        }
        $this->journal->start($id, 'order.set_status', ['history' => $this->orders->lastHistoryId($orderId)]);

        return $this->finish($id, $state === $stateId ? Outcome::unchanged() : $this->apply($orderId, $stateId));
    }

    /**
     * The one who started this died. The history row is written after everything but the mail, so:
     * - with it, the state was given and the mail sent, or lost with the process; sending again could make two;
     * - without it, no mail of this state went out. PrestaShop's steps up to there can be repeated, except that a
     *   change into or out of cancelled and error moves stock line by line: that one is left to a person.
     *
     * @param array<mixed> $note
     *
     * @throws QueryFailed
     */
    private function resume(string $id, array $note, int $orderId, int $state, int $stateId): Outcome
    {
        $historyBefore = $note['history'] ?? 0;
        if ($this->orders->wasGivenSince($orderId, $stateId, is_int($historyBefore) ? $historyBefore : 0)) {
            return $this->finish($id, Outcome::done(['resumed' => true]));
        }
        if ($state !== $stateId && $this->orders->movesStock($state, $stateId)) {
            return Outcome::rejected('failed', 'Interrupted while stock may have moved; a person has to look at it.');
        }

        return $this->finish($id, $this->apply($orderId, $stateId));
    }

    private function apply(int $orderId, int $stateId): Outcome
    {
        return Outcome::done($this->orders->setState($orderId, $stateId));
    }

    /**
     * @throws QueryFailed
     */
    private function finish(string $id, Outcome $outcome): Outcome
    {
        $this->journal->finish($id, $outcome);

        return $outcome;
    }
}
