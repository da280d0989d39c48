import type { Clock, Sleep } from "../domain/clock.ts";
import { ErpUnavailableError } from "./port.ts";

/** A queue whose slots several processes share. Where it breaks it is thrown away and opened anew. */
export interface SharedQueue {
  /** Resolves once jobs can be scheduled. */
  readonly ready: () => Promise<void>;
  /** Runs the job in a slot; rejects where the job could not be queued or outlived its slot. */
  readonly schedule: (priority: number, job: () => Promise<void>) => Promise<void>;
  /** Slots taken, over all processes. */
  readonly running: () => Promise<number>;
  /** Stops listening; jobs that run are not touched. Never waits. */
  readonly discard: () => void;
}

/** The place where the slots are kept. */
export interface SharedStore {
  /** Opens a queue; `onTrouble` is called when its state turns out to be gone. */
  readonly open: (onTrouble: () => void) => SharedQueue;
  /** False where the slots' state is gone, or was never there. Waits while the store is away. */
  readonly hasState: () => Promise<boolean>;
  /** True while the connection stands. */
  readonly reachable: () => boolean;
  readonly close: () => Promise<void>;
}

/** What the slots need beside their store. */
export interface SharedSlotsOptions {
  readonly store: SharedStore;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** A slot's longest life. After a loss of the state nothing starts for so long: calls of before may be under way. */
  readonly slotLifeMs: number;
  /** A call that waits longer than this for a store that is away is given back to its caller. */
  readonly patienceMs: number;
  readonly watchEveryMs?: number;
}

/** `open` in work; `opening` without store or queue; `cooling` after a loss of the state. */
export type SharedState = "opening" | "open" | "cooling" | "closed";

