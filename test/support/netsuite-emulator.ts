import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type AuthKind, createEmulatorAuth } from "./netsuite-emulator-auth.ts";
import { createControl } from "./netsuite-emulator-control.ts";
import { createFaultSwitch, type FaultSwitch } from "./netsuite-emulator-faults.ts";
import { createOrderLife, type OrderLife } from "./netsuite-emulator-life.ts";
import { type CallLog, createCallLog, type EmulatorCall } from "./netsuite-emulator-log.ts";
import { createPool, type Gate, handle } from "./netsuite-emulator-pool.ts";
import { createRecordStore, type RecordStore, type StoredRecord } from "./netsuite-emulator-records.ts";
import type { TaxFeature } from "./netsuite-emulator-rules.ts";
import { SEED, type Seed } from "./netsuite-emulator-seed.ts";
import { type EmulatorSettings, seedSettings } from "./netsuite-emulator-settings.ts";
import {
  createStockStore,
  type StockRow,
  type StockSeed,
  type StockSetting,
  type StockStore,
  type StockView,
} from "./netsuite-emulator-stock.ts";
import { catalogOf } from "./netsuite-emulator-suiteql.ts";

export type { AuthKind } from "./netsuite-emulator-auth.ts";
export type { Fault, FaultMatch } from "./netsuite-emulator-faults.ts";
export type { Shipment } from "./netsuite-emulator-life.ts";
export type { EmulatorCall } from "./netsuite-emulator-log.ts";
export type { StoredRecord } from "./netsuite-emulator-records.ts";
export type { StockRow, StockSeed, StockSetting, StockView } from "./netsuite-emulator-stock.ts";

/** How the account is made; the defaults are an account with 10 concurrent calls and tokens of an hour. */
export interface EmulatorOptions {
  /** 0 (any free port) unless told. */
  readonly port?: number;
  /** Port of the control endpoint; 0 unless told. */
  readonly controlPort?: number;
  /** Address that clients reach it at, where that is not the loopback's; it then listens on all interfaces. */
  readonly origin?: string;
  readonly account?: string;
  /** Calls that the account carries out at once; one more is answered 429. */
  readonly concurrencyLimit?: number;
  readonly tokenLifeSeconds?: number;
  readonly seed?: Seed;
  /** False makes an ERP that enforces no key, to see a test of exactly-once fail. */
  readonly uniqueExternalIds?: boolean;
  /** How the account has taxes; SuiteTax unless told. */
  readonly tax?: TaxFeature;
  readonly nowMs?: () => number;
  /** Whether a change of stock is known to the second or by its day only; the day unless told. */
  readonly stockPrecision?: "second" | "day";
  /** Minutes that the account's time zone is ahead of UTC; -480 (Pacific, NetSuite's own) unless told. */
  readonly utcOffsetMinutes?: number;
}

/**
 * A NetSuite account over real HTTP, as far as the facts about it go. Each rule in the files beside this one names the
 * fact that it stands on; what passes here has not passed at NetSuite.
 */
