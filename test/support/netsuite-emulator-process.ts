import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type {
  AuthKind,
  EmulatorCall,
  Fault,
  Shipment,
  StockRow,
  StockSeed,
  StockSetting,
  StockView,
  StoredRecord,
} from "./netsuite-emulator.ts";
import type { EmulatorSettings } from "./netsuite-emulator-settings.ts";

/** Counts of a running emulator. */
export interface EmulatorState {
  readonly url: string;
  readonly orders: number;
  readonly customers: number;
  readonly calls: number;
  readonly inFlight: number;
  readonly maxInFlight: number;
  readonly tokensIssued: number;
}

/** An emulator in another process, by its control endpoint. */
export interface RemoteEmulator {
  readonly state: () => Promise<EmulatorState>;
  readonly settings: (auth?: AuthKind) => Promise<EmulatorSettings>;
  readonly orders: () => Promise<readonly StoredRecord[]>;
  readonly customers: () => Promise<readonly StoredRecord[]>;
  readonly deposits: () => Promise<readonly StoredRecord[]>;
  readonly credits: () => Promise<readonly StoredRecord[]>;
  /** Fulfils an order; the fulfilment's id. */
  readonly ship: (order: string, shipment: Shipment) => Promise<string>;
  /** Invoices what was fulfilled; the invoice's number. */
  readonly bill: (order: string) => Promise<string>;
  readonly closeBooks: (until: string | undefined) => Promise<void>;
  readonly duplicates: () => Promise<readonly (readonly StoredRecord[])[]>;
  /** The calls after that sequence number. */
  readonly calls: (since?: number) => Promise<readonly EmulatorCall[]>;
  readonly addFault: (fault: Fault) => Promise<number>;
  readonly removeFault: (id: number) => Promise<void>;
  readonly clearFaults: () => Promise<void>;
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  readonly expireTokens: () => Promise<void>;
  readonly resetLog: () => Promise<void>;
  readonly addItems: (ids: readonly string[]) => Promise<void>;
  readonly seedStock: (seed: StockSeed) => Promise<void>;
  readonly setStock: (settings: readonly StockSetting[]) => Promise<void>;
  readonly removeStock: (items: readonly string[]) => Promise<void>;
  readonly viewStock: (view: StockView) => Promise<void>;
  /** The stock as it is, of all items or of one. */
  readonly stock: (item?: string) => Promise<readonly StockRow[]>;
  readonly clearStock: () => Promise<void>;
}

/** An emulator that this process started. */
export interface EmulatorProcess extends RemoteEmulator {
  readonly url: string;
  readonly controlUrl: string;
  /** The section `erp.netsuite` of a configuration, with the way to log in that it was started for. */
  readonly emulatorSettings: EmulatorSettings;
  readonly close: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Speaks to the control endpoint of an emulator that runs anywhere on this machine. */
export function remoteEmulator(controlUrl: string): RemoteEmulator {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${controlUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const content: unknown = await answer.json();
    if (!answer.ok) throw new RangeError(`${method} ${path}: ${JSON.stringify(content)}`);
    return content;
  };
  const get = <T>(path: string): Promise<T> => ask("GET", path) as Promise<T>;
  const tell = async (method: string, path: string, body?: unknown): Promise<void> => {
    await ask(method, path, body);
  };
  return {
    state: () => get("/state"),
    settings: (auth = "oauth2-es256") => get(`/settings?auth=${auth}`),
    orders: () => get("/orders"),
    customers: () => get("/customers"),
    deposits: () => get("/deposits"),
    credits: () => get("/credits"),
    ship: async (order, shipment) => ((await ask("POST", "/ship", { order, shipment })) as { id: string }).id,
    bill: async (order) => ((await ask("POST", "/bill", { order })) as { number: string }).number,
    closeBooks: (until) => tell("POST", "/books", { until }),
    duplicates: () => get("/duplicates"),
    calls: (since = 0) => get(`/calls?since=${String(since)}`),
    addFault: async (fault) => ((await ask("POST", "/faults", fault)) as { id: number }).id,
    removeFault: (id) => tell("DELETE", `/faults/${String(id)}`),
    clearFaults: () => tell("DELETE", "/faults"),
    down: () => tell("POST", "/down"),
    up: () => tell("POST", "/up"),
    expireTokens: () => tell("POST", "/expire-tokens"),
    resetLog: () => tell("POST", "/reset-log"),
    addItems: (ids) => tell("POST", "/items", { ids }),
    seedStock: (seed) => tell("POST", "/stock/seed", seed),
    setStock: (settings) => tell("POST", "/stock", { settings }),
    removeStock: (items) => tell("POST", "/stock/remove", { items }),
    viewStock: (view) => tell("POST", "/stock/view", { view }),
    stock: (item) => get(item === undefined ? "/stock" : `/stock?item=${item}`),
    clearStock: () => tell("DELETE", "/stock"),
  };
}

/**
 * Starts the emulator as a process of its own, which ends with this one. `words` are its command line, for instance
 * `["--limit", "15"]`.
 */
export async function spawnNetSuiteEmulator(words: readonly string[] = []): Promise<EmulatorProcess> {
  const main = fileURLToPath(new URL("netsuite-emulator-main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main, "--with-parent", ...words], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const line = await Promise.race([
    once(createInterface(child.stdout), "line").then(([text]) => String(text)),
    ended.then(([code]) => Promise.reject(new RangeError(`the emulator ended with ${String(code)}`))),
  ]);
  const started = JSON.parse(line) as { url: string; controlUrl: string; settings: EmulatorSettings };
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  return {
    ...remoteEmulator(started.controlUrl),
    url: started.url,
    controlUrl: started.controlUrl,
    emulatorSettings: started.settings,
    close,
    [Symbol.asyncDispose]: close,
  };
}
