/** The last movement of its cause since the row last had the ERP's figure. */
export interface Suspect {
  readonly movementId: number;
  readonly cause: string;
  readonly delta: number;
  readonly orderId: number | null;
  readonly actor: string | null;
  /** UTC, `YYYY-MM-DD HH:MM:SS.fff`. */
  readonly at: string;
}

/** What the ledger knows about a row that drifted. */
export interface DriftFacts {
  /** Units that the row has too much of. */
  readonly excessUnits: number;
  readonly ledgerDiffers: boolean;
  /** Orders that take from the row and are on their way to the ERP. */
  readonly ordersUnderWay: readonly number[];
  readonly suspects: readonly Suspect[];
  /** Kinds of other discrepancies that are open for the row. */
  readonly openKinds: readonly string[];
}

/** What probably made a row drift. */
export interface DriftCause {
  /** Stable, for programs. */
  readonly code: string;
  /** For people; begins without a capital, ends without a full stop. */
  readonly says: string;
}

/** Movements that one side does not hear of, the most suspicious first, each with how it is told. */
const SUSPICIOUS: Readonly<Record<string, (suspect: Suspect) => string>> = {
  overwrite: ({ orderId }) =>
    `a stale write${orderId === null ? "" : ` of order ${String(orderId)}`} threw movements away`,
  gap: () => "the row was changed while nobody watched",
  unexplained: () => "the row was changed and nobody declared it",
  undo: ({ actor }) => `a write was taken back${actor === null ? "" : ` by ${actor}`}`,
  employee: ({ actor }) => `${actor ?? "somebody"} changed it in the shop, which the ERP does not hear of`,
  channel: ({ actor }) => `${actor ?? "another channel"} moved it, which the ERP must hear of from there`,
  pack: () => "the items of the pack changed it",
};

/** Causes to look for in the ledger, for the statement that reads suspects. */
export const SUSPICIOUS_CAUSES: readonly string[] = Object.keys(SUSPICIOUS);

/**
 * The probable cause of a drift. What is certain goes first; then the movement whose units are those of the drift; then
 * the most suspicious one. Where the shop's side explains nothing, the ERP's side moved.
 */
export function decideDriftCause(facts: DriftFacts): DriftCause {
  if (facts.ledgerDiffers) {
    return {
      code: "ledger_differs",
      says: "the shop's row changed and the binlog did not tell it, or the ledger has not read it yet",
    };
  }
  if (facts.ordersUnderWay.length > 0) {
    const orders = facts.ordersUnderWay.map(String).join(", ");
    return { code: "order_under_way", says: `order ${orders} is on its way to the ERP` };
  }
  const exact = bySuspicion(facts.suspects.filter(({ delta }) => delta === facts.excessUnits));
  if (exact !== undefined) return told(exact);
  if (facts.openKinds.includes("forgotten_restock")) {
    return {
      code: "forgotten_restock",
      says: "the shop did not put back what a cancelled order had taken",
    };
  }
  const other = bySuspicion(facts.suspects);
  if (other !== undefined) return told(other);
  return {
    code: "erp_moved",
    says: "no movement of the shop explains it: the ERP moved by something that is no order of ours",
  };
}

function bySuspicion(suspects: readonly Suspect[]): Suspect | undefined {
  for (const cause of SUSPICIOUS_CAUSES) {
    const found = suspects.find((suspect) => suspect.cause === cause);
    if (found !== undefined) return found;
  }
  return undefined;
}

function told(suspect: Suspect): DriftCause {
  const says = SUSPICIOUS[suspect.cause]?.(suspect) ?? suspect.cause;
  const units = suspect.delta > 0 ? `+${String(suspect.delta)}` : String(suspect.delta);
  return { code: suspect.cause, says: `${says} (${units}, ${suspect.at.slice(0, 19)} UTC)` };
}
