import { z } from "zod";
import type { Newest } from "./decide-snapshot.ts";

/** What a snapshot's row keeps beside its counts: `erpsync_stock_snapshot.detail`. */
export interface SnapshotDetail {
  /** Items of the ERP that no product is mapped to; like the next three the first few, for people. */
  readonly unknown: readonly string[];
  /** Mapped items that the ERP did not name. */
  readonly absent: readonly string[];
  /** Items that several products are mapped to: each of them would sell the same units. */
  readonly doubled: readonly string[];
  /** Items whose row is not ours to set: it depends on stock elsewhere, or follows its combinations. */
  readonly unfit: readonly string[];
  /** Items whose row waits for the next round, and why. */
  readonly waiting: readonly { readonly item: string; readonly because: string }[];
  /** Rows that could be sold from, and those of them that could no longer be. */
  readonly sellable: number;
  readonly zeroed: number;
  readonly newest: Newest | undefined;
  /**
   * Figures of items whose rows wait. A delta that does not name them says by that that they are what they were, so
   * they need not be read again.
   */
  readonly carried: readonly (readonly [item: string, units: number])[];
}

/** Examples that are kept of a list. */
export const EXAMPLES_MAX = 20;

const texts = z.array(z.string()).default([]);

const Detail = z.object({
  unknown: texts,
  absent: texts,
  doubled: texts,
  unfit: texts,
  waiting: z.array(z.object({ item: z.string(), because: z.string() })).default([]),
  sellable: z.int().default(0),
  zeroed: z.int().default(0),
  newest: z.object({ item: z.string(), at: z.string() }).optional(),
  carried: z.array(z.tuple([z.string(), z.int()])).default([]),
});

/** Reads a detail; one that is missing or cannot be read is an empty one. */
export function decodeSnapshotDetail(text: string | null): SnapshotDetail {
  const read = Detail.safeParse(text === null ? {} : json(text));
  const detail = read.success ? read.data : Detail.parse({});
  return { ...detail, newest: detail.newest };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
