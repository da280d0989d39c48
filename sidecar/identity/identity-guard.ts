import type { Sleep } from "../domain/clock.ts";
import { safeDescription } from "../domain/errors.ts";
import { orderFingerprint } from "../domain/fingerprint.ts";
import { type Epoch, FIRST_EPOCH } from "../domain/ids.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { Database } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { inTransaction } from "../platform/transaction.ts";
import { Wake } from "../platform/wake.ts";
import { decideIdentity, type Remembered } from "./decide-identity.ts";
import { readShopNow } from "./shop-now.ts";
import { readStateFile, writeStateFile } from "./state-file.ts";
import {
  type IdentityRow,
  insertEpoch,
  raiseHighWater,
  readEpochs,
  readIdentity,
  readOrderMark,
  readServerUuid,
  readShopMarks,
  type ShopMarks,
  writeIdentity,
  writeStop,
} from "./statements.ts";

/** Milliseconds between two looks at the shop's identity; an export that meets a stranger looks at once. */
const CHECK_MS = 60_000;
/** The same while writing is stopped, so that it goes on soon after an adoption. */
export const STOPPED_CHECK_MS = 15_000;
/** Milliseconds within which an exported order's id is in the state file. */
const NOTE_MS = 1_000;

export interface IdentityDeps {
  readonly db: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly sleep: Sleep;
  readonly shopKey: string;
  /** Full name of the orders table, with prefix. */
  readonly ordersTable: string;
  readonly stateFile: string;
  readonly newInstallation: () => string;
  /** The highest order that is history at the very first start, given the highest order there is. */
  readonly exportAfter: (orderMax: number) => Promise<number>;
  /** Called when a stop ended, so that workers look again. */
  readonly onResumed: () => void;
}

/** Why nothing is written. */
export interface Stop {
  readonly code: string;
  readonly reason: string;
}

/**
 * Knows whether this is the shop that we last saw, and stops all writing when it is not: restored from a dump,
 * cleared, cloned or moved. Only `erpsync adopt` ends a stop.
 */
export class IdentityGuard {
  readonly #deps: IdentityDeps;
  readonly #wake: Wake;
  #stop: Stop | undefined = { code: "unchecked", reason: "The shop's identity has not been checked yet" };
  #scope: ExportScope;
  #file: Remembered | undefined;
  #exported = 0;
  #checking: Promise<void> | undefined;
  #installation = "";

  constructor(deps: IdentityDeps) {
    this.#deps = deps;
    this.#wake = new Wake(deps.sleep);
    this.#scope = { shopKey: deps.shopKey, exportAfterOrder: 0, epochs: [FIRST_EPOCH] };
  }

  /** Why writing is stopped; undefined while all is well. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  get scope(): ExportScope {
    return this.#scope;
  }

  /** UUID of this installation; empty before the first check. */
  get installation(): string {
    return this.#installation;
  }

  /** Looks at once, because an id seems to have come back. */
  suspect(): void {
    this.#wake.ring();
  }

  /** An order was exported; its id must never come back for another one. */
  noteExported(orderId: number): void {
    if (orderId <= Math.max(this.#exported, this.#file?.orderHighWater ?? 0)) return;
    this.#exported = orderId;
    this.#wake.ring();
  }

  /** Checks until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const everyMs = this.#stop === undefined ? CHECK_MS : STOPPED_CHECK_MS;
      if (await this.#wake.wait(everyMs, signal)) await this.#deps.sleep(NOTE_MS, signal);
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the abort comes while we wait
      if (!signal.aborted) await this.check();
    }
  }

  /** Compares the shop with what is remembered; stops writing, or resumes it after an adoption. */
  async check(): Promise<void> {
    // Several loops ask at their start; two looks at once would replace the state file under each other.
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #check(): Promise<void> {
    try {
      await this.#compare();
    } catch (thrown) {
      // Who cannot look must not write on: the stop may stand in the database, unseen.
      this.#halt({
        code: "unchecked",
        reason: `The shop's identity cannot be checked: ${safeDescription(thrown)}`,
      });
      throw thrown;
    }
  }

