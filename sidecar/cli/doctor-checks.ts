import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { checkSource, flavourOf } from "../capture/check-source.ts";
import { readGrants, readModuleState, readVariables } from "../capture/statements.ts";
import { messageOf } from "../domain/errors.ts";
import type { HttpSend } from "../erp/port.ts";
import { decideIdentity } from "../identity/decide-identity.ts";
import { readShopNow } from "../identity/shop-now.ts";
import { readStateFile } from "../identity/state-file.ts";
import { readIdentity, readShopMarks } from "../identity/statements.ts";
import {
  type Right,
  readDatabaseTime,
  readMostConnections,
  readServerFacts,
  readSettings,
  readStockBasis,
  tryRight,
} from "../ops/doctor-statements.ts";
import { createHttp } from "../platform/http.ts";
import { requireSchema } from "../platform/migrate.ts";
import { systemClock } from "../platform/system-clock.ts";
import { createShopCommands } from "../shop/commands.ts";
import type { Base } from "../wiring.ts";
import {
  decideConnections,
  decideDescription,
  decideExcess,
  decideIdentityFinding,
  decideModule,
  decideRetention,
  decideRights,
  decideSkew,
  decideSource,
  decideVersion,
  type Finding,
  fault,
  ok,
  type TriedRight,
} from "./decide-findings.ts";
import { decideStock, STOCK_SETTINGS } from "./decide-stock-findings.ts";

/** One check; it may throw, which is a fault of its own and stops no other. */
interface Check {
  readonly name: string;
  /** What to do where the check itself fails. */
  readonly remedy: string;
  readonly needsDatabase: boolean;
  readonly run: (base: Base) => Promise<readonly Finding[]>;
}

/** Milliseconds for an answer of the ERP or the shop. */
const ANSWER_MS = 15_000;

const DATABASE_REMEDY = "Check database.host, port, user, password, name and tls, and the server's error log";

const CHECKS: readonly Check[] = [
  { name: "version", remedy: DATABASE_REMEDY, needsDatabase: true, run: checkVersion },
  { name: "schema", remedy: 'Run "erpsync migrate"', needsDatabase: true, run: checkSchema },
  { name: "grants", remedy: "See db/grants", needsDatabase: true, run: checkRights },
  { name: "binlog", remedy: "See db/grants", needsDatabase: true, run: checkBinlog },
  { name: "connections", remedy: DATABASE_REMEDY, needsDatabase: true, run: checkConnections },
  { name: "clock-database", remedy: DATABASE_REMEDY, needsDatabase: true, run: checkDatabaseClock },
  {
    name: "module",
    remedy: "Check database.prefix, and GRANT SELECT on the shop's module tables",
    needsDatabase: true,
    run: checkModule,
  },
  { name: "stock", remedy: "See db/grants", needsDatabase: true, run: checkStock },
  {
    name: "shop-endpoint",
    remedy: "Check shop.url, shop.secret against the module's page, and that the module is active",
    needsDatabase: false,
    run: checkEndpoint,
  },
  {
    name: "erp",
    remedy: "Check the section of the ERP's adapter: address, account, keys and the role's rights",
    needsDatabase: false,
    run: checkErp,
  },
  {
    name: "state-file",
    remedy: "Give the sidecar's user a folder that it may write, on a durable volume",
    needsDatabase: false,
    run: checkStateFile,
  },
  { name: "identity", remedy: 'Run "erpsync migrate"', needsDatabase: true, run: checkIdentity },
];

/** Runs every check; none hides another. */
export async function examine(base: Base): Promise<readonly Finding[]> {
  const database = await attempt("database", DATABASE_REMEDY, async () => {
    await readDatabaseTime(base.db);
    return [ok("database", "The shop's database can be reached")];
  });
  const isReachable = database.every((finding) => finding.level === "ok");
  const others = await Promise.all(
    CHECKS.map(async ({ name, needsDatabase, remedy, run }) =>
      needsDatabase && !isReachable ? [skipped(name)] : await attempt(name, remedy, () => run(base)),
    ),
  );
  return [...database, ...others.flat()];
}

