import { createHmac, randomBytes } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../domain/clock.ts";
import { type RetryAdvice, ShopCommandError } from "../domain/errors.ts";
import { parseSubject, type ShopOrderId, type Subject } from "../domain/ids.ts";
import type { ErpParcel } from "../domain/progress.ts";
import type { ErpExchange, HttpSend } from "../erp/port.ts";

/** Where the shop's signed endpoint is, and the secret that it shares with us. */
export interface CommandSettings {
  /** Base address of the shop, with its physical path and a slash at the end. */
  readonly shopUrl: string;
  readonly secret: string;
  readonly timeoutMs: number;
}

/** Asks the shop to put an order in a state; rejects with ShopCommandError. */
export type SetStatus = (
  command: { readonly commandId: string; readonly subject: Subject; readonly state: number },
  note: (exchange: ErpExchange) => void,
  signal: AbortSignal,
) => Promise<void>;

/** A parcel as the shop keeps it. */
export type ShopParcel = Pick<ErpParcel, "ref" | "trackingNumber">;

/**
 * Asks the shop to show the tracking numbers of an order: of all its parcels, the oldest first. One without a number is
 * left out until it has one. No mail goes out by it; a state that sends one (`{followup}`) is set afterwards. Rejects
 * with ShopCommandError.
 */
export type SetTracking = (
  command: {
    readonly commandId: string;
    readonly subject: Subject;
    readonly parcels: readonly ShopParcel[];
  },
  note: (exchange: ErpExchange) => void,
  signal: AbortSignal,
) => Promise<void>;

/**
 * Asks the shop to write the ERP's number on the newest invoice of an order; rejects with ShopCommandError, which comes
 * again by itself where the shop has made none yet.
 */
export type SetInvoice = (
  command: { readonly commandId: string; readonly subject: Subject; readonly number: string },
  note: (exchange: ErpExchange) => void,
  signal: AbortSignal,
) => Promise<void>;

/** A product that is to be had again, as the shop keys it. */
export interface AnnouncedProduct {
  readonly product: number;
  /** 0 for the product itself. */
  readonly combination: number;
  /** 0 where the group shares its stock. */
  readonly shop: number;
  readonly quantity: number;
}

/** Tells the shop's listeners that products are to be had again; rejects with ShopCommandError. */
export type AnnounceStock = (
  command: { readonly commandId: string; readonly products: readonly AnnouncedProduct[] },
  signal: AbortSignal,
) => Promise<void>;

/** What the module says of itself and of what it lost. */
export interface ShopDescription {
  readonly module: string;
  readonly prestashop: string;
  readonly php: string;
  readonly shopKey: string;
  readonly hooksMissing: readonly string[];
  readonly losses: { readonly count: number; readonly byCause: Readonly<Record<string, number>> };
}

/** The signed endpoint of the module. */
export interface ShopCommands {
  readonly setStatus: SetStatus;
  readonly setTracking: SetTracking;
  readonly setInvoice: SetInvoice;
  readonly announceStock: AnnounceStock;
  readonly describe: (signal: AbortSignal) => Promise<ShopDescription>;
}

/** Path and query of the module's front controller, below the shop's base address. */
const ENDPOINT = "index.php?fc=module&module=erpsync&controller=command";

/** Commands that the shop can never carry out: a person has to look. */
const HOPELESS = new Set(["unknown_command", "unknown_order", "unknown_state", "invalid_argument"]);
/** Commands that the shop can carry out later: it makes the invoice when a state asks for it. */
const EARLY = new Set(["no_invoice"]);

const Answer = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      outcome: z.enum(["done", "unchanged", "replayed", "rejected"]),
      code: z.string().optional(),
      reason: z.string().optional(),
      data: z.unknown().optional(),
    }),
  ),
});

const Description = z.object({
  module: z.string(),
  prestashop: z.string(),
  php: z.string(),
  shopKey: z.string(),
  hooksMissing: z.array(z.string()),
  losses: z.object({ count: z.number(), byCause: z.record(z.string(), z.number()) }),
});

type Command = { readonly id: string; readonly type: string } & Readonly<Record<string, unknown>>;

class HopelessCommandError extends ShopCommandError {
  override readonly advice: RetryAdvice = { kind: "park" };
}

/** The shop has not come so far yet; nothing was done, and there is nobody to blame. */
class EarlyCommandError extends ShopCommandError {
  override readonly advice: RetryAdvice = { kind: "slow-down", retryAfterMs: 300_000 };
}

