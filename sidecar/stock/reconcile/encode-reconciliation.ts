import { z } from "zod";

/** Rows of each sort that a record keeps for people; the discrepancies have all. */
const KEPT = 200;

const Drift = z.object({
  row: z.number(),
  product: z.number(),
  combination: z.number(),
  shopUnits: z.number(),
  ledgerUnits: z.number(),
  targetUnits: z.number().nullable(),
  /** Why it was left to a person; null where it was, or would be, corrected. */
  leftBecause: z.string().nullable(),
  cause: z.string(),
  says: z.string(),
});

const Detail = z.object({
  /** The first drifts. */
  drifts: z.array(Drift),
  /** Rows that could not be compared, the first of them. */
  waiting: z.array(z.object({ row: z.number(), because: z.string() })),
  /** Rows of the shop that the ledger does not know, the first of them. */
  unknownRows: z.array(z.number()),
  /** Mapped items that the ERP did not name. */
  absentItems: z.number(),
  /** Corrections that could not be made, because the row moved meanwhile. */
  leftToNext: z.number(),
});

/** What a comparison found, as its record keeps it. */
export type ReconciliationDetail = z.infer<typeof Detail>;

/** What is kept of a comparison. */
export function encodeReconciliation(detail: ReconciliationDetail): string {
  const { drifts, unknownRows, waiting } = detail;
  return JSON.stringify({
    ...detail,
    drifts: drifts.slice(0, KEPT),
    waiting: waiting.slice(0, KEPT),
    unknownRows: unknownRows.slice(0, KEPT),
  });
}

/** Reads what was kept; undefined where nothing was, or by another version. */
export function decodeReconciliation(text: string | null): ReconciliationDetail | undefined {
  if (text === null) return undefined;
  try {
    const read = Detail.safeParse(JSON.parse(text));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

/** What a comparison puts on record of a drift. */
export function encodeDriftDetail(detail: {
  readonly run: number;
  readonly cause: string;
  readonly says: string;
  readonly leftBecause: string | undefined;
  readonly movement: number;
  readonly erpSays: string | undefined;
}): string {
  return JSON.stringify(detail);
}
