import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from "mysql2/promise";
import { lockName } from "../../sidecar/platform/named-lock.ts";
import { freePort } from "../support/database-server.ts";
import { SupportError } from "../support/support-error.ts";
import { until } from "../support/until.ts";
import type { DatabaseSettings } from "../support/world.ts";

const MODULE = resolve(import.meta.dirname, "../../prestashop-module/erpsync");
const DRIVER = join(import.meta.dirname, "place-orders.php");
const BACK_OFFICE = join(import.meta.dirname, "back-office.php");

/** Where the driver can stop for good, in the order of the statements; see place-orders.php. */
export type PausePoint =
  | "before-order"
  | "before-outbox"
  | "after-outbox"
  | "after-commit"
  | "after-stock"
  | "before-status";

export interface PlacedOrder {
  readonly id_order: number;
  readonly id_customer: number;
  readonly id_cart: number;
  /** Duration of PaymentModule::validateOrder, in milliseconds. */
  readonly validate_ms: number;
  /** Whether the lock of --foreign-lock is still held, where there is one. */
  readonly foreign_lock?: boolean;
}

/** A cart for --cart: lines of product, combination (0 for none) and quantity. */
export type Cart = readonly (readonly [product: number, combination: number, quantity: number])[];

/** A PHP process that stands still in the middle of a checkout. */
export interface PausedCheckout extends AsyncDisposable {
  readonly kill9: () => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  readonly body: { readonly error?: string; readonly results?: readonly CommandResult[] };
}

export interface CommandResult {
  readonly id: string;
  readonly outcome: string;
  readonly code?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** How a request differs from a good one. */
export interface Tampering {
  readonly method?: string;
  readonly secret?: string;
  readonly timestampS?: number;
  readonly nonce?: string;
  readonly bodySent?: string;
}

interface Parameters {
  readonly database_host: string;
  readonly database_port: string;
  readonly database_user: string;
  readonly database_password: string;
  readonly database_name: string;
  readonly database_prefix: string;
}

/** The installed PrestaShop at PRESTASHOP_ROOT with this repository's module in it. Disposing leaves the shop as it is. */
export class RealShop implements AsyncDisposable {
  readonly root: string;
  readonly prefix: string;
  /** The shop's own access to its database, which the tests lend to the sidecar. */
  readonly settings: DatabaseSettings;
  readonly #pool: Pool;
  readonly #cleanups: (() => unknown)[] = [];
  #web: ChildProcess | undefined;
  #webserviceKey: string | undefined;
  #webPort = 0;

  private constructor(root: string, parameters: Parameters) {
    this.root = root;
    this.prefix = parameters.database_prefix;
    const [host = "127.0.0.1", portOfHost] = parameters.database_host.split(":");
    this.settings = {
      host,
      port: Number(portOfHost ?? (parameters.database_port === "" ? 3306 : parameters.database_port)),
      user: parameters.database_user,
      password: parameters.database_password,
      database: parameters.database_name,
      prefix: this.prefix,
    };
    const { prefix: _prefix, ...connection } = this.settings;
    this.#pool = createPool({ ...connection, connectionLimit: 4, dateStrings: true });
  }

  /** Reads the shop's own settings and puts the module's present files into it. */
  static async open(): Promise<RealShop> {
    const root = process.env["PRESTASHOP_ROOT"];
    if (root === undefined) throw new SupportError("PRESTASHOP_ROOT names no shop.");
    const script = 'echo json_encode((require $argv[1])["parameters"]);';
    const { stdout } = await promisify(execFile)("php", [
      "-r",
      script,
      join(root, "app/config/parameters.php"),
    ]);
    const folder = join(root, "modules/erpsync");
    rmSync(folder, { recursive: true, force: true });
    cpSync(MODULE, folder, { recursive: true });
    return new RealShop(root, JSON.parse(stdout) as Parameters);
  }

