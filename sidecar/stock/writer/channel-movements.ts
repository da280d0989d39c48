import type { Clock, Sleep } from "../../domain/clock.ts";
import { WritingStoppedError } from "../../domain/errors.ts";
import type { StockWrite } from "../../domain/stock.ts";
import {
  findReferences,
  listStockRows,
  readShopPlaces,
  readWritten,
  type WrittenBefore,
} from "./channel-statements.ts";
import {
  type Catalogue,
  decideMovementRow,
  type MovementFault,
  type MovementRow,
} from "./decide-movement-rows.ts";
import type { WriteOutcome } from "./decide-writes.ts";
import type { ChannelMovement } from "./decode-movements.ts";
import { applyToProduct, applyWrites, type LockWay, type WriterDeps } from "./stock-writer.ts";

/** What the channels' movements are made with. */
export interface ChannelDeps {
  readonly writer: WriterDeps;
  /** `id_shop` where a movement names none. */
  readonly shopId: number;
  /**
   * The ledger is kept, so a movement may be written while a checkout that never ends holds the product: what the checkout
   * writes over it is put back.
   */
  readonly repairs: boolean;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/**
 * What became of a movement. `known` has the answer of the first time. `conflict`: the key was used for something else.
 * `busy`: nothing was done, and the same movement may be sent again.
 */
export type MovementAnswer = { readonly channel: string; readonly key: string } & (
  | { readonly outcome: "written"; readonly write: number; readonly quantityAfter: number }
  | { readonly outcome: "known"; readonly write: number; readonly quantityAfter: number }
  | { readonly outcome: "conflict" | "refused" | "busy"; readonly fault: MovementFault }
);

/** Makes movements; answers in their order. Rejects where writing is stopped or the database is away. */
export type MoveStock = (movements: readonly ChannelMovement[]) => Promise<readonly MovementAnswer[]>;

/** How long one call waits for products that checkouts hold, all of them together. */
export const WAIT_MS = 2_000;
/** Calls that wait in line for a lock at once: each keeps a connection of the pool for so long. */
const WAITERS_MAX = 2;
/** Between two looks at a product that is held. */
const LOOK_MS = 25;
/** Looks beside the lock, for a statement that just holds the row. */
const LAST_LOOKS = 8;

const BUSY: MovementFault = {
  code: "busy",
  message: "The product is being written by others; nothing was done",
  remedy: "Send the same movement again, with the same key",
};
const CONFLICT: MovementFault = {
  code: "key_used",
  message: "The channel used this key for another movement before; nothing was done",
  remedy: "Send a movement that is another one with a key of its own",
};
const NOT_OURS: MovementFault = {
  code: "not_managed",
  message: "The shop manages this figure elsewhere (depends_on_stock), or it is out of all bounds",
  remedy: "Move the stock where it is managed",
};

/**
 * Opens the movements of other channels. Each is written at most once for its key, relative to what stands there, so it
 * needs no knowledge of the figure. A product that a checkout holds is waited for in line with the checkouts, for two
 * seconds in all; then it is written beside the lock where the ledger repairs what a stale checkout writes over it, and
 * is left undone (`busy`) where it does not. No checkout ever waits for more than one short transaction of ours.
 */
export function openChannels(deps: ChannelDeps): MoveStock {
  const line = new WaitingLine(deps);
  return async (movements) => {
    if (deps.writer.stopped()) {
      throw new WritingStoppedError("Writing is stopped, because the shop may not be the one last seen");
    }
    const wanted = await findRows(deps, movements);
    const before = await readAll(deps, movements);
    const writes = movements.map((movement, at) => writeOf(movement, wanted[at]));
    const fresh = writes.filter(
      (write): write is StockWrite => write !== undefined && !before.has(write.source),
    );
    const outcomes = await line.write(fresh);
    const after = fresh.length === 0 ? before : await readAll(deps, movements);
    return movements.map((movement, at) => {
      const write = writes[at];
      const outcome = write === undefined ? undefined : outcomes.get(write);
      return answerTo(movement, wanted[at], outcome, after.get(sourceOf(movement)));
    });
  };
}

const sourceOf = ({ channel, key }: ChannelMovement): string => `channel:${channel}:${key}`;

function writeOf(movement: ChannelMovement, place: MovementRow | undefined): StockWrite | undefined {
  if (place?.kind !== "row") return undefined;
  return {
    row: place.row,
    delta: movement.units,
    cause: "channel",
    source: sourceOf(movement),
    orderId: null,
    actor: movement.channel,
    reason: movement.reason,
    undoes: null,
  };
}

async function findRows(
  { shopId, writer: { db } }: ChannelDeps,
  movements: readonly ChannelMovement[],
): Promise<readonly MovementRow[]> {
  const shops = [...new Set(movements.map(({ shop }) => shop ?? shopId))];
  const named = movements.map(({ what }) => what);
  const references = named.flatMap((what) => (what.kind === "reference" ? [what.reference] : []));
  const targets = references.length === 0 ? [] : await findReferences(db, [...new Set(references)]);
  const products = named.flatMap((what) => (what.kind === "product" ? [what.product] : []));
  const concerned = [...new Set([...products, ...targets.map(({ product }) => product)])];
  const catalogue: Catalogue = {
    targets,
    places: await readShopPlaces(db, shops),
    rows: concerned.length === 0 ? [] : await listStockRows(db, concerned),
  };
  return movements.map((movement) => decideMovementRow(movement, shopId, catalogue));
}

async function readAll(
  { writer: { db } }: ChannelDeps,
  movements: readonly ChannelMovement[],
): Promise<ReadonlyMap<string, WrittenBefore>> {
  return await readWritten(db, [...new Set(movements.map(sourceOf))]);
}

function answerTo(
  movement: ChannelMovement,
  place: MovementRow | undefined,
  outcome: WriteOutcome | undefined,
  written: WrittenBefore | undefined,
): MovementAnswer {
  const { channel, key } = movement;
  if (written === undefined) return { channel, key, ...undone(place, outcome) };
  // A product that is gone meanwhile cannot be compared, and nothing is done for it either way.
  const isSameRow = place?.kind !== "row" || place.row === written.row;
  if (!isSameRow || written.delta !== movement.units) {
    return { channel, key, outcome: "conflict", fault: CONFLICT };
  }
  const kind = outcome?.kind === "written" ? "written" : "known";
  return { channel, key, outcome: kind, write: written.id, quantityAfter: written.quantityAfter };
}

/** Why nothing was done. */
function undone(
  place: MovementRow | undefined,
  outcome: WriteOutcome | undefined,
): { readonly outcome: "refused" | "busy"; readonly fault: MovementFault } {
  if (place?.kind === "refused") {
    const { code, message, remedy } = place;
    return { outcome: "refused", fault: { code, message, remedy } };
  }
  return outcome?.kind === "gone"
    ? { outcome: "refused", fault: NOT_OURS }
    : { outcome: "busy", fault: BUSY };
}

/** Writes what is free at once, and insists on the rest row by row. */
class WaitingLine {
  readonly #deps: ChannelDeps;
  #waiters = 0;

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
  }

