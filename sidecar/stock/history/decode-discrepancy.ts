import { z } from "zod";

/**
 * What a discrepancy tells people beside its figures. All parts are optional, because each kind has its own and an
 * older version's must still be told.
 */
const Detail = z.object({
  /** Orders concerned. */
  orders: z.array(z.number()).optional().catch(undefined),
  units: z.number().optional().catch(undefined),
  /** Stable word for the probable cause of a drift. */
  cause: z.string().optional().catch(undefined),
  /** The same for people. */
  says: z.string().optional().catch(undefined),
  /** Why reconciliation left a drift to a person. */
  leftBecause: z.string().optional().catch(undefined),
  /** The comparison that saw a drift last. */
  run: z.number().optional().catch(undefined),
  /** Highest movement of the row that the comparison saw. */
  movement: z.number().optional().catch(undefined),
  /** How the ERP's side came to its figure. */
  erpSays: z.string().optional().catch(undefined),
});
export type DiscrepancyDetail = z.infer<typeof Detail>;

/** Reads the detail of a discrepancy; what cannot be read is left out. */
export function decodeDetail(text: string): DiscrepancyDetail {
  try {
    const read = Detail.safeParse(JSON.parse(text));
    return read.success ? read.data : {};
  } catch {
    return {};
  }
}
