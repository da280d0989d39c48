<?php

declare(strict_types=1);

namespace Erpsync\Capture;

if (!defined('_PS_VERSION_')) {
    exit;
}

/**
 * Thins out repeated changes of one subject. The first is announced at once; those that follow within a second are
 * announced together later: at the next hook, or when the request ends. Dropping them would lose the last change: whoever reads the subject
 * after the first announcement reads it half edited, and nothing would send him back.
 */
final class Coalescer
{
    private const QUIET_SECONDS = 1.0;

    /** @var array<string, float> when each key was last announced, in Unix seconds */
    private $announced = [];

    /** @var array<string, Event> */
    private $held = [];

    /**
     * @return bool whether to write the event now
     */
    public function admit(Event $event, float $now): bool
    {
        $key = self::key($event);
        if ($now - ($this->announced[$key] ?? 0.0) < self::QUIET_SECONDS) {
            $this->held[$key] = $event;

            return false;
        }
        $this->announced[$key] = $now;
        unset($this->held[$key]);

        return true;
    }

    /**
     * Keeps an event of what is about to be written.
     */
    public function hold(Event $event, float $now): void
    {
        $key = self::key($event);
        $this->announced[$key] = $now;
        $this->held[$key] = $event;
    }

    /**
     * @return list<Event> the events held back for long enough; they are the caller's from now on
     */
    public function release(float $now): array
    {
        $due = [];
        foreach ($this->held as $key => $event) {
            if ($now - ($this->announced[$key] ?? 0.0) >= self::QUIET_SECONDS) {
                $due[] = $event;
                $this->announced[$key] = $now;
                unset($this->held[$key]);
            }
        }

        return $due;
    }

    private static function key(Event $event): string
    {
        return $event->type.' '.$event->subject.' '.(string) json_encode($event->payload);
    }
}
