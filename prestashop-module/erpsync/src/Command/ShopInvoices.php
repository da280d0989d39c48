<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

use Erpsync\Database;

/**
 * Invoices through PrestaShop's own class, as the back office writes a note (UpdateInvoiceNoteHandler, 8.2.1).
 */
final class ShopInvoices implements Invoices
{
    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    public function newestOf(int $orderId): ?array
    {
        $invoices = $this->database->table('order_invoice');
        $rows = $this->database->rows(
            "SELECT id_order_invoice AS id, note FROM {$invoices} WHERE id_order = {$orderId}"
            .' ORDER BY id_order_invoice DESC LIMIT 1'
        );

        return $rows === [] ? null : ['id' => (int) ($rows[0]['id'] ?? 0), 'note' => (string) ($rows[0]['note'] ?? '')];
    }

    public function setNote(int $invoiceId, string $note): void
    {
        $invoice = new \OrderInvoice($invoiceId);
        $invoice->setFieldsToUpdate(['note' => true]);
        $invoice->note = $note;
        if ($invoice->update() !== true) {
            throw new \RuntimeException('The note was not written');
        }
    }
}