const skipped = (check: string): Finding => ({
  ...{ check, level: "skipped", message: "Not looked at: the database cannot be reached", remedy: "" },
});

async function attempt(
  check: string,
  remedy: string,
  run: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (thrown) {
    return [fault(check, messageOf(thrown), remedy)];
  }
}

async function checkVersion({ db }: Base): Promise<readonly Finding[]> {
  return [decideVersion(await readVariables(db))];
}

async function checkSchema({ db }: Base): Promise<readonly Finding[]> {
  return [ok("schema", `The schema has version ${String(await requireSchema(db))}`)];
}

/** The shop's tables that are read, each with a column of it. */
const SHOP_TABLES = {
  ...{ orders: "id_order", order_detail: "id_order", order_history: "id_order", order_payment: "amount" },
  ...{ customer: "id_customer", address: "id_address", country: "id_country", state: "id_state" },
  ...{ currency: "id_currency", carrier: "id_carrier", configuration: "id_configuration" },
  ...{ shop_url: "id_shop", module: "id_module", module_shop: "id_module", hook: "id_hook" },
  ...{ hook_module: "id_hook", product: "id_product", product_shop: "id_product", pack: "quantity" },
  ...{ stock_mvt: "id_stock", shop: "id_shop", shop_group: "id_shop_group", order_state: "id_order_state" },
  ...{ order_slip: "amount", order_slip_detail: "product_quantity", order_invoice: "number" },
} as const;

/** Our own tables, each with a column that an UPDATE may name. */
const OWN_TABLES = {
  ...{ erpsync_outbox: "id_shop", erpsync_confirmation: "id_order", erpsync_event: "id_shop" },
  ...{ erpsync_job: "attempts", erpsync_operation: "number", erpsync_attempt: "took_ms" },
  ...{ erpsync_sync_log: "id", erpsync_mapping: "erp_ref", erpsync_identity: "id", erpsync_epoch: "number" },
  ...{ erpsync_checkpoint: "position", erpsync_missed_hook: "orders", erpsync_order_seen: "id_order" },
  ...{ erpsync_action: "id", erpsync_stock_inbox: "id", erpsync_stock_pass: "id", erpsync_stock_check: "id" },
  ...{ erpsync_stock_row: "position", erpsync_stock_movement: "delta", erpsync_stock_line: "units" },
  ...{ erpsync_stock_write: "delta", erpsync_stock_discrepancy: "id", erpsync_stock_snapshot: "id" },
  ...{ erpsync_stock_buffer: "units", erpsync_stock_announcement: "attempts" },
  ...{ erpsync_stock_reconciliation: "id", erpsync_mapping_entry: "erp_ref" },
  ...{ erpsync_mapping_revision: "revision", erpsync_progress: "stage", erpsync_cursor: "mark" },
} as const;

const WRITES: readonly Right[] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

async function checkRights({ config, db }: Base): Promise<readonly Finding[]> {
  const wanted = [
    ...Object.entries(SHOP_TABLES).map(([table, column]) => ({ table, column, rights: ["SELECT"] as const })),
    ...Object.entries(OWN_TABLES).map(([table, column]) => ({ table, column, rights: WRITES })),
    { table: "stock_available", column: "quantity", rights: ["SELECT", "UPDATE"] as const },
    { table: "stock_available", column: "physical_quantity", rights: ["UPDATE"] as const },
    { table: "erpsync_command", column: "result", rights: ["SELECT", "UPDATE"] as const },
    { table: "erpsync_parcel", column: "ref", rights: ["SELECT", "DELETE"] as const },
    { table: "erpsync_migration", column: "id", rights: ["SELECT"] as const },
  ];
  const { name: database, prefix, user } = config.database;
  const tried: TriedRight[] = [];
  for (const { column, rights, table } of wanted) {
    for (const right of rights) {
      tried.push({ right, table: `${prefix}${table}`, refusal: await tryRight(db, right, table, column) });
    }
  }
  const flavour = flavourOf(await readVariables(db));
  const excess = await tryRight(db, "DELETE", "orders", "id_order");
  return [...decideRights(tried, { user, database, flavour }), decideExcess(excess === undefined)];
}