/** Slots for calls, over all processes. */
export interface SharedSlots {
  /** Runs the task in a slot. Its signal is the caller's, and aborts also when the slot's life is over. */
  readonly run: <T>(
    priority: number,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
  readonly state: () => SharedState;
  readonly ready: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Waiter {
  readonly priority: number;
  readonly sinceMs: number;
  /** Runs the task once; afterwards does nothing. */
  readonly start: () => Promise<void>;
  /** The slot's life is over: aborts a task that still runs. */
  readonly expire: () => void;
  readonly giveBack: (error: ErpUnavailableError) => void;
}

/**
 * Keeps calls within slots that several processes share, and the limit closed while the store has a mishap: with the
 * store away nothing starts; with its state lost (a flush, a restart without persistence) nothing starts until every
 * call of before must have ended. Callers wait for a while and are then given back.
 */
export function createSharedSlots(options: SharedSlotsOptions): SharedSlots {
  return new Slots(options);
}

class Slots implements SharedSlots {
  readonly #options: SharedSlotsOptions;
  readonly #closing = new AbortController();
  /** Calls that wait for a slot. */
  readonly #waiters = new Set<Waiter>();
  #running = 0;
  #state: SharedState = "opening";
  #queue: SharedQueue | undefined;
  #unusableSinceMs: number | undefined;
  #idleLooks = 0;
  #looking = false;
  #opened: Promise<void>;

  constructor(options: SharedSlotsOptions) {
    this.#options = options;
    this.#opened = this.#open(false);
    void this.#watch();
  }

  readonly state = (): SharedState => this.#state;

  readonly ready = (): Promise<void> => this.#opened;

  readonly run = <T>(
    priority: number,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const ending = new AbortController();
      const onAbort = (): void => {
        waiter.giveBack(new ErpUnavailableError("aborted while the call waited for its turn"));
        ending.abort();
      };
      const waiter: Waiter = {
        priority,
        sinceMs: this.#options.clock.monotonicMs(),
        start: async () => {
          if (!this.#waiters.delete(waiter)) return;
          this.#running += 1;
          await task(ending.signal).then(resolve, reject);
          this.#running -= 1;
          signal.removeEventListener("abort", onAbort);
        },
        expire: () => {
          ending.abort();
        },
        giveBack: (error) => {
          if (!this.#waiters.delete(waiter)) return;
          signal.removeEventListener("abort", onAbort);
          reject(error);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      else if (this.#isClosing()) waiter.giveBack(new ErpUnavailableError("the limiter is closed"));
      else this.#place(waiter);
    });

  readonly close = async (): Promise<void> => {
    this.#state = "closed";
    this.#closing.abort();
    for (const waiter of this.#waiters) waiter.giveBack(new ErpUnavailableError("the limiter is closed"));
    // The limiter goes before its connection: the other way round its scripts would wait for a client that is gone.
    this.#queue?.discard();
    await this.#options.store.close();
  };

  /** A function, because the answer may change at every await. */
  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Puts a waiting call into the queue that stands; without one it stays among the waiters until one does. */
  #place(waiter: Waiter): void {
    const queue = this.#queue;
    if (queue === undefined) return;
    queue
      .schedule(waiter.priority, async () => {
        // A queue that was thrown away may still hand out a slot that nobody counts.
        if (this.#queue === queue) await waiter.start();
      })
      .catch(() => {
        if (this.#waiters.has(waiter)) this.#onTrouble(queue);
        else waiter.expire();
      });
  }

  #onTrouble(queue: SharedQueue): void {
    if (this.#queue !== queue || this.#state === "closed") return;
    this.#queue = undefined;
    this.#state = "opening";
    queue.discard();
    this.#opened = this.#open(true);
  }

  /** Opens a queue, however long it takes; then places all who wait. */
  async #open(again: boolean): Promise<void> {
    const { store, sleep } = this.#options;
    while (!this.#isClosing()) {
      try {
        if (again && !(await store.hasState())) await this.#coolDown();
        if (!this.#isClosing()) await this.#openOnce();
        return;
      } catch {
        // The store answers with an error while it starts or fails over; it is asked again, and the limit stays shut.
        await sleep(this.#options.watchEveryMs ?? 1_000, this.#closing.signal);
      }
    }
  }

  async #openOnce(): Promise<void> {
    const queue: SharedQueue = this.#options.store.open(() => {
      this.#onTrouble(queue);
    });
    try {
      await queue.ready();
    } catch (thrown) {
      queue.discard();
      throw thrown;
    }
    if (this.state() === "closed") {
      queue.discard();
      return;
    }
    this.#queue = queue;
    this.#state = "open";
    for (const waiter of [...this.#waiters]) this.#place(waiter);
  }

  /** Waits until all calls that had a slot in the lost state must have ended, in whichever process. */
  async #coolDown(): Promise<void> {
    const { clock, sleep, slotLifeMs } = this.#options;
    if (this.#isClosing()) return;
    this.#state = "cooling";
    const endMs = clock.monotonicMs() + slotLifeMs;
    while (clock.monotonicMs() < endMs && !this.#isClosing()) {
      await sleep(endMs - clock.monotonicMs(), this.#closing.signal);
    }
  }

  /** Looks after calls that wait: the store may be away, or may have forgotten them without a word. */
  async #watch(): Promise<void> {
    const { clock, sleep } = this.#options;
    while (!this.#isClosing()) {
      await sleep(this.#options.watchEveryMs ?? 1_000, this.#closing.signal);
      this.#giveBackTheImpatient(clock.monotonicMs());
      // Not awaited: a question to a store that goes away at this moment is answered only when it is back.
      if (this.#waiters.size > 0) void this.#lookForAStandstill();
    }
  }

  #giveBackTheImpatient(nowMs: number): void {
    const usable = this.#queue !== undefined && this.#options.store.reachable();
    this.#unusableSinceMs = usable ? undefined : (this.#unusableSinceMs ?? nowMs);
    if (this.#unusableSinceMs === undefined) return;
    const { patienceMs } = this.#options;
    for (const waiter of [...this.#waiters]) {
      if (nowMs - Math.max(waiter.sinceMs, this.#unusableSinceMs) < patienceMs) continue;
      waiter.giveBack(
        new ErpUnavailableError("the shared call limit cannot be reached, so no call may start"),
      );
    }
  }

  /** Calls wait, and in no process does one run: twice in a row that is no chance, the queue has forgotten them. */
  async #lookForAStandstill(): Promise<void> {
    const queue = this.#queue;
    if (this.#looking || queue === undefined || !this.#options.store.reachable()) return;
    this.#looking = true;
    try {
      const lost = !(await this.#options.store.hasState());
      const idle = this.#running === 0 && (await queue.running()) === 0;
      this.#idleLooks = idle ? this.#idleLooks + 1 : 0;
      if (lost || this.#idleLooks >= 2) this.#onTrouble(queue);
      if (this.#queue === undefined) this.#idleLooks = 0;
    } catch {
      this.#onTrouble(queue);
    } finally {
      this.#looking = false;
    }
  }
}
