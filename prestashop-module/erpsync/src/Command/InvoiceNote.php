<?php

declare(strict_types=1);

namespace Erpsync\Command;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * The ERP's number in the note of an invoice: one line of its own, beside whatever people wrote there. The note is
 * printed on the invoice.
 */
final class InvoiceNote
{
    private const LABEL = 'ERP invoice: ';

    /**
     * The note with the number on our line, which is the last one where there was none yet. The same note comes back
     * where it says so already.
     */
    public static function with(string $note, string $number): string
    {
        // As PrestaShop's HTML purifier stores it.
        $line = self::LABEL.htmlspecialchars($number, ENT_NOQUOTES);
        $ours = '/^'.preg_quote(self::LABEL, '/').'.*?(?=\s*$)/mD';
        if (preg_match($ours, $note) === 1) {
            return (string) preg_replace_callback($ours, static function () use ($line): string {
                return $line;
            }, $note, 1);
        }

        return $note === '' ? $line : rtrim($note, "\r\n")."\n".$line;
    }
}