async function checkBinlog({ config, db }: Base): Promise<readonly Finding[]> {
  const grants = await readGrants(db).catch(() => undefined);
  const verdict = checkSource(await readVariables(db), grants);
  const findings = decideSource(config.capture.mode, verdict);
  const isRead = verdict.mode === "binlog" && config.capture.mode === "auto";
  return isRead ? [...findings, decideRetention(await readServerFacts(db))] : findings;
}

async function checkConnections({ config, db }: Base): Promise<readonly Finding[]> {
  const [facts, most] = [await readServerFacts(db), await readMostConnections(db)];
  return [decideConnections(facts, most, config.database.connections)];
}

async function checkDatabaseClock({ db }: Base): Promise<readonly Finding[]> {
  const text = await readDatabaseTime(db);
  return [
    decideSkew("database", Date.parse(`${text.slice(0, 23).replace(" ", "T")}Z`) - systemClock.nowMs()),
  ];
}

async function checkModule({ db }: Base): Promise<readonly Finding[]> {
  return decideModule(await readModuleState(db));
}

async function checkStock({ config, db }: Base): Promise<readonly Finding[]> {
  const { http, stock } = config;
  const [variables, grants] = await Promise.all([readVariables(db), readGrants(db).catch(() => undefined)]);
  return decideStock({
    keepsLedger: stock.ledger,
    owner: stock.owner,
    captureMode: config.capture.mode,
    source: checkSource(variables, grants),
    rowImage: variables["binlog_row_image"] ?? "FULL",
    settings: await readSettings(db, STOCK_SETTINGS),
    ...(await readStockBasis(db, stock.shopId)),
    shopId: stock.shopId,
    hasApiToken: http.apiToken !== undefined,
  });
}

/** One signed command that changes nothing; its answer's date tells the clock of the shop too. */
async function checkEndpoint({ config }: Base): Promise<readonly Finding[]> {
  const http = createHttp({ connections: 1 });
  let dateMs: number | undefined;
  const listening: HttpSend = async (request, signal) => {
    const outcome = await http.send(request, signal);
    if (outcome.kind === "answered") dateMs = Date.parse(outcome.headers["date"] ?? "");
    return outcome;
  };
  const { key, secret, url } = config.shop;
  const shop = createShopCommands({ shopUrl: url, secret, timeoutMs: ANSWER_MS }, listening, systemClock);
  const described = await attempt(
    "shop-endpoint",
    "Check shop.url, shop.secret against the module's page, and that the module is active",
    async () => decideDescription(await shop.describe(AbortSignal.timeout(ANSWER_MS)), key),
  );
  await http.close();
  if (dateMs === undefined || Number.isNaN(dateMs)) return described;
  return [...described, decideSkew("shop", dateMs - systemClock.nowMs())];
}

async function checkErp({ erp }: Base): Promise<readonly Finding[]> {
  await erp.ready();
  await erp.probe({ signal: AbortSignal.timeout(ANSWER_MS), priority: 0, note: () => undefined });
  return [ok("erp", `${erp.name} answers and accepts our login`)];
}

async function checkStateFile({ config }: Base): Promise<readonly Finding[]> {
  await readStateFile(config.stateFile);
  await access(dirname(config.stateFile), constants.W_OK);
  return [ok("state-file", "The folder of the state file can be written")];
}

async function checkIdentity({ config, db }: Base): Promise<readonly Finding[]> {
  const row = await readIdentity(db);
  const [file, marks] = await Promise.all([readStateFile(config.stateFile), readShopMarks(db)]);
  const now = await readShopNow(db, `${config.database.prefix}orders`, marks, file);
  const code = row?.stoppedCode ?? null;
  const stopped = code === null ? undefined : { code, reason: row?.stoppedReason ?? "" };
  return [decideIdentityFinding(stopped, decideIdentity(row, file, now))];
}
