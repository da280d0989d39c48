/** A movement as it stands in the ledger. */
export interface Movement {
  readonly id: number;
  /** The same for the parts of one change. */
  readonly changeId: number;
  /** Units. */
  readonly delta: number;
  /** Quantity of the row after the whole change. */
  readonly after: number;
  /** See `domain/stock.ts`; a newer version's word is told as it stands. */
  readonly cause: string;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
  /** `YYYY-MM-DD HH:MM:SS.fff`, UTC, by the clock of the binlog. */
  readonly at: string;
}

/** A write of ours, as it is on record. */
export interface OwnWrite {
  readonly id: number;
  readonly actor: string;
  readonly reason: string;
  readonly undoes: number | null;
  /** Id of the write that took it back. */
  readonly undoneBy: number | null;
}

/** What else is known of a movement. */
export interface MovementFacts {
  /** The write that made it; undefined where the shop made it. */
  readonly write: OwnWrite | undefined;
  /** The write that put back what this stale write threw away. */
  readonly repair: OwnWrite | undefined;
  /** Another part of the same change: the stale writer's own movement. */
  readonly writer: Movement | undefined;
}

type Sentence = (movement: Movement, facts: MovementFacts) => string;

/** One sentence a cause. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  pending: () => "not explained yet: the row is still in motion",
  sale: (movement, { write }) =>
    write === undefined
      ? `${line(movement)} took ${units(-movement.delta)}`
      : `${line(movement)} took ${units(-movement.delta)}: the shop had not, so erpsync did${written(write)}`,
  edit: (movement, { write }) =>
    `${line(movement)} was edited: ${movement.delta < 0 ? `took ${units(-movement.delta)} more` : `gave ${units(movement.delta)} back`}${byUs(write)}`,
  cancellation: (movement, { write }) =>
    movement.delta < 0
      ? `${line(movement)} came back from its cancellation and took ${units(-movement.delta)}${byUs(write)}`
      : `${line(movement)} was cancelled and gave ${units(movement.delta)} back${byUs(write)}`,
  return: (movement, { write }) =>
    `${units(movement.delta)} of ${line(movement)} went back to stock${byUs(write)}`,
  employee: (movement) => `${who(movement.actor)} changed it${declaration(movement.source)}`,
  snapshot: ({ source }, { write }) => {
    const number = /^snapshot:(\d+)/.exec(source ?? "")?.[1];
    return `ERP snapshot${number === undefined ? "" : ` ${number}`} set it${because(write)}${written(write)}`;
  },
  channel: ({ actor, delta, source }, { write }) =>
    `${actor ?? "another channel"} ${delta < 0 ? `sold ${units(-delta)}` : `brought ${units(delta)}`}${key(source)}${because(write)}${written(write)}`,
  correction: ({ source }, { write }) => {
    const run = /^correction:(\d+):/.exec(source ?? "")?.[1];
    const choice = /^discrepancy:(\d+)$/.exec(source ?? "")?.[1];
    if (choice !== undefined) {
      return `${write?.actor ?? "a person"} chose the ERP's figure for discrepancy ${choice}${because(write)}${written(write)}`;
    }
    return `${run === undefined ? "a correction" : `reconciliation ${run}`} set it right${because(write)}${written(write)}`;
  },
  undo: (_movement, { write }) =>
    write?.undoes == null
      ? "a write of erpsync was taken back"
      : `write ${String(write.undoes)} was taken back by ${write.actor}${because(write)} (write ${String(write.id)})`,
  overwrite: ({ delta, orderId }, { repair, writer }) => {
    const whose =
      orderId === null
        ? writer === undefined
          ? ""
          : ` of ${who(writer.actor)}`
        : ` of order ${String(orderId)}`;
    const lost = `a stale write${whose} threw away ${signed(-delta)}`;
    return repair === undefined
      ? `${lost}; it has not been put back`
      : `${lost}; erpsync put it back${written(repair)}`;
  },
  repair: ({ delta }, { write }) =>
    `erpsync put back ${signed(delta)} that a stale write threw away${written(write)}`,
  parent: (_movement, { write }) =>
    write === undefined ? "sum of the combinations" : "sum of the combinations, set by erpsync",
  pack: () => "the items of the pack allow no other quantity",
  opening: () => "the row came",
  gap: () => "changed while nobody watched: the difference was adopted",
  deleted: () => "the shop deleted the row",
  unexplained: () => "nobody declared this change; it was adopted",
};

/** Why a movement happened, in words; begins without a capital, ends without a full stop. */
export function encodeMovement(movement: Movement, facts: MovementFacts): string {
  const sentence = SENTENCES[movement.cause];
  return sentence === undefined ? movement.cause : sentence(movement, facts);
}

/** `+3` or `-3`. */
export function signed(delta: number): string {
  return delta > 0 ? `+${String(delta)}` : String(delta);
}

const units = (count: number): string => String(count);

/** The order and, where the movement is a line's, its `id_order_detail`. */
function line({ orderId, source }: Movement): string {
  const detail = /^line:(\d+):/.exec(source ?? "")?.[1];
  const order = orderId === null ? "an order" : `order ${String(orderId)}`;
  return detail === undefined ? order : `${order} (line ${detail})`;
}

/** A person or a tool of the shop, by what the module or `stock_mvt` calls it. */
function who(actor: string | null): string {
  if (actor === null) return "somebody in the shop";
  const employee = /^employee:(\d+)$/.exec(actor)?.[1];
  if (employee !== undefined) return `employee ${employee}`;
  return TOOLS[actor] ?? actor;
}

const TOOLS: Readonly<Record<string, string>> = {
  AdminProducts: "the product page (AdminProducts)",
  AdminStockManagement: "the stock page (AdminStockManagement)",
  AdminImport: "an import (AdminImport)",
  WebserviceRequest: "the webservice",
  depends_on_stock: "the shop's advanced stock management",
};

function declaration(source: string | null): string {
  const movement = /^mvt:(\d+)/.exec(source ?? "")?.[1];
  return movement === undefined ? "" : ` (stock movement ${movement})`;
}

function key(source: string | null): string {
  const found = /^channel:[^:]*:(.+)$/.exec(source ?? "")?.[1];
  return found === undefined ? "" : ` (key ${found})`;
}

const because = (write: OwnWrite | undefined): string =>
  write === undefined || write.reason === "" ? "" : `: ${write.reason}`;

const byUs = (write: OwnWrite | undefined): string =>
  write === undefined ? "" : `; the shop forgot it, so erpsync did it${written(write)}`;

/** Every write of ours has an id, by which it can be taken back. */
function written(write: OwnWrite | undefined): string {
  if (write === undefined) return "";
  return write.undoneBy === null
    ? ` (write ${String(write.id)}, can be undone)`
    : ` (write ${String(write.id)}, undone by write ${String(write.undoneBy)})`;
}
