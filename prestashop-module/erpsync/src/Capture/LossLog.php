<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Counts by cause what could not be done: events that were not written, checkouts that went on without their locks. A
 * file, because the database is what has just failed. One JSON line each, with the subject but nothing of a person; the
 * sweep of the sidecar brings what was lost.
 */
final class LossLog
{
    /** Above this size the lines are folded into one line of counts, so that the file stays small for good. */
    private const BYTES_MAX = 262144;

    /** @var list<string> the first one that can be written takes the line */
    private $files;

    /**
     * @param list<string> $files
     */
    public function __construct(array $files)
    {
        $this->files = $files;
    }

    public static function ofShop(string $root): self
    {
        return self::named('erpsync-losses', $root);
    }

    /**
     * Checkouts that went on without the locks of all their products.
     */
    public static function ofUnlockedCheckouts(string $root): self
    {
        return self::named('erpsync-unlocked', $root);
    }

    /**
     * Never throws: it is the last thing that is tried.
     */
    public function add(string $cause, string $type, string $subject): void
    {
        $line = (string) json_encode([
            'at' => gmdate('Y-m-d\TH:i:s\Z'),
            'cause' => $cause,
            'type' => $type,
            'subject' => $subject,
        ]);
        foreach ($this->files as $file) {
            if ($this->append($file, $line)) {
                return;
            }
        }
        error_log('erpsync: '.$line);
    }

    /**
     * @return array{count: int, byCause: array<string, int>, lastAt: null|string}
     */
    public function summary(): array
    {
        $content = '';
        foreach ($this->files as $file) {
            $content .= is_readable($file) ? (string) file_get_contents($file)."\n" : '';
        }

        return self::count($content);
    }

    /**
     * The shop's log folder, or the system's folder for temporary files where that one cannot be written.
     */
    private static function named(string $name, string $root): self
    {
        return new self([
            $root.'/var/logs/'.$name.'.log',
            sys_get_temp_dir().'/'.$name.'-'.substr(sha1($root), 0, 12).'.log',
        ]);
    }

    private function append(string $file, string $line): bool
    {
        $handle = @fopen($file, 'c+b');
        if ($handle === false) {
            return false;
        }

        try {
            flock($handle, LOCK_EX);
            $size = fstat($handle)['size'] ?? 0;
            if ($size > self::BYTES_MAX) {
                $folded = (string) json_encode(['folded' => self::count((string) stream_get_contents($handle))]);
                ftruncate($handle, 0);
                rewind($handle);
                fwrite($handle, $folded."\n");
            }
            fseek($handle, 0, SEEK_END);

            return fwrite($handle, $line."\n") === strlen($line) + 1;
        } finally {
            fclose($handle);
        }
    }

    /**
     * @return array{count: int, byCause: array<string, int>, lastAt: null|string}
     */
    private static function count(string $lines): array
    {
        $count = 0;
        $byCause = [];
        $lastAt = null;
        foreach (explode("\n", $lines) as $line) {
            $entry = json_decode($line, true);
            if (!is_array($entry)) {
                continue;
            }
            $folded = $entry['folded'] ?? null;
            $causes = is_array($folded) ? ($folded['byCause'] ?? []) : [self::text($entry['cause'] ?? null) => 1];
            $at = self::text(is_array($folded) ? ($folded['lastAt'] ?? null) : ($entry['at'] ?? null));
            foreach (is_array($causes) ? $causes : [] as $cause => $times) {
                $times = is_int($times) ? $times : 0;
                $count += $times;
                $byCause[(string) $cause] = ($byCause[(string) $cause] ?? 0) + $times;
            }
            $lastAt = max($lastAt ?? '', $at);
        }
        ksort($byCause);

        return ['count' => $count, 'byCause' => $byCause, 'lastAt' => $lastAt === '' ? null : $lastAt];
    }

    /**
     * @param mixed $value
     */
    private static function text($value): string
    {
        return is_string($value) ? $value : '';
    }
}
