import type { ZodType } from "zod";
import type { Clock } from "../domain/clock.ts";
import type { CreditBody } from "../domain/credit.ts";
import { type RetryAdvice, SidecarError } from "../domain/errors.ts";
import type { ErpRef, ExternalId } from "../domain/ids.ts";
import type { Currency } from "../domain/money.ts";
import type { CustomerBody, OrderBody } from "../domain/order.ts";
import type { PaymentBody } from "../domain/payment.ts";
import type { ErpProgress } from "../domain/progress.ts";

/** One request to the ERP and what came of it, as it is recorded. Secrets (tokens, signatures) are not in it. */
export interface ErpExchange {
  readonly method: string;
  /** Path and query, without host. */
  readonly path: string;
  /** The request's body as sent, or empty. */
  readonly request: string;
  /** The HTTP status, or 0 where no complete answer came. */
  readonly status: number;
  /** The answer's body as received (cut at 64 KiB), or the cause where none came. */
  readonly answer: string;
  readonly tookMs: number;
}

/** What every call to the ERP is given by its caller. */
export interface ErpCall {
  /** Aborts the call; an aborted create is ambiguous like a timeout. */
  readonly signal: AbortSignal;
  /**
   * On the monotonic clock: a call that gets its place at the limiter later than this is not sent, and rejects with
   * ErpThrottledError. Undefined for a call that may wait as long as it takes.
   */
  readonly startByMs?: number;
  /** 0 goes first, 9 last: orders 3, customers 3, feeds 6, reconciliation 8, probes 0. */
  readonly priority: number;
  /** Receives each exchange as it ends, also the failed ones. Token requests are not noted. */
  readonly note: (exchange: ErpExchange) => void;
}

/** A record found in the ERP by its external id. */
export interface ErpRecord {
  readonly ref: ErpRef;
  /** The fingerprint that was sent with the record, or undefined where the ERP's record carries none. */
  readonly fingerprint: string | undefined;
}

/** What an ERP can promise, as it is configured. */
export interface ErpCapabilities {
  /** The ERP itself refuses a second record with the same external id, also under concurrency. */
  readonly uniqueKey: boolean;
  /**
   * The figure of `readStock` already leaves out the units of an order from the moment on that `createOrder` has
   * answered. False where that is not sure: the caller then subtracts them itself.
   */
  readonly stockCountsOrders: boolean;
  /** Payments are carried, by `createPayment`; false where the adapter is not configured to book them. */
  readonly payments: boolean;
  /**
   * `createOrder` makes the order and the payments that it is given, or nothing of either. Where this is false it ignores
   * them: the caller then sends each by `createPayment`, and takes the order back should the first be refused.
   */
  readonly paymentsWithOrder: boolean;
  /** Credit slips are carried, by `createCredit`. */
  readonly credits: boolean;
  /** Names that `StockQuery.partition` may have; empty where the items are not cut into parts. */
  readonly stockPartitions: readonly string[];
}

/** Which order to read. */
export interface OrderToRead {
  readonly ref: ErpRef;
  readonly externalId: ExternalId;
  /** The order's own in the shop. */
  readonly currency: Currency;
}

/** What an order amounts to in the ERP, by the ERP's own reckoning, and how it stands. */
export interface ErpOrderTotals {
  /** ISO 4217 code. */
  readonly currencyCode: string;
  /** Shipping and all else included; undefined where the ERP does not tell the tax apart. */
  readonly totalTaxExclMinor: number | undefined;
  readonly totalTaxInclMinor: number;
  /** How many lines it has, those for wrapping, vouchers and rounding included. */
  readonly lines: number;
  readonly customerRef: ErpRef;
  /** Called off in the ERP, by us or by people. */
  readonly isCancelled: boolean;
  /** Sum of our payments of it that stand in the ERP; undefined where payments are not carried. */
  readonly paidMinor: number | undefined;
  /** Sum of our credits of it with tax, positive; undefined where credits are not carried. */
  readonly creditedTaxInclMinor: number | undefined;
}

declare const progressMarkBrand: unique symbol;
/** How far changes of orders have been read: the adapter's own text, at most 96 characters, that only it can read. */
export type ProgressMark = string & { readonly [progressMarkBrand]: true };
export const progressMark = (text: string): ProgressMark => text as ProgressMark;