export interface NetSuiteEmulator {
  readonly url: string;
  /** Address of the control endpoint; it answers also while the ERP is down. */
  readonly controlUrl: string;
  readonly settings: (auth?: AuthKind) => EmulatorSettings;
  readonly faults: FaultSwitch;
  /** Refuses connections and breaks the open ones, until `up`. */
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  readonly expireTokens: () => void;
  readonly tokensIssued: () => number;
  readonly addItems: (ids: readonly string[]) => void;
  readonly setStock: (settings: readonly StockSetting[]) => void;
  readonly seedStock: (seed: StockSeed) => void;
  /** Takes the rows of these items away, as if there had been none. */
  readonly removeStock: (items: readonly string[]) => void;
  readonly clearStock: () => void;
  /** Changes what queries see of the stock. */
  readonly viewStock: (view: StockView) => void;
  /** The stock as it is, of all items or of one. */
  readonly stock: (item?: string) => readonly StockRow[];
  readonly orders: () => readonly StoredRecord[];
  readonly customers: () => readonly StoredRecord[];
  readonly deposits: () => readonly StoredRecord[];
  readonly credits: () => readonly StoredRecord[];
  /** What the account's people do with orders. */
  readonly life: OrderLife;
  /** Closes the books up to that day, `YYYY-MM-DD`, included; undefined opens them all. */
  readonly closeBooks: (until: string | undefined) => void;
  /** Orders that exist twice: by external id, or by the marked fingerprint in their memo. */
  readonly duplicates: () => readonly (readonly StoredRecord[])[];
  readonly calls: () => readonly EmulatorCall[];
  readonly inFlight: () => number;
  readonly maxInFlight: () => number;
  /** Forgets ended calls and starts `maxInFlight` anew; records stay. */
  readonly resetLog: () => void;
  /** Waits until the condition holds; it is looked at whenever a call arrives or ends. */
  readonly until: (condition: () => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Starts an emulator on the loopback address. */
export async function startNetSuiteEmulator(options: EmulatorOptions = {}): Promise<NetSuiteEmulator> {
  const seed = options.seed ?? SEED;
  const nowMs = options.nowMs ?? Date.now;
  const account = options.account ?? "5256042_SB1";
  const utcOffsetMinutes = options.utcOffsetMinutes ?? -480;
  const stock = createStockStore({
    locationIds: seed.locationIds,
    nowMs,
    precision: options.stockPrecision ?? "day",
    utcOffsetMinutes,
    addItems: (ids) => {
      store.addItems(ids);
    },
    isStocked: (item) => ![...seed.chargeItemIds, ...seed.discountItemIds].includes(item),
  });
  const store = createRecordStore(
    seed,
    { uniqueExternalIds: options.uniqueExternalIds ?? true, tax: options.tax ?? "suite-tax", nowMs },
    stock.commit,
  );
  const log = createCallLog(nowMs);
  const faults = createFaultSwitch();
  const listener = createListener(
    options.port ?? 0,
    (request, response) => handle(request, response, gate),
    options.origin,
  );
  const auth = createEmulatorAuth({
    account,
    tokenUrl: () => `${listener.url()}/services/rest/auth/oauth2/v1/token`,
    tokenLifeSeconds: options.tokenLifeSeconds ?? 3_600,
    nowMs,
  });
  const pool = createPool(options.concurrencyLimit ?? 10);
  const catalog = catalogOf(store, stock, seed, utcOffsetMinutes);
  const gate: Gate = { origin: listener.url, auth, faults, log, pool, store, catalog };
  await listener.up();
  const settings = (kind: AuthKind = "oauth2-es256"): EmulatorSettings => ({
    account,
    baseUrl: listener.url(),
    auth: auth.settings(kind),
    ...seedSettings(seed, options.tax ?? "suite-tax"),
  });
  const emulator = {
    url: listener.url(),
    settings,
    faults,
    down: listener.down,
    up: listener.up,
    expireTokens: auth.expireTokens,
    tokensIssued: auth.tokensIssued,
    ...views(store, stock, log),
  };
  const control = createListener(options.controlPort ?? 0, createControl(emulator));
  await control.up();
  const close = async (): Promise<void> => {
    await Promise.all([listener.down(), control.down()]);
  };
  return { ...emulator, controlUrl: `${control.url()}/_emulator`, close, [Symbol.asyncDispose]: close };
}

/** The part of an emulator that the control endpoint offers to other processes. */
export type EmulatorCore = Omit<NetSuiteEmulator, "controlUrl" | "close" | typeof Symbol.asyncDispose>;

type Views = Pick<
  NetSuiteEmulator,
  | "addItems"
  | "setStock"
  | "seedStock"
  | "removeStock"
  | "clearStock"
  | "viewStock"
  | "stock"
  | "orders"
  | "customers"
  | "deposits"
  | "credits"
  | "life"
  | "closeBooks"
  | "duplicates"
  | "calls"
  | "inFlight"
  | "maxInFlight"
  | "resetLog"
  | "until"
>;

function views(store: RecordStore, stock: StockStore, log: CallLog): Views {
  return {
    addItems: store.addItems,
    setStock: stock.set,
    seedStock: stock.seed,
    removeStock: stock.remove,
    clearStock: stock.clear,
    viewStock: stock.view,
    stock: stock.rows,
    orders: () => store.all("salesOrder"),
    customers: () => store.all("customer"),
    deposits: () => store.all("customerDeposit"),
    credits: () => store.all("creditMemo"),
    life: createOrderLife(store, stock),
    closeBooks: store.closeBooks,
    duplicates: () => duplicatesOf(store.all("salesOrder")),
    calls: log.calls,
    inFlight: log.inFlight,
    maxInFlight: log.maxInFlight,
    resetLog: log.reset,
    until: log.until,
  };
}

function duplicatesOf(orders: readonly StoredRecord[]): readonly (readonly StoredRecord[])[] {
  const groups = new Map<string, StoredRecord[]>();
  for (const order of orders) {
    const mark = /\[erpsync:[^\]]*\]/.exec(JSON.stringify(order.body["memo"] ?? ""))?.[0];
    for (const key of [`eid:${order.externalId}`, ...(mark === undefined ? [] : [mark])]) {
      groups.set(key, [...(groups.get(key) ?? []), order]);
    }
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

interface Listener {
  readonly url: () => string;
  readonly up: () => Promise<void>;
  readonly down: () => Promise<void>;
}

/** A server that can be stopped and started again on the port that it first got. */
function createListener(
  wantedPort: number,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  origin?: string,
): Listener {
  let port = wantedPort;
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  return {
    url: () => origin ?? `http://127.0.0.1:${String(port)}`,
    up: async () => {
      if (server !== undefined) return;
      const opening = createServer(onRequest);
      server = opening;
      opening.on("connection", (socket) => {
        sockets.add(socket);
        socket.on("close", () => sockets.delete(socket));
      });
      opening.listen(port, origin === undefined ? "127.0.0.1" : "0.0.0.0");
      await once(opening, "listening");
      port = (opening.address() as AddressInfo).port;
    },
    down: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      closing.close();
      for (const socket of sockets) socket.destroy();
      await once(closing, "close");
    },
  };
}