  async write(writes: readonly StockWrite[]): Promise<ReadonlyMap<StockWrite, WriteOutcome>> {
    const never = new AbortController().signal;
    const outcomes = new Map<StockWrite, WriteOutcome>();
    const note = (asked: readonly StockWrite[], done: readonly WriteOutcome[]): readonly StockWrite[] => {
      for (const [at, write] of asked.entries()) outcomes.set(write, done[at] ?? { kind: "busy" });
      return asked.filter((write) => outcomes.get(write)?.kind === "busy");
    };
    const busy = note(writes, await applyWrites(this.#deps.writer, writes, "none", never));
    const deadlineMs = this.#deps.clock.monotonicMs() + WAIT_MS;
    for (const row of new Set(busy.map((write) => write.row))) {
      let left: readonly StockWrite[] = busy.filter((write) => write.row === row);
      for (let looks = 0; left.length > 0 && looks < LAST_LOOKS; ) {
        const leftMs = deadlineMs - this.#deps.clock.monotonicMs();
        if (leftMs <= 0) looks += 1;
        left = note(left, await this.#try(left, leftMs));
        if (left.length > 0) await this.#deps.sleep(LOOK_MS);
      }
    }
    return outcomes;
  }

  async #try(writes: readonly StockWrite[], leftMs: number): Promise<readonly WriteOutcome[]> {
    // Whole seconds, because MySQL rounds; the few milliseconds that are gone already do not cost one.
    const waitSeconds = Math.floor((leftMs + 2 * LOOK_MS) / 1_000);
    const way = this.#wayFor(waitSeconds, leftMs);
    const isWaiting = typeof way === "object";
    if (isWaiting) this.#waiters += 1;
    try {
      return await applyToProduct(this.#deps.writer, writes, "none", way);
    } finally {
      if (isWaiting) this.#waiters -= 1;
    }
  }

  #wayFor(waitSeconds: number, leftMs: number): LockWay {
    if (waitSeconds > 0 && this.#waiters < WAITERS_MAX) return { waitSeconds };
    return leftMs <= 0 && this.#deps.repairs ? "overtake" : "skip";
  }
}
