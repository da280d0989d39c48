declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** `id_order` of the shop. */
export type ShopOrderId = Branded<number, "ShopOrderId">;
/** `id_customer` of the shop. */
export type ShopCustomerId = Branded<number, "ShopCustomerId">;
/** The ERP's own id of a record, as text: NetSuite's internal id, Tryton's id. */
export type ErpRef = Branded<string, "ErpRef">;
/** The key that we give a record in the ERP, for instance `PS-main-1001`; letters, digits, `_` and `-` only. */
export type ExternalId = Branded<string, "ExternalId">;
/** What a job is about, for instance `order:123`; at most 96 characters. */
export type Subject = Branded<string, "Subject">;
/** Key of one operation on one subject: `order:123#1`. */
export type OperationKey = Branded<string, "OperationKey">;

export const shopOrderId = (id: number): ShopOrderId => id as ShopOrderId;
export const shopCustomerId = (id: number): ShopCustomerId => id as ShopCustomerId;
export const erpRef = (ref: string): ErpRef => ref as ErpRef;

export const orderSubject = (id: ShopOrderId): Subject => `order:${String(id)}` as Subject;
export const customerSubject = (id: ShopCustomerId): Subject => `customer:${String(id)}` as Subject;

/** What a subject names. Kinds that no stage works on yet are `other`; their events are recorded, not worked. */
export type ParsedSubject =
  | { readonly kind: "order"; readonly id: ShopOrderId }
  | { readonly kind: "customer"; readonly id: ShopCustomerId }
  | { readonly kind: "other" };

const SUBJECT = /^(order|customer):([1-9][0-9]{0,9})$/;

/** Reads a subject; anything that is not exactly `order:<id>` or `customer:<id>` is `other`. */
export function parseSubject(subject: string): ParsedSubject {
  const match = SUBJECT.exec(subject);
  if (match === null) return { kind: "other" };
  const id = Number(match[2]);
  return match[1] === "order"
    ? { kind: "order", id: shopOrderId(id) }
    : { kind: "customer", id: shopCustomerId(id) };
}

/** The n-th operation on a subject; n counts from 1 and follows the last acknowledged one. */
export const operationKey = (subject: Subject, number: number): OperationKey =>
  `${subject}#${String(number)}` as OperationKey;

/**
 * The shop's identity in the ERP. Ids come back after a restore or a cleared test shop, so each `adopt --restored`
 * opens a new epoch: ids above its first ids are new records and get keys of their own.
 */
export interface Epoch {
  /** 1 for the first; it then leaves no trace in the keys. */
  readonly number: number;
  /** Orders from this id on belong to the epoch. */
  readonly firstOrderId: number;
  /** Customers from this id on belong to the epoch. */
  readonly firstCustomerId: number;
}

/** The first epoch, which every shop starts in. */
export const FIRST_EPOCH: Epoch = { number: 1, firstOrderId: 0, firstCustomerId: 0 };

function epochSuffix(epochs: readonly Epoch[], belongs: (epoch: Epoch) => boolean): string {
  const number = Math.max(1, ...epochs.filter(belongs).map((epoch) => epoch.number));
  return number === 1 ? "" : `-E${String(number)}`;
}

/**
 * Key of an order in the ERP: `PS-<shop key>-<id_order>`, from the second epoch on with `-E<epoch>` behind it.
 * Never the order reference: the orders of a split cart share it.
 */
export function orderExternalId(shopKey: string, id: ShopOrderId, epochs: readonly Epoch[]): ExternalId {
  const suffix = epochSuffix(epochs, (epoch) => id >= epoch.firstOrderId);
  return `PS-${shopKey}-${String(id)}${suffix}` as ExternalId;
}

/** Key of a customer in the ERP: `PS-<shop key>-CUST-<id_customer>`, with the epoch's suffix as for orders. */
export function customerExternalId(
  shopKey: string,
  id: ShopCustomerId,
  epochs: readonly Epoch[],
): ExternalId {
  const suffix = epochSuffix(epochs, (epoch) => id >= epoch.firstCustomerId);
  return `PS-${shopKey}-CUST-${String(id)}${suffix}` as ExternalId;
}
