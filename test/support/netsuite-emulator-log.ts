import { createHash } from "node:crypto";

/** One call that reached the emulator. Token requests are not calls: they are outside the account's pool. */
export interface EmulatorCall {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  /** External id in the body or the path, or empty. */
  readonly externalId: string;
  /** Status that was answered; 0 while under way and where no whole answer was written. */
  readonly status: number;
  readonly startedAtMs: number;
  /** 0 while under way. */
  readonly endedAtMs: number;
  /** Open calls at the moment of arrival, this one included. */
  readonly inFlight: number;
  readonly requestSha256: string;
  readonly requestBytes: number;
  /**
   * Arrival of the request's head, `process.hrtime.bigint()` as text: CLOCK_MONOTONIC on Linux, so it can be compared
   * with the same clock in another process of the machine.
   */
  readonly arrivedNs: string;
}

type Entry = { -readonly [Key in keyof EmulatorCall]: EmulatorCall[Key] };

/** The calls in their order of arrival. */
export interface CallLog {
  readonly arrive: (method: string, path: string) => Entry;
  readonly body: (entry: Entry, body: string, externalId: string) => void;
  /** Ends a call; the first end counts. */
  readonly end: (entry: Entry, status: number) => void;
  readonly calls: () => readonly EmulatorCall[];
  readonly inFlight: () => number;
  readonly maxInFlight: () => number;
  /** Forgets the calls that have ended and starts the maximum anew. */
  readonly reset: () => void;
  /** Resolves as soon as the condition holds; looked at again whenever a call arrives or ends. */
  readonly until: (condition: () => boolean) => Promise<void>;
}

/** An empty log. */
export function createCallLog(nowMs: () => number): CallLog {
  let entries: Entry[] = [];
  let seq = 0;
  let inFlight = 0;
  let maxInFlight = 0;
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const wake = (): void => {
    const ready = waiting.filter(({ condition }) => condition());
    waiting = waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  };
  return {
    arrive: (method, path) => {
      const arrivedNs = String(process.hrtime.bigint());
      seq += 1;
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      const entry: Entry = {
        seq,
        method,
        path,
        externalId: "",
        status: 0,
        startedAtMs: nowMs(),
        endedAtMs: 0,
        inFlight,
        requestSha256: "",
        requestBytes: 0,
        arrivedNs,
      };
      entries.push(entry);
      wake();
      return entry;
    },
    body: (entry, body, externalId) => {
      entry.externalId = externalId;
      entry.requestBytes = Buffer.byteLength(body);
      entry.requestSha256 = createHash("sha256").update(body).digest("hex");
      wake();
    },
    end: (entry, status) => {
      if (entry.endedAtMs !== 0) return;
      entry.endedAtMs = nowMs();
      entry.status = status;
      inFlight -= 1;
      wake();
    },
    calls: () => entries,
    inFlight: () => inFlight,
    maxInFlight: () => maxInFlight,
    reset: () => {
      entries = entries.filter((entry) => entry.endedAtMs === 0);
      maxInFlight = inFlight;
    },
    until: (condition) =>
      new Promise((resolve) => {
        waiting.push({ condition, resolve });
        wake();
      }),
  };
}
