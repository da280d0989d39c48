import { sha256 } from "../domain/fingerprint.ts";
import type { ShopOrderId } from "../domain/ids.ts";
import type { ErpProgress } from "../domain/progress.ts";

/** A row of `erpsync_progress`, its time left out. */
export interface ProgressRow {
  readonly id_order: ShopOrderId;
  readonly erp_ref: string;
  readonly stage: string;
  readonly parcels: string;
  readonly invoice_numbers: string;
  readonly content_hash: string;
}

/**
 * Encodes what the ERP says of an order; `orders/decode-progress.ts` reads it. Fields are named one by one, so that the
 * same words always come to the same hash, in whatever order the adapter made them.
 */
export function encodeProgress(orderId: ShopOrderId, progress: ErpProgress): ProgressRow {
  const parcels = JSON.stringify(
    progress.parcels.map(({ ref, trackingNumber, carrier }) => ({ ref, trackingNumber, carrier })),
  );
  const invoiceNumbers = JSON.stringify(progress.invoiceNumbers);
  return {
    id_order: orderId,
    erp_ref: progress.orderRef,
    stage: progress.stage,
    parcels,
    invoice_numbers: invoiceNumbers,
    content_hash: sha256([progress.orderRef, progress.stage, parcels, invoiceNumbers].join("\n")),
  };
}