  async #compare(): Promise<void> {
    const { db, ordersTable, stateFile } = this.#deps;
    // First of all: an adoption ends the stop and opens its epoch in one commit, so who sees no stop sees the epoch.
    const row = await readIdentity(db);
    this.#installation = row?.installation ?? "";
    if (row !== undefined && row.stoppedCode !== null) {
      this.#halt({ code: row.stoppedCode, reason: row.stoppedReason ?? "" });
      return;
    }
    const [file, marks, epochs] = await Promise.all([
      readStateFile(stateFile),
      readShopMarks(db),
      readEpochs(db),
    ]);
    const verdict = decideIdentity(row, file, await readShopNow(db, ordersTable, marks, file));
    if (verdict.kind === "stop") {
      if (row !== undefined && verdict.everywhere) await writeStop(db, verdict.code, verdict.reason);
      this.#halt(verdict);
      return;
    }
    const known = row ?? (await this.#firstStart(marks));
    this.#installation = known.installation;
    await this.#remember(known, marks, file, epochs);
    this.#resume(known, epochs);
  }

  async #firstStart(marks: ShopMarks): Promise<IdentityRow> {
    const { db, exportAfter, newInstallation } = this.#deps;
    const row = {
      installation: newInstallation(),
      server: await readServerUuid(db),
      shopUrl: marks.shopUrl,
      orderHighWater: marks.orderMax,
      customerHighWater: marks.customerMax,
      exportAfterOrder: await exportAfter(marks.orderMax),
    };
    await inTransaction(db, async (tx) => {
      await writeIdentity(tx, row);
      // Its time tells orders that were there from orders that came later, should their ids ever come back.
      await insertEpoch(tx, FIRST_EPOCH);
    });
    return { ...row, stoppedCode: null, stoppedReason: null };
  }

  /** The database first, then the file: a crash between leaves the file behind, which is no alarm. */
  async #remember(
    row: IdentityRow,
    marks: ShopMarks,
    file: Remembered | undefined,
    epochs: readonly Epoch[],
  ): Promise<void> {
    if (
      file !== undefined &&
      file.orderHighWater >= marks.orderMax &&
      file.customerHighWater >= marks.customerMax
    ) {
      this.#file = file;
      return;
    }
    const { db, stateFile } = this.#deps;
    await raiseHighWater(db, marks.orderMax, marks.customerMax);
    const mark = marks.orderMax === 0 ? undefined : await readOrderMark(db, marks.orderMax);
    const next: Remembered = {
      installation: row.installation,
      server: row.server,
      shopUrl: row.shopUrl,
      orderHighWater: marks.orderMax,
      orderFingerprint: mark === undefined ? "" : orderFingerprint(mark),
      customerHighWater: marks.customerMax,
      epoch: Math.max(FIRST_EPOCH.number, file?.epoch ?? 0, ...epochs.map((epoch) => epoch.number)),
    };
    await writeStateFile(stateFile, next);
    this.#file = next;
  }

  #halt(stop: Stop): void {
    if (this.#stop?.code !== stop.code) {
      this.#deps.log("error", { event: "identity.stopped", code: stop.code, reason: stop.reason });
    }
    this.#stop = stop;
    this.#deps.metrics.stopped.set(1);
  }

  #resume(row: IdentityRow, epochs: readonly Epoch[]): void {
    const { shopKey } = this.#deps;
    this.#scope = { shopKey, exportAfterOrder: row.exportAfterOrder, epochs: [FIRST_EPOCH, ...epochs] };
    const wasStopped = this.#stop !== undefined;
    this.#stop = undefined;
    this.#deps.metrics.stopped.set(0);
    if (wasStopped) this.#deps.onResumed();
  }
}