  /** Runs when the shop is disposed of, last registered first. */
  onDispose(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Base address of the shop's web server, once it serves. */
  get url(): string {
    return `http://127.0.0.1:${this.#webPort}/`;
  }

  /** Rows of a query in which `{table}` stands for the shop's name of a table. */
  async rows(sql: string, values: readonly (string | number)[] = []): Promise<RowDataPacket[]> {
    const text = sql.replaceAll(/\{(\w+)\}/g, (_, table: string) => `\`${this.prefix}${table}\``);
    const [rows] = await this.#pool.query<RowDataPacket[]>(text, [...values]);
    return rows;
  }

  /** The first column of the first row, as a number; 0 where there is none. */
  async count(sql: string, values: readonly (string | number)[] = []): Promise<number> {
    const [row] = await this.rows(sql, values);
    return Number(Object.values(row ?? {})[0] ?? 0);
  }

  /** Writes an order like another one by SQL, as an import does: order, lines and status, without hooks and stock. */
  async copyOrderBySql(orderId: number): Promise<number> {
    const order = await this.#copyRows("orders", "id_order", orderId, {});
    await this.#copyRows("order_detail", "id_order", orderId, { id_order: order });
    await this.#copyRows("order_history", "id_order", orderId, { id_order: order });
    return order;
  }

  /** Copies the rows with this key under new ids; returns the first of them. */
  async #copyRows(
    table: string,
    key: string,
    value: number,
    fields: Readonly<Record<string, number>>,
  ): Promise<number> {
    const id = table === "orders" ? "id_order" : `id_${table}`;
    const columns = (await this.rows(`SHOW COLUMNS FROM {${table}}`)).map((row) => String(row["Field"]));
    const copied = columns.filter((column) => column !== id);
    const values = copied.map((column) => (column in fields ? String(fields[column]) : `\`${column}\``));
    const [result] = await this.#pool.query<ResultSetHeader>(
      `INSERT INTO ?? (??) SELECT ${values.join(", ")} FROM ?? WHERE ?? = ?`,
      [this.prefix + table, copied, this.prefix + table, key, value],
    );
    return result.insertId;
  }

  /** Runs the task while another session holds the table by LOCK TABLES. */
  async whileLocked<T>(table: string, task: () => Promise<T>): Promise<T> {
    const session = await this.#pool.getConnection();
    try {
      await session.query(`LOCK TABLES \`${this.prefix}${table}\` WRITE`);
      return await task();
    } finally {
      await session.query("UNLOCK TABLES");
      session.release();
    }
  }

  async configure(name: string, value: string | number): Promise<void> {
    await this.rows("UPDATE {configuration} SET value = ? WHERE name = ?", [value, name]);
  }

  async setting(name: string): Promise<string> {
    const [row] = await this.rows("SELECT value FROM {configuration} WHERE name = ?", [name]);
    return String(row?.["value"] ?? "");
  }

  /** Losses by cause, counted from the file that the module appends to; it is folded only beyond 256 KiB. */
  losses(): Readonly<Record<string, number>> {
    return this.#countedIn("erpsync-losses.log");
  }

  /** Checkouts that went on without all their locks, by cause. */
  unlocked(): Readonly<Record<string, number>> {
    return this.#countedIn("erpsync-unlocked.log");
  }