/** Signs a request as the module checks it: HMAC-SHA256 over method, path, timestamp, nonce and body. */
export function sign(
  secret: string,
  request: {
    readonly path: string;
    readonly timestamp: string;
    readonly nonce: string;
    readonly body: string;
  },
): string {
  const text = ["POST", request.path, request.timestamp, request.nonce, request.body].join("\n");
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** Opens the shop's signed endpoint. */
export function createShopCommands(settings: CommandSettings, http: HttpSend, clock: Clock): ShopCommands {
  const send = async (
    command: Command,
    note: (exchange: ErpExchange) => void,
    signal: AbortSignal,
  ): Promise<unknown> => {
    const body = JSON.stringify({ commands: [command] });
    const url = new URL(ENDPOINT, settings.shopUrl);
    const path = `${url.pathname}${url.search}`;
    const timestamp = String(Math.floor(clock.nowMs() / 1_000));
    const nonce = randomBytes(16).toString("hex");
    const headers = {
      "content-type": "application/json",
      "x-erpsync-timestamp": timestamp,
      "x-erpsync-nonce": nonce,
      "x-erpsync-signature": sign(settings.secret, { path, timestamp, nonce, body }),
    };
    const startedMs = clock.monotonicMs();
    const { timeoutMs } = settings;
    const outcome = await http({ method: "POST", url: url.href, headers, body, timeoutMs }, signal);
    const tookMs = clock.monotonicMs() - startedMs;
    const answered = outcome.kind === "answered";
    const status = answered ? outcome.status : 0;
    const answer = answered ? outcome.body : outcome.cause;
    note({ method: "POST", path, request: body, status, answer, tookMs });
    return readAnswer(status, answer, command);
  };
  return {
    setStatus: async ({ commandId, subject, state }, note, signal) => {
      const order = orderOf(subject, "status");
      await send({ id: commandId, type: "order.set_status", order, state }, note, signal);
    },
    setTracking: async ({ commandId, subject, parcels }, note, signal) => {
      const order = orderOf(subject, "parcels");
      const listed = parcels.flatMap(({ ref, trackingNumber: tracking }) =>
        tracking === "" ? [] : [{ ref, tracking }],
      );
      await send({ id: commandId, type: "order.set_tracking", order, parcels: listed }, note, signal);
    },
    setInvoice: async ({ commandId, subject, number }, note, signal) => {
      const order = orderOf(subject, "invoice");
      await send({ id: commandId, type: "order.set_invoice", order, number }, note, signal);
    },
    announceStock: async ({ commandId, products }, signal) => {
      const listed = products.map(({ combination, product, quantity, shop }) => ({
        id_product: product,
        id_product_attribute: combination,
        id_shop: shop,
        quantity,
      }));
      await send({ id: commandId, type: "stock.announce", products: listed }, () => undefined, signal);
    },
    describe: async (signal) => {
      const data = await send({ id: "describe", type: "shop.describe" }, () => undefined, signal);
      const parsed = Description.safeParse(data);
      if (!parsed.success)
        throw new ShopCommandError("The module's description has an unknown form: update both sides");
      return parsed.data;
    },
  };
}

function orderOf(subject: Subject, what: string): ShopOrderId {
  const parsed = parseSubject(subject);
  if (parsed.kind !== "order") throw new HopelessCommandError(`${subject} has no ${what} in the shop`);
  return parsed.id;
}

function readAnswer(status: number, answer: string, command: Command): unknown {
  if (status !== 200) {
    throw new ShopCommandError(`The shop's endpoint answered ${String(status)}: ${answer.slice(0, 200)}`);
  }
  const parsed = Answer.safeParse(parseJson(answer));
  const result = parsed.success ? parsed.data.results.find((one) => one.id === command.id) : undefined;
  if (result === undefined) {
    throw new ShopCommandError(
      `The shop's endpoint answered something else than results: ${answer.slice(0, 200)}`,
    );
  }
  if (result.outcome !== "rejected") return result.data;
  const message = `The shop refused ${command.type}: ${result.code ?? ""} ${result.reason ?? ""}`.trim();
  const code = result.code ?? "";
  if (HOPELESS.has(code)) throw new HopelessCommandError(message);
  throw EARLY.has(code) ? new EarlyCommandError(message) : new ShopCommandError(message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