/** Which changes of orders to read. */
export interface ProgressQuery {
  /** Undefined the first time: what changed in the last seven days. It overlaps as deltas of the stock do. */
  readonly changedSince: ProgressMark | undefined;
  /** `ProgressPage.next` of the page before; undefined for the first page. */
  readonly after: string | undefined;
}

/** A part of the answer: at most 200 orders that carry a key of ours, each as it stands now. */
export interface ProgressPage {
  readonly orders: readonly ErpProgress[];
  /** The cursor of the next page, or undefined where this was the last one. At most 160 characters. */
  readonly next: string | undefined;
  /** To be stored when the last page has been applied; it never lies before the given one. */
  readonly mark: ProgressMark | undefined;
}

declare const stockMarkBrand: unique symbol;
/**
 * How far changes of stock have been read: the adapter's own text, at most 96 characters, that only it can read. Kept
 * by the caller and given back as `StockQuery.changedSince`.
 */
export type StockMark = string & { readonly [stockMarkBrand]: true };
export const stockMark = (text: string): StockMark => text as StockMark;

/** Which figures to read. */
export interface StockQuery {
  /**
   * Undefined for a snapshot: every item that the ERP keeps a figure of. With a mark, a delta: at least the items whose
   * figure may have changed since, and new ones. It overlaps with what was read before by as much as the ERP's clock and
   * late commits need, so an unchanged figure may come again. An item that is gone is told by no delta; in a snapshot it
   * is missing.
   */
  readonly changedSince: StockMark | undefined;
  /** `StockPage.next` of the page before, asked for with the same mark and partition; undefined for the first page. */
  readonly after: string | undefined;
  /** One of `ErpCapabilities.stockPartitions`; all items where it is left out. Any other name is `ErpRejectedError`. */
  readonly partition?: string;
}

/** How much of an item the shop may sell, by the ERP. */
export interface StockFigure {
  readonly itemRef: ErpRef;
  /**
   * Whole units over all configured locations, also where only one of them changed. Fractions are summed first and then
   * rounded down, below zero too: 2.5 is 2, -0.5 is -1.
   */
  readonly availableUnits: number;
  /** When the ERP last changed it, `YYYY-MM-DD HH:MM:SS` in the ERP's own time zone and precision, for people. */
  readonly changedAt: string | undefined;
}

/** A part of the answer; at most 1,000 items, each of them once in a whole reading unless it changed meanwhile. */
export interface StockPage {
  readonly figures: readonly StockFigure[];
  /** The cursor of the next page, or undefined where this was the last one. At most 160 characters. */
  readonly next: string | undefined;
  /**
   * The mark of all that was read up to this page; it never lies before the given one. To be stored when the last page
   * has been applied. Undefined while no item was ever seen.
   */
  readonly mark: StockMark | undefined;
}

/**
 * All that the sidecar asks of an ERP. Function properties, not methods, so that nothing loses its `this`.
 * Every function rejects with one of the errors below, or with DecodeError where an answer has not the form that it
 * must have; anything else is a bug of the adapter.
 */