  #countedIn(name: string): Readonly<Record<string, number>> {
    const file = join(this.root, "var/logs", name);
    const counts: Record<string, number> = {};
    for (const line of existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []) {
      const { cause } = JSON.parse(line) as { readonly cause: string };
      counts[cause] = (counts[cause] ?? 0) + 1;
    }
    return counts;
  }

  /** Units on the row of a product (combination 0) or of a combination. */
  async quantity(product: number, combination = 0): Promise<number> {
    return this.count(
      "SELECT quantity FROM {stock_available} WHERE id_product = ? AND id_product_attribute = ? AND id_shop IN (0, 1)",
      [product, combination],
    );
  }

  /** Does what a person does in the back office, and returns the ids of what it made; see back-office.php. */
  async backOffice(
    action: string,
    args: Readonly<Record<string, string | number>> = {},
  ): Promise<Readonly<Record<string, number>> & { readonly key?: string }> {
    const words = Object.entries(args).map(([name, value]) => `--${name}=${value}`);
    const { stdout } = await promisify(execFile)("php", [BACK_OFFICE, `--action=${action}`, ...words], {
      env: { ...process.env, PRESTASHOP_ROOT: this.root },
    });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Awaited<ReturnType<RealShop["backOffice"]>>;
  }

  /** Sets the quantity of a row through the webservice, which reads the row and sends it back changed. */
  async webservicePut(row: number, quantity: number): Promise<void> {
    this.#webserviceKey ??= (await this.backOffice("webservice-key")).key ?? "";
    const path = `/webservice/dispatcher.php?url=stock_availables/${row}&ws_key=${this.#webserviceKey}`;
    const before = await this.fetch("GET", path);
    const body = before.text.replace(/<quantity>.*?<\/quantity>/s, `<quantity>${quantity}</quantity>`);
    const answer = await this.fetch("PUT", path, body, { "content-type": "text/xml" });
    if (answer.status !== 200)
      throw new SupportError(`The webservice answered ${answer.status}: ${answer.text}`);
  }

  /** The connection that holds a product's lock; 0 where nobody does. */
  async holderOf(product: number): Promise<number> {
    return this.count("SELECT IS_USED_LOCK(?)", [this.#lockOf(product)]);
  }

  /** Runs the task while another session holds the locks of these products. */
  async whileHeld<T>(products: readonly number[], task: () => Promise<T>): Promise<T> {
    const session = await this.#pool.getConnection();
    try {
      for (const product of products) await session.query("SELECT GET_LOCK(?, 0)", [this.#lockOf(product)]);
      return await task();
    } finally {
      for (const product of products) await session.query("SELECT RELEASE_LOCK(?)", [this.#lockOf(product)]);
      session.release();
    }
  }

  #lockOf(product: number): string {
    return lockName(this.settings.database, this.prefix, `stock.${product}`);
  }

  /** `bin/console prestashop:module <action> <name>`; throws with the console's words where it fails. */
  async module(action: "install" | "uninstall" | "reset", name = "erpsync"): Promise<void> {
    await promisify(execFile)("php", ["bin/console", "prestashop:module", action, name], { cwd: this.root });
  }

  /** Places orders in one PHP process. */
  async placeOrders(orders: number, ...more: readonly string[]): Promise<readonly PlacedOrder[]> {
    const child = this.#driver([`--orders=${orders}`, ...more]);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new SupportError(`The driver ended with ${code}: ${lines.join("\n")}`);
    return lines.map((line) => JSON.parse(line) as PlacedOrder);
  }

  /** Places an order of each cart in turn in one PHP process. */
  async placeCarts(
    orders: number,
    carts: readonly Cart[],
    ...more: readonly string[]
  ): Promise<readonly PlacedOrder[]> {
    return this.placeOrders(orders, ...carts.map(cartWord), ...more);
  }

  /** So many customers fill the same cart and then order at once, each in a PHP process of its own. */
  async placeAtOnce(customers: number, cart: Cart): Promise<readonly PlacedOrder[]> {
    const children = Array.from({ length: customers }, () =>
      this.#driver(["--orders=1", "--filled", cartWord(cart)]),
    );
    const readers = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    for (const reader of readers) await reader.next();
    for (const child of children) child.stdin.end("\n");
    const lines = await Promise.all(readers.map((reader) => reader.next()));
    return lines.map(({ value }) => JSON.parse(String(value)) as PlacedOrder);
  }

  /** Places an order and returns when PHP stands at the point; throws if it never does. */
  async pauseCheckoutAt(point: PausePoint, ...more: readonly string[]): Promise<PausedCheckout> {
    const child = this.#driver(["--orders=1", `--pause=${point}`, ...more]);
    const closed = once(child, "close");
    let line = "";
    for await (const first of createInterface({ input: child.stdout })) {
      line = first;
      break;
    }
    const kill9 = async (): Promise<void> => {
      child.kill("SIGKILL");
      await closed;
    };
    if (line !== JSON.stringify({ paused: point })) {
      await kill9();
      throw new SupportError(`PHP did not stop at ${point}: ${line}`);
    }
    return { kill9, [Symbol.asyncDispose]: kill9 };
  }

  /** Places an order, waits until PHP stands at the point, and kills it with SIGKILL; throws if it never stood there. */
  async killCheckoutAt(point: PausePoint): Promise<void> {
    const checkout = await this.pauseCheckoutAt(point);
    await checkout.kill9();
  }

  /** Runs the driver into one of its faults and returns what it printed, however it ended. */
  async placeInto(fault: "exit" | "rollback" | "commit" | "swallow"): Promise<readonly string[]> {
    const child = this.#driver(["--orders=1", `--fault=${fault}`]);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    await once(child, "close");
    return lines;
  }

  /** Starts PHP's own web server on the loopback; PrestaShop answers to its own domain whatever the port. */
  async serve(): Promise<void> {
    this.#webPort = await freePort();
    this.#web = spawn("php", ["-S", `127.0.0.1:${this.#webPort}`, "-t", this.root], {
      cwd: this.root,
      env: { ...process.env, PHP_CLI_SERVER_WORKERS: "4" },
      stdio: "ignore",
      // A group of its own, so that the workers end with their parent.
      detached: true,
    });
    await until(async () => (await this.command([], { method: "GET" })).status === 405, {
      timeoutMs: 30_000,
      everyMs: 100,
      what: "the shop's web server",
    });
  }

  /** Sends a batch as the sidecar does, or one that differs from it as told. */
  async command(commands: unknown, tampering: Tampering = {}): Promise<Answer> {
    const method = tampering.method ?? "POST";
    const path = "/index.php?fc=module&module=erpsync&controller=command";
    const timestamp = String(tampering.timestampS ?? Math.floor(Date.now() / 1_000));
    const nonce = tampering.nonce ?? randomBytes(16).toString("hex");
    const signedBody = typeof commands === "string" ? commands : JSON.stringify({ commands });
    const secret = tampering.secret ?? (await this.setting("ERPSYNC_SECRET"));
    const signature = createHmac("sha256", secret)
      .update([method, path, timestamp, nonce, signedBody].join("\n"))
      .digest("hex");
    return this.fetch(method, path, tampering.bodySent ?? signedBody, {
      "content-type": "application/json",
      "x-erpsync-timestamp": timestamp,
      "x-erpsync-nonce": nonce,
      "x-erpsync-signature": signature,
    });
  }

  async fetch(
    method: string,
    path: string,
    body = "",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const [domain] = await this.rows("SELECT domain FROM {shop_url} WHERE main = 1 LIMIT 1");
    const sent = request({
      host: "127.0.0.1",
      port: this.#webPort,
      method,
      path,
      headers: {
        ...headers,
        host: String(domain?.["domain"]),
        "content-length": String(Buffer.byteLength(body)),
      },
    });
    sent.end(body);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const json = (response.headers["content-type"] ?? "").startsWith("application/json");
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text,
      body: json ? (JSON.parse(text) as Answer["body"]) : {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    if (this.#web?.pid !== undefined && this.#web.exitCode === null) {
      const closed = once(this.#web, "close");
      process.kill(-this.#web.pid, "SIGTERM");
      await closed;
    }
    await this.#pool.end();
  }

  #driver(args: readonly string[]) {
    return spawn("php", [DRIVER, ...args], {
      env: { ...process.env, PRESTASHOP_ROOT: this.root },
      stdio: ["pipe", "pipe", "inherit"],
    });
  }
}

/** A cart as the driver takes it. */
export function cartWord(cart: Cart): string {
  return `--cart=${cart.map((line) => line.join(":")).join(",")}`;
}
