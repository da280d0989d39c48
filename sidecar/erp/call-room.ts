import { ErpUnavailableError } from "./port.ts";

/**
 * The room before the limiter: Bottleneck slows down when thousands wait in it (facts: 4,000 dumped at once make 150
 * jobs a second), so only so many are let in and the others wait here, the most urgent first. The lanes' own
 * concurrency keeps the room near empty.
 */
export interface CallRoom {
  /** Waits for a place; rejects with `ErpUnavailableError` where the caller aborts first. */
  readonly enter: (priority: number, signal: AbortSignal) => Promise<void>;
  /** Gives the place back. */
  readonly leave: () => void;
  /** Callers that have no place yet. */
  readonly waiting: () => number;
}

interface Waiter {
  readonly priority: number;
  readonly admit: () => void;
}

/** A room with that many places inside. */
export function createCallRoom(places: number): CallRoom {
  const waiters: Waiter[] = [];
  let inside = 0;
  const admitNext = (): void => {
    // The first of the smallest priority number: `findIndex` keeps those of one priority in their order.
    const urgent = Math.min(...waiters.map((waiter) => waiter.priority));
    const index = waiters.findIndex((waiter) => waiter.priority === urgent);
    waiters.splice(index, 1)[0]?.admit();
  };
  return {
    enter: (priority, signal) => {
      if (signal.aborted) return Promise.reject(new ErpUnavailableError("aborted before the call began"));
      if (inside < places) {
        inside += 1;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const onAbort = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(new ErpUnavailableError("aborted while the call waited for its turn"));
        };
        const waiter: Waiter = {
          priority,
          admit: () => {
            signal.removeEventListener("abort", onAbort);
            resolve();
          },
        };
        signal.addEventListener("abort", onAbort, { once: true });
        waiters.push(waiter);
      });
    },
    leave: () => {
      // The place goes over to the next one without being free in between.
      if (waiters.length > 0) admitNext();
      else inside -= 1;
    },
    waiting: () => waiters.length,
  };
}
