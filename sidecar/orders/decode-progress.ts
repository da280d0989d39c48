import { z } from "zod";
import { DecodeError } from "../domain/errors.ts";
import { erpRef } from "../domain/ids.ts";
import { ERP_STAGES, type ErpProgress } from "../domain/progress.ts";

/** What the ERP last said of an order, as the feed left it. */
export type OrderProgress = Omit<ErpProgress, "orderExternalId">;

/** A row of `erpsync_progress`. */
export interface ProgressRow {
  readonly erp_ref: string;
  readonly stage: string;
  /** JSON. */
  readonly parcels: string;
  /** JSON. */
  readonly invoice_numbers: string;
}

const Ref = z.string().transform(erpRef);
const Stage = z.enum(ERP_STAGES);
const Parcels = z.array(z.strictObject({ ref: Ref, trackingNumber: z.string(), carrier: z.string() }));
const InvoiceNumbers = z.array(z.string());

/**
 * Decodes what `feed/encode-progress.ts` wrote.
 * @throws DecodeError where the row is of another version of the program, or was edited by hand.
 */
export function decodeProgress(orderId: number, row: ProgressRow): OrderProgress {
  const stage = Stage.safeParse(row.stage);
  const parcels = Parcels.safeParse(parseJson(row.parcels));
  const invoiceNumbers = InvoiceNumbers.safeParse(parseJson(row.invoice_numbers));
  if (!stage.success || !parcels.success || !invoiceNumbers.success) {
    throw new DecodeError(`The progress of order ${String(orderId)} on record cannot be read`);
  }
  return {
    orderRef: erpRef(row.erp_ref),
    stage: stage.data,
    parcels: parcels.data,
    invoiceNumbers: invoiceNumbers.data,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
