import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Cron } from "croner";
import { parse } from "yaml";
import { z } from "zod";
import { ConfigError, messageOf } from "./domain/errors.ts";
import { ERP_STAGES } from "./domain/progress.ts";
import type { ErpAdapterModule } from "./erp/port.ts";

/**
 * The configuration: one YAML file, `${NAME}` for what the environment holds (secrets). This file is the only reader
 * of the environment. Units are in the names; every field says what it is for, and deploy/configuration.md is
 * made from it.
 */
const Shop = z
  .object({
    key: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/, "use 1 to 16 lower-case letters or digits")
      .describe("Short name of the shop; stands in every external id and must never change."),
    url: z.url().describe("Base address of the shop, for the signed commands of the module."),
    secret: z
      .string()
      .min(32, "use at least 32 characters, as the module's configuration page shows")
      .describe("The secret shared with the module."),
    commandTimeoutMs: z
      .int()
      .min(1_000)
      .max(120_000)
      .default(30_000)
      .describe("Time for one batch of commands, mails included."),
  })
  .strict();

const Database = z
  .object({
    host: z.string().default("127.0.0.1").describe("Host of the shop's database."),
    port: z.int().min(1).max(65_535).default(3306).describe("Port of the shop's database."),
    user: z.string().min(1).describe("The sidecar's own user; see db/grants."),
    password: z.string().describe("Its password."),
    name: z.string().min(1).describe("The shop's database."),
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9_]*$/)
      .default("ps_")
      .describe("The shop's table prefix."),
    connections: z
      .int()
      .min(6)
      .max(200)
      .default(20)
      .describe("Connections at most; keep below the server's max_connections less the shop's own."),
    tls: z.boolean().default(false).describe("Encrypt the connection and verify the server's certificate."),
  })
  .strict();

const Capture = z
  .object({
    mode: z
      .enum(["auto", "polling"])
      .default("auto")
      .describe("`auto` tails the binlog where the server allows it; `polling` never does."),
    pollMs: z
      .int()
      .min(50)
      .max(60_000)
      .default(250)
      .describe("How often the outbox is looked at without a binlog."),
    sweepEveryMs: z
      .int()
      .min(1_000)
      .default(300_000)
      .describe("How often orders that nobody announced are looked for."),
    sweepDays: z
      .int()
      .min(0)
      .max(365)
      .default(7)
      .describe("Orders of this many days are compared with what was last seen."),
  })
  .strict();

const Export = z
  .object({
    since: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?$/, "write YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, shop time")
      .optional()
      .describe(
        "First start: orders placed from this shop time on are exported. Default: orders placed after the first start.",
      ),
    afterOrder: z.int().min(0).optional().describe("First start: orders with a higher id are exported."),
    stateAfterExport: z
      .int()
      .min(1)
      .optional()
      .describe("Order state that an exported order gets in the shop; none by default."),
  })
  .strict()
  .refine(
    (value) => value.since === undefined || value.afterOrder === undefined,
    "give `since` or `afterOrder`, not both",
  );

/** Whether a text is a cron expression of five fields that ever comes true. */
function isSchedule(text: string): boolean {
  try {
    return new Cron(text, { timezone: "UTC", mode: "5-part" }).nextRun(new Date(0)) !== null;
  } catch {
    return false;
  }
}

const stateId = z.int().min(1).max(4_294_967_295);

