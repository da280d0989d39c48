import { z } from "zod";
import { erpRef } from "../domain/ids.ts";
import {
  type Acknowledged,
  AUTHORS,
  DIFFERENCE_KINDS,
  type Difference,
  decideAuthor,
  type OrderSide,
} from "./decide-order-difference.ts";

const StoredValue = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const StoredDifferences = z.array(
  z.object({
    kind: z.enum(DIFFERENCE_KINDS),
    shop: StoredValue,
    erp: StoredValue,
    acknowledged: StoredValue,
    author: z.enum(AUTHORS),
  }),
);

/** The columns of a check that hold its differences; all null where there is none. */
export interface DifferenceColumns {
  readonly kinds: string | null;
  readonly author: string | null;
  readonly differences: string | null;
}

/** Writes differences as they are kept. */
export function encodeDifferences(differences: readonly Difference[]): DifferenceColumns {
  if (differences.length === 0) return { kinds: null, author: null, differences: null };
  return {
    kinds: differences.map(({ kind }) => kind).join(","),
    author: decideAuthor(differences) ?? null,
    differences: JSON.stringify(differences),
  };
}

/** Reads differences that were kept; none where nothing was, or by another version. */
export function decodeDifferences(text: string | null): readonly Difference[] {
  return parse(StoredDifferences, text) ?? [];
}

const StoredAgreement = z.object({
  /** The ERP's id of the order: under another one it is another record, of before a restore. */
  ref: z.string(),
  isCancelled: z.boolean(),
  totalTaxExclMinor: z.number().optional(),
  totalTaxInclMinor: z.number(),
  paidMinor: z.number().optional(),
  creditedTaxInclMinor: z.number().optional(),
  customerRef: z.string().optional(),
});

/** Writes what both sides said when they agreed, by the ERP's words: it does not tell of what is not compared. */
export function encodeAgreement(ref: string, erp: OrderSide): string {
  const { currencyCode: _same, ...said } = erp;
  return JSON.stringify({ ref, ...said });
}

/** Reads what was agreed on of the record `ref`; undefined where nothing was. */
export function decodeAgreement(text: string | null, ref: string): Acknowledged | undefined {
  const read = parse(StoredAgreement, text);
  if (read?.ref !== ref) return undefined;
  const { customerRef, creditedTaxInclMinor, isCancelled, paidMinor, totalTaxExclMinor, totalTaxInclMinor } =
    read;
  return {
    isCancelled,
    totalTaxExclMinor,
    totalTaxInclMinor,
    paidMinor,
    creditedTaxInclMinor,
    customerRef: customerRef === undefined ? undefined : erpRef(customerRef),
  };
}

function parse<T>(schema: z.ZodType<T>, text: string | null): T | undefined {
  if (text === null) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
