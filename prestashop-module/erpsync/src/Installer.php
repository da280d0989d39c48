<?php

declare(strict_types=1);

namespace Erpsync;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Makes the tables. They are never dropped here: uninstalling, which "reset" in the back office is too, only ends
 * the hooks, and what was recorded stays as evidence. `erpsync purge` of the sidecar removes it.
 */
final class Installer
{
    /** @var Database */
    private $database;

    public function __construct(Database $database)
    {
        $this->database = $database;
    }

    /**
     * Runs sql/install.sql, each statement of which can be repeated.
     *
     * @throws QueryFailed
     */
    public function createTables(string $file): void
    {
        foreach (self::statements((string) file_get_contents($file), _DB_PREFIX_) as $statement) {
            $this->database->execute($statement);
        }
    }

    /**
     * @return list<string>
     */
    public static function statements(string $sql, string $prefix): array
    {
        $code = (string) preg_replace('/^\s*--.*$/m', '', $sql);
        $parts = preg_split('/;\s*$/m', str_replace('PREFIX_', $prefix, $code));

        $statements = [];
        foreach ($parts === false ? [] : $parts as $part) {
            if (trim($part) !== '') {
                $statements[] = trim($part);
            }
        }

        return $statements;
    }
}
