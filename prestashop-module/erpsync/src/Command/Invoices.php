<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * What the ERP's invoice number asks of the shop.
 */
interface Invoices
{
    /**
     * @return null|array{id: int, note: string} the order's newest invoice; null where the shop has made none
     */
    public function newestOf(int $orderId): ?array;

    /**
     * Writes an invoice's note, and nothing else of it: its number may be given by another request just now.
     */
    public function setNote(int $invoiceId, string $note): void;
}