const Orders = z
  .object({
    unpaid: z
      .enum(["export", "hold"])
      .default("export")
      .describe(
        "What becomes of an order that nobody has paid: with `hold` it waits in the shop until a payment comes.",
      ),
    cancelledStates: z
      .array(stateId)
      .default([6])
      .describe("Order states that call an order off in the ERP; 6 is PrestaShop's own."),
    booksClosedUntil: z
      .string()
      .regex(/^\d{4}-\d{2}-\d{2}$/, "write YYYY-MM-DD, shop time")
      .optional()
      .describe(
        "Last day of the last closed accounting period, shop time: what was ordered, paid or credited on that day or before is neither sent nor changed any more, and parks.",
      ),
    invoiceNumbers: z
      .enum(["none", "shop", "erp"])
      .default("none")
      .describe(
        "Whose invoice numbers the other side is told: `shop` sends the shop's to the ERP, `erp` writes the ERP's on the shop's invoice.",
      ),
    statesFromErp: z
      .partialRecord(z.enum(ERP_STAGES), stateId)
      .default({})
      .describe(
        "Order state of the shop for each stage that an order reaches in the ERP, for instance `shipped: 4`; a stage that is left out changes nothing. The state's own settings decide on mails.",
      ),
    progressEveryMs: z
      .int()
      .min(0)
      .default(60_000)
      .describe(
        "How often the ERP is asked which orders moved on (parcels, stages, invoices); 0 never asks.",
      ),
    reconcileAt: z
      .string()
      .refine(
        isSchedule,
        "use a cron expression of five fields that names a time, for instance `7 * * * *` for once an hour",
      )
      .default("7 * * * *")
      .describe("When the orders of the last days are compared on both sides: a cron expression, UTC."),
    reconcileDays: z
      .int()
      .min(0)
      .max(400)
      .default(3)
      .describe("Orders that were placed or touched within so many days are compared; 0 compares none."),
    totalsToleranceMinor: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        "How far amounts of an order that must agree may be apart in the shop, in minor units (cents; whole yen); beyond it the order parks, within it the difference is recorded and becomes part of the rounding line.",
      ),
  })
  .strict();

const Erp = z.looseObject({
  adapter: z
    .string()
    .regex(/^[a-z]+$/)
    .describe("Folder under sidecar/erp; its settings stand in a section of the same name."),
  limit: z
    .int()
    .min(1)
    .max(100)
    .default(8)
    .describe("Calls at once, over all processes; leave room for the ERP's other users."),
  settleMs: z
    .int()
    .min(1_000)
    .default(60_000)
    .describe("After this time a request that was not answered is no longer under way."),
  redisUrl: z
    .string()
    .optional()
    .describe(
      "Shares the limit over several working processes; without it one works and the others stand by.",
    ),
  redisName: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Processes with this name share the limit; one name an ERP account. Default: the adapter's name.",
    ),
});

/** Milliseconds beyond the ERP's timeout that a call may take to be aborted. */
export const ABORT_SLACK_MS = 5_000;

const Stock = z
  .object({
    ledger: z
      .boolean()
      .default(true)
      .describe("Keep the stock ledger and put lost decrements right; needs the binlog."),
    owner: z
      .enum(["shop", "erp"])
      .default("shop")
      .describe(
        "Who owns the figure: with `erp` snapshots of the ERP set it, with `shop` nothing of the ERP's does.",
      ),
    shopId: z.int().min(1).default(1).describe("id_shop whose stock the ERP's figures are for."),
    quietMs: z
      .int()
      .min(200)
      .max(60_000)
      .default(2_000)
      .describe("How long a row must have been quiet before what is missing is put right."),
    repairsMax: z
      .int()
      .min(1)
      .max(100)
      .default(5)
      .describe("Repairs of one row within a minute; beyond that a person is alarmed."),
    forgottenRestock: z
      .enum(["report", "apply"])
      .default("report")
      .describe("What becomes of units that a cancelled or deleted line should have given back and did not."),
    snapshotEveryMs: z
      .int()
      .min(1_000)
      .default(600_000)
      .describe("How often the ERP's stock is read: full up to `deltaAboveItems`, else what changed."),
    fullEveryMs: z
      .int()
      .min(60_000)
      .default(86_400_000)
      .describe("How often it is read in full where deltas are read in between."),
    deltaAboveItems: z.int().min(0).default(20_000).describe("Above so many items deltas are read."),
    partitions: z
      .record(z.string().regex(/^[a-z0-9_-]{1,32}$/), z.object({ everyMs: z.int().min(1_000) }).strict())
      .default({})
      .describe(
        "Partitions of the adapter that are read in full each on its own schedule; none: all at once.",
      ),
    holdShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe("A snapshot that would move more than this share of the catalogue is held for a person."),
    busyThreads: z
      .int()
      .min(1)
      .default(8)
      .describe("Threads_running of the shop's server from which on our own writes slow down."),
    reconcileAt: z
      .string()
      .refine(
        isSchedule,
        "use a cron expression of five fields that names a time, for instance `30 3 * * *` for half past three",
      )
      .default("30 3 * * *")
      .describe("When shop, ledger and ERP are compared: a cron expression, UTC."),
    correct: z
      .object({
        units: z
          .int()
          .min(0)
          .default(2)
          .describe("A difference of up to so many units is corrected, where it is within `share` as well."),
        share: z
          .number()
          .min(0)
          .max(1)
          .default(0.05)
          .describe(
            "The same as a share of the figure that the row would be set to, never rounded up: with 2 and 0.05 one unit from a figure of 20 on, two from 40 on, below 20 none.",
          ),
        rowsMax: z
          .int()
          .min(0)
          .default(50)
          .describe("Where a run would correct more rows than this, it corrects none at all."),
        rowsShareMax: z
          .number()
          .min(0)
          .max(1)
          .default(0.01)
          .describe(
            "The same as a share of the rows that have a figure of the ERP, rounded up to a whole row; the smaller of both counts.",
          ),
      })
      .strict()
      .prefault({})
      .describe(
        "Bounds of the nightly correction; beyond them nothing is corrected and a person is alarmed.",
      ),
  })
  .strict();

