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

/** An ERP (an emulator, or a real one that may be spoilt) on which the kit runs. */
export interface ErpBench {
  /** The section `erp.<name>` of the configuration, before its schema has read it. One for each way to log in. */
  readonly settings: Readonly<Record<string, unknown>>;
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
  readonly start: () => Promise<ErpBench>;
}
