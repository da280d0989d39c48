import type { ErpRef, ExternalId } from "../../domain/ids.ts";
import type { OrderBody } from "../../domain/order.ts";
import type { ErpRecord } from "../port.ts";
import type { SaleWish } from "./encode-credit.ts";
import type { KeyedPayment } from "./encode-payment.ts";
import type { Errand } from "./exchange.ts";

/** How sales are made and changed: with the companion in one request each, without it by steps. */
export interface Sales {
  readonly find: (externalId: ExternalId, errand: Errand) => Promise<ErpRecord | undefined>;
  /** `payments` are for the companion, which makes them with the sale. */
  readonly create: (wish: SaleWish, payments: readonly KeyedPayment[], errand: Errand) => Promise<ErpRef>;
  readonly amend: (id: number, body: OrderBody, errand: Errand) => Promise<void>;
  readonly cancel: (id: number, errand: Errand) => Promise<void>;
  readonly withdraw: (id: number, errand: Errand) => Promise<void>;
}