const Http = z
  .object({
    host: z.string().default("127.0.0.1").describe("Address that health and metrics listen on."),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(9464)
      .describe("Port that health and metrics listen on; 0 takes a free one."),
    apiToken: z
      .string()
      .min(32, "use at least 32 characters")
      .optional()
      .describe("Bearer token of /api; without it /api answers nobody."),
  })
  .strict();

/** The whole file but the adapter's own section; the documentation is made from it too. */
export const ConfigSchema = z
  .object({
    shop: Shop,
    database: Database,
    capture: Capture.prefault({}),
    export: Export.prefault({}),
    orders: Orders.prefault({}),
    erp: Erp,
    stock: Stock.prefault({}),
    http: Http.prefault({}),
    logLevel: z
      .enum(["debug", "info", "warn", "error"])
      .default("info")
      .describe("Least important lines that are logged."),
    stateFile: z
      .string()
      .min(1)
      .describe(
        "A file outside the database that remembers the shop's identity; keep it on a durable volume.",
      ),
  })
  .strict();

/** The configuration as the program uses it. */
export type Config = z.infer<typeof ConfigSchema> & {
  /** The adapter's own module and its validated settings. */
  readonly adapter: { readonly module: ErpAdapterModule<unknown>; readonly settings: unknown };
};

/**
 * Reads and validates the file.
 * @throws ConfigError with all faults at once, each with its path in the file and its remedy.
 */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const raw = readYaml(path);
  const missing: string[] = [];
  const filled = fillIn(raw, env, missing);
  const faults = missing.map((name) => `\${${name}}: the environment variable ${name} is not set`);
  const parsed = ConfigSchema.safeParse(filled);
  if (!parsed.success) faults.push(...faultsOf(parsed.error));
  const adapterName = parsed.success ? parsed.data.erp.adapter : adapterNameOf(filled);
  const adapter = adapterName === undefined ? undefined : await loadAdapter(adapterName, filled, faults);
  faults.push(...unknownErpSettings(filled, adapterName));
  faults.push(...settleFaults(parsed.data?.erp, adapter?.settings));
  faults.push(...ownerFaults(parsed.data));
  if (faults.length > 0 || !parsed.success || adapter === undefined) throw new ConfigError(faults);
  return { ...parsed.data, stateFile: resolve(parsed.data.stateFile), adapter };
}

