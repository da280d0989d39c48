import type { ErpAdapterModule } from "../../sidecar/erp/port.ts";

/** What goes wrong with one request; each happens once. */
export type Mishap =
  | /** The connection breaks before the ERP carries the request out. */ "cut-before"
  | /** The ERP carries it out and its answer is lost. */ "cut-after-commit"
  | /** The ERP carries it out and half of its answer arrives. */ "cut-mid-answer"
  | /** The ERP neither carries it out nor answers. */ "hang-before"
  | /** The ERP says that there are too many calls. */ "throttle"
  | /** The ERP fails with an error of its own. */ "server-error"
  | /** A page of HTML comes instead of an answer. */ "html"
  | /** The ERP says that it is in maintenance. */ "maintenance"
  | /** The ERP refuses the record. */ "reject";

/** An order in the ERP as the kit looks at it. */
export interface OrderInErp {
  readonly ref: string;
  readonly externalId: string;
  readonly lines: readonly { readonly item: string; readonly quantity: number; readonly amount: number }[];
  readonly shippingCost: number;
}

/** Stock of one item at one place, as the ERP keeps it. */
export interface StockInErp {
  readonly item: string;
  readonly place: string;
  /** Pieces, also halves; null where the place never had any and the ERP keeps nothing. */
  readonly units: number | null;
  /** How long ago the ERP says that it changed: 0 unless told, null for a record that never changed. */
  readonly agoMs?: number | null;
  /** How long ago a record that never changed was made, where the ERP keeps that; 0 unless told. */
  readonly createdAgoMs?: number;
}

/** The stock of a bench. It may be spoilt: the kit clears it. */
export interface StockBench {
  /** Three places; orders of the kit ship from the first. */
  readonly places: readonly [string, string, string];
  /** What to set in the section of the configuration, so that these places are summed; none for all. */
  readonly summing: (places: readonly string[]) => Readonly<Record<string, unknown>>;
  /** What to set so that the items of the list, which follow each other, are the partition of that name. */
  readonly partition: (name: string, items: readonly string[]) => Readonly<Record<string, unknown>>;
  /** So many items that had no stock before and come behind all others. */
  readonly newItems: (count: number) => readonly string[];
  readonly set: (stock: readonly StockInErp[]) => void;
  /** The items are no longer kept in stock anywhere. */
  readonly remove: (items: readonly string[]) => void;
  readonly clear: () => void;
  /** True where, so configured, an item that lies at none of the places has a figure too, which is 0. */
  readonly namesAll?: (section: unknown) => boolean;
  /** A change that becomes visible so much later than its time is still found by a delta. */
  readonly lateMs: number;
  /** A mishap of the next reading. */
  readonly mishap: (mishap: Mishap) => void;
  /** The next page holds this item's figure in a form that is none, or without it. */
  readonly spoil: (item: string, how: "garbage" | "missing") => void;
  /** Half of the next page is lost. */
  readonly halve: () => void;
}

/** A payment or a credit as the ERP keeps it. */
export interface MoneyInErp {
  readonly ref: string;
  readonly externalId: string;
  /** With tax, in the order's currency, positive. */
  readonly amount: number;
}

/** Payments and credits of a bench. */
export interface MoneyBench {
  /** What to set in the section of the configuration so that both are carried; the port says which of them it does. */
  readonly carrying: Readonly<Record<string, unknown>>;
  /** The ERP's id of a payment method, where payments of the sample orders need one mapped. */
  readonly paymentMethod: string | undefined;
  readonly payments: () => Promise<readonly MoneyInErp[]>;
  readonly credits: () => Promise<readonly MoneyInErp[]>;
  /** A mishap of the next request that makes a payment (alone or with its order) or a credit. */
  readonly mishap: (of: "payment" | "credit", mishap: Mishap) => void;
  /**
   * Closes the books up to that day, `YYYY-MM-DD`, included; undefined opens them all. Left out where this ERP's books
   * know no end that a credit could lie before.
   */
  readonly closeBooks?: (until: string | undefined) => Promise<void>;
}

/** What becomes of orders in the ERP of a bench. */
export interface ProgressBench {
  /** A parcel leaves with all that is left of the order, or with its first line only. */
  readonly ship: (
    orderRef: string,
    parcel: { readonly trackingNumber: string; readonly carrier: string },
    what: "all" | "first line",
  ) => Promise<void>;
  /** Invoices what was shipped; resolves with the invoice's number. */
  readonly bill: (orderRef: string) => Promise<string>;
  /** All that makes up the orders' progress is said to have last changed so long ago, in one moment. */
  readonly changed: (orderRefs: readonly string[], agoMs: number) => Promise<void>;
  /** False where this ERP has no name of a parcel's carrier; it is told as empty then. */
  readonly namesCarriers?: false;
  /** The most orders that the adapter puts on a page. */
  readonly pageOrders: number;
  /** A change that becomes visible so much later than its time is still found. */
  readonly lateMs: number;
}

/** An ERP (an emulator, or a real one that may be spoilt) on which the kit runs. */
export interface ErpBench {
  /** The section `erp.<name>` of the configuration, before its schema has read it. One for each way to log in. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What to set so that the wrapping, vouchers, rounding and taxes of the sample orders are booked. */
  readonly booking: Readonly<Record<string, unknown>>;
  /** Ids of at least two items that orders may contain, and one that does not exist. */
  readonly itemIds: readonly [string, string];
  readonly unknownItemId: string;
  readonly mishap: (mishap: Mishap) => void;
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  /** Makes all log-ins invalid at once. */
  readonly expireLogins: () => void;
  /** Makes each call take this long; 0 for as long as it takes. */
  readonly slow: (delayMs: number) => void;
  readonly orders: () => Promise<readonly OrderInErp[]>;
  readonly customers: () => Promise<readonly { readonly ref: string; readonly externalId: string }[]>;
  readonly stock: StockBench;
  readonly money: MoneyBench;
  readonly progress: ProgressBench;
  /** Calls that reached the ERP so far. */
  readonly calls: () => number;
  readonly maxInFlight: () => number;
  readonly close: () => Promise<void>;
}

/** What `test/contract/harness/<name>.ts` exports as `harness`. */
export interface ErpHarness {
  // The kit treats settings as opaque: it reads them by the adapter's own schema and hands them back to it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- one suite runs over adapters with different settings
  readonly adapter: ErpAdapterModule<any>;
  /** True where the bench is an emulator. A pass against an emulator is never called a pass against the vendor. */
  readonly emulated: boolean;
  /** Why the kit cannot run here, for instance because the ERP cannot be installed; undefined where it can. */
  readonly missing?: () => string | undefined;
  readonly start: () => Promise<ErpBench>;
}