export interface ErpPort {
  readonly name: string;
  readonly capabilities: ErpCapabilities;
  /** A cheap read that succeeds when the ERP can be worked with. */
  readonly probe: (call: ErpCall) => Promise<void>;
  readonly findCustomer: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  readonly createCustomer: (body: CustomerBody, call: ErpCall) => Promise<ErpRef>;
  readonly amendCustomer: (ref: ErpRef, body: CustomerBody, call: ErpCall) => Promise<void>;
  readonly findOrder: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  /** `payments` are made with it or not at all where `paymentsWithOrder` says so, and are ignored elsewhere. */
  readonly createOrder: (body: OrderBody, payments: readonly PaymentBody[], call: ErpCall) => Promise<ErpRef>;
  /** Replaces the order's content, lines included. Repeating it with the same body changes nothing. */
  readonly amendOrder: (ref: ErpRef, body: OrderBody, call: ErpCall) => Promise<void>;
  /**
   * Calls the order off: nothing of it is to be delivered or charged any more, and it stays as evidence. `amendOrder`
   * opens it again. Repeating it changes nothing. What was delivered already is `ErpRejectedError`.
   */
  readonly cancelOrder: (ref: ErpRef, call: ErpCall) => Promise<void>;
  /**
   * Takes an order that we have just created out of the ERP again, so that its key is free. Repeating it, or a record
   * that is gone, is no error. What people have worked on meanwhile is `ErpRejectedError`.
   */
  readonly withdrawOrder: (ref: ErpRef, call: ErpCall) => Promise<void>;
  /**
   * The totals of an order as they stand in the ERP, in minor units of its currency; undefined where the record is gone.
   * An amount with more decimals than that currency is `DecodeError`.
   */
  readonly readOrder: (order: OrderToRead, call: ErpCall) => Promise<ErpOrderTotals | undefined>;
  readonly findPayment: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  readonly createPayment: (body: PaymentBody, call: ErpCall) => Promise<ErpRef>;
  readonly findCredit: (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>;
  readonly createCredit: (body: CreditBody, call: ErpCall) => Promise<ErpRef>;
  /** One page of orders that moved on in the ERP. */
  readonly readProgress: (query: ProgressQuery, call: ErpCall) => Promise<ProgressPage>;
  /**
   * One page of figures. A change between two pages neither hides another item nor shows it twice in a snapshot. A row
   * that cannot be read fails the page with DecodeError, which names the item: no figure is ever guessed.
   */
  readonly readStock: (query: StockQuery, call: ErpCall) => Promise<StockPage>;
  /** Releases sockets and timers. */
  readonly close: () => Promise<void>;
}

/** An HTTP request of an adapter. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds until the whole answer must be there. */
  readonly timeoutMs: number;
}

/**
 * How an HTTP request ended. `not-sent` is certain (no connection was made, so nothing happened on the other
 * side); `unknown` means that the request may have been executed.
 */
export type HttpOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: "not-sent"; readonly cause: string }
  | { readonly kind: "unknown"; readonly cause: string };

/** Sends one request; never rejects. Handed to adapters, so that they need no socket of their own. */
export type HttpSend = (request: HttpRequest, signal: AbortSignal) => Promise<HttpOutcome>;

/** What wiring hands to an adapter. */
export interface AdapterTools {
  readonly http: HttpSend;
  readonly clock: Clock;
}

/** What `erp/<name>/adapter.ts` exports; wiring loads it by the configured name, so no list needs an edit. */
export interface ErpAdapterModule<Settings> {
  /** Schema of the `erp.<name>` section of the configuration. */
  readonly settings: ZodType<Settings>;
  readonly open: (settings: Settings, tools: AdapterTools) => ErpPort;
}

/** The ERP understood the record and refuses it: an unknown item, a missing field, a closed period. */
export class ErpRejectedError extends SidecarError {
  readonly code = "E_ERP_REJECTED";
  readonly advice: RetryAdvice = { kind: "park" };
}

/** The ERP says that a record with this external id exists. The caller looks it up before it believes anything. */
export class ErpDuplicateError extends SidecarError {
  readonly code = "E_ERP_DUPLICATE";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "other" };
}

/** The ERP failed on this request (a 5xx, an unreadable answer). Whether it was executed is not known. */
export class ErpFailedError extends SidecarError {
  readonly code = "E_ERP_FAILED";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "erp" };
}

/** The request went out and no complete answer came. Whether it was executed is not known. */
export class ErpAmbiguousError extends SidecarError {
  readonly code = "E_ERP_AMBIGUOUS";
  readonly advice: RetryAdvice = { kind: "retry", suspect: "erp" };
}

/** The ERP as a whole cannot be worked with: no connection, login refused, maintenance. Nothing was executed. */
export class ErpUnavailableError extends SidecarError {
  readonly code = "E_ERP_UNAVAILABLE";
  readonly advice: RetryAdvice = { kind: "outage" };
}

/** The ERP answered 429: too many calls at once. Nothing was executed. */
export class ErpThrottledError extends SidecarError {
  readonly code = "E_ERP_THROTTLED";
  readonly advice: RetryAdvice;
  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.advice = { kind: "slow-down", retryAfterMs };
  }
}