function readYaml(path: string): unknown {
  if (!existsSync(path))
    throw new ConfigError([`${path}: there is no such file; copy deploy/erpsync.example.yaml`]);
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (thrown) {
    throw new ConfigError([`${path}: ${messageOf(thrown)}`]);
  }
}

/** Puts environment variables in the place of `${NAME}`, in texts only; unknown ones are added to `missing`. */
function fillIn(value: unknown, env: NodeJS.ProcessEnv, missing: string[]): unknown {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => {
      const found = env[name];
      if (found === undefined) missing.push(name);
      return found ?? whole;
    });
  }
  if (Array.isArray(value)) return value.map((entry) => fillIn(entry, env, missing));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fillIn(entry, env, missing)]));
}

function faultsOf(error: z.ZodError, below = ""): readonly string[] {
  return error.issues.map(
    (issue) => `${[below, ...issue.path].filter((part) => part !== "").join(".")}: ${issue.message}`,
  );
}

function adapterNameOf(filled: unknown): string | undefined {
  const erp = z
    .looseObject({ erp: z.looseObject({ adapter: z.string().regex(/^[a-z]+$/) }) })
    .safeParse(filled);
  return erp.success ? erp.data.erp.adapter : undefined;
}

/** Settings of `erp` that nobody reads: a misspelt one must not be silently ignored. */
function unknownErpSettings(filled: unknown, adapterName: string | undefined): readonly string[] {
  if (adapterName === undefined) return [];
  const file = z.looseObject({ erp: z.record(z.string(), z.unknown()) }).safeParse(filled);
  const known = new Set([...Object.keys(Erp.shape), adapterName]);
  return Object.keys(file.success ? file.data.erp : {})
    .filter((name) => !known.has(name))
    .map(
      (name) =>
        `erp.${name}: there is no such setting; the adapter's own settings belong under erp.${adapterName}`,
    );
}

/** The ERP's figure is compared with the ledger's position, so without a ledger it must not own anything. */
function ownerFaults(config: z.infer<typeof ConfigSchema> | undefined): readonly string[] {
  if (config?.stock.owner !== "erp") return [];
  return [
    ...(config.stock.ledger ? [] : ["stock.owner: erp needs stock.ledger: true"]),
    ...(config.capture.mode === "polling" ? ["stock.owner: erp needs capture.mode: auto, and a binlog"] : []),
  ];
}

/** A request that may still be under way must not be taken for settled. */
function settleFaults(erp: z.infer<typeof Erp> | undefined, settings: unknown): readonly string[] {
  const own = z.looseObject({ timeoutMs: z.number() }).safeParse(settings);
  if (erp === undefined || !own.success || erp.settleMs > own.data.timeoutMs + ABORT_SLACK_MS) return [];
  const { timeoutMs } = own.data;
  return [
    `erp.settleMs: ${String(erp.settleMs)} is too short for erp.${erp.adapter}.timeoutMs ${String(timeoutMs)}; use more than ${String(timeoutMs + ABORT_SLACK_MS)}, or a shorter timeout`,
  ];
}

const AdapterModule = z.looseObject({
  settings: z.custom<ErpAdapterModule<unknown>["settings"]>((value) => value instanceof z.ZodType),
  open: z.custom<ErpAdapterModule<unknown>["open"]>((value) => typeof value === "function"),
});

async function loadAdapter(
  name: string,
  filled: unknown,
  faults: string[],
): Promise<Config["adapter"] | undefined> {
  const loaded: unknown = await import(`./erp/${name}/adapter.ts`).catch(() => undefined);
  const module = AdapterModule.safeParse(loaded);
  if (!module.success) {
    faults.push(`erp.adapter: there is no adapter "${name}"; see the folders under sidecar/erp`);
    return undefined;
  }
  const section = z.looseObject({ erp: z.record(z.string(), z.unknown()) }).safeParse(filled);
  const settings = module.data.settings.safeParse(section.success ? section.data.erp[name] : undefined);
  if (!settings.success) faults.push(...faultsOf(settings.error, `erp.${name}`));
  return settings.success ? { module: module.data, settings: settings.data } : undefined;
}
