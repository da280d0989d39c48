/**
 * When a page of figures was read, by the database's clock: `YYYY-MM-DD HH:MM:SS.ffffff` UTC, so that text compares as
 * time. The ERP took the figures at some moment between the two.
 */
export interface ReadingWindow {
  readonly askedAt: string;
  readonly answeredAt: string;
}

/** An operation that brought an order's lines to the ERP, or may have: its creation or an amendment. */
export interface Send {
  readonly state: "open" | "refused" | "acknowledged";
  /** An answer stayed away at some time, so that it may have been executed. */
  readonly isAmbiguous: boolean;
  /** Committed then, and sent afterwards. Times as in `ReadingWindow`. */
  readonly createdAt: string;
  /** The ERP had answered by then; null where it is not acknowledged. */
  readonly acknowledgedAt: string | null;
  /** Units that it left in the ERP, by `id_order_detail`; undefined where that was not looked up or is not known. */
  readonly units: ReadonlyMap<number, number> | undefined;
}

/** An order that the ERP's figure may not hold, as one consistent look at the database saw it. */
export interface InFlightOrder {
  readonly id: number;
  /**
   * Its job is done and nobody has announced a change since: the last send is what the shop says. False also where it
   * has no job yet.
   */
  readonly isSettled: boolean;
  /** In the order of their numbers. */
  readonly sends: readonly Send[];
  /** Since when a mapping says that it stands in the ERP, also without any send of ours (imported, adopted). */
  readonly mappedAt: string | null;
  /** True for an order none of whose lines takes anything: cancelled, failed, or deleted. */
  readonly isCancelled: boolean;
  /**
   * Whether its goods have left, where the ERP's figure knows orders by that alone: `meanwhile` while the figures were
   * read. Always `shipped` where the figure counts orders as soon as they stand in the ERP.
   */
  readonly goods: "here" | "meanwhile" | "shipped";
}

/** What a line takes from a row, by the ledger. */
export interface TakenLine {
  /** `id_order_detail`. */
  readonly detail: number;
  /** Of the row; 0 for a line that is gone. */
  readonly units: number;
  /** Units of the row for one of the line: more than 1 in a pack. */
  readonly factor: number;
}

/** What of an order must be taken off the figure for a row; `wait` where nobody can say now. */
export type Taken = number | "wait";

/** How much of an order the figure holds already. */
type Held =
  | { readonly kind: "all" | "nothing" | "unsure" }
  | { readonly kind: "as-sent"; readonly send: Send };

/**
 * Decides what of an order is to be taken off a figure that was read in the window.
 * - Acknowledged before the page was asked for, and nothing of it pending: the figure holds it, nothing is taken.
 * - Nothing was sent before the page was answered: the figure cannot hold it, its units are taken.
 * - Acknowledged before, and changed in the shop since: the figure holds what was sent, the difference is taken.
 * - Anything between (sent and not answered, answered while the page was read): the row waits for the next round.
 * A cancelled order takes nothing: until the ERP hears of it, its figure is lower than the truth, never higher.
 */
export function decideTaken(order: InFlightOrder, lines: readonly TakenLine[], window: ReadingWindow): Taken {
  if (order.isCancelled) return 0;
  const units = lines.reduce((sum, line) => sum + line.units, 0);
  // An order stands in the figure by its goods alone: while they are here, it matters to nobody what was sent.
  if (order.goods === "here") return units;
  if (order.goods === "meanwhile") return "wait";
  const held = decideHeld(order, window);
  switch (held.kind) {
    case "all":
      return 0;
    case "nothing":
      return units;
    case "unsure":
      return "wait";
    case "as-sent":
      return takenSince(held.send, lines);
  }
}

function decideHeld(order: InFlightOrder, window: ReadingWindow): Held {
  const later = order.sends.filter((send) => send.createdAt > window.answeredAt);
  const sends = order.sends.filter((send) => send.createdAt <= window.answeredAt && mayStand(send));
  const last = sends.at(-1);
  if (last === undefined) return decideMapped(order, window);
  if (!sends.every((send) => isBefore(send.acknowledgedAt, window))) return { kind: "unsure" };
  return order.isSettled && later.length === 0 ? { kind: "all" } : { kind: "as-sent", send: last };
}

/** What the ERP refused for certain is not there. */
const mayStand = (send: Send): boolean => send.state !== "refused" || send.isAmbiguous;

const isBefore = (at: string | null, window: ReadingWindow): boolean => at !== null && at < window.askedAt;

/** An order that we did not send may have been brought to the ERP by others; its mapping says so. */
function decideMapped({ mappedAt }: InFlightOrder, window: ReadingWindow): Held {
  if (mappedAt === null || mappedAt > window.answeredAt) return { kind: "nothing" };
  return { kind: isBefore(mappedAt, window) ? "all" : "unsure" };
}

/** What the shop's lines take beyond what was sent of them; negative where they take less by now. */
function takenSince(send: Send, lines: readonly TakenLine[]): Taken {
  const { units: sent } = send;
  if (sent === undefined) return "wait";
  return lines.reduce((sum, line) => sum + line.units - (sent.get(line.detail) ?? 0) * line.factor, 0);
}

/** All that the target of a row depends on. */
export interface RowFacts {
  /** The ERP's figure. */
  readonly availableUnits: number;
  /** Units that the shop does not offer of what there is. */
  readonly bufferUnits: number;
  /** The ledger's position: opening and all movements that were read. */
  readonly position: number;
  /** The ledger owes the row something, or does not know yet what one of its movements was. */
  readonly isUnsettled: boolean;
  /** Of each order with lines on the row that the figure may not hold. */
  readonly taken: readonly Taken[];
}

/** What becomes of a row; `delta` is 0 where it is right as it is. */
export type RowVerdict =
  | { readonly kind: "wait"; readonly because: "unsettled" | "order" }
  | { readonly kind: "set"; readonly target: number; readonly delta: number };

/**
 * Decides what a row is to be. The write is the difference to the ledger's position at the moment of the look, so what
 * the shop sells between the look and the write stays taken.
 */
export function decideTarget(row: RowFacts): RowVerdict {
  if (row.isUnsettled) return { kind: "wait", because: "unsettled" };
  let offered = row.availableUnits;
  for (const taken of row.taken) {
    if (taken === "wait") return { kind: "wait", because: "order" };
    offered -= taken;
  }
  // A buffer hides what there is; it does not make an empty shelf an oversell.
  const target = offered <= 0 ? offered : Math.max(0, offered - row.bufferUnits);
  return { kind: "set", target, delta: target - row.position };
}
