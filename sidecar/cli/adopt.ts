import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { operationKey, parseSubject, type Subject } from "../domain/ids.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpPort } from "../erp/port.ts";
import { adoptMoved, adoptRestored, type KindReport, type RestoredReport } from "../identity/adopt.ts";
import type { AdoptDeps, FoundRecord } from "../identity/adopt-situation.ts";
import { STOPPED_CHECK_MS } from "../identity/identity-guard.ts";
import { readShopMarks } from "../identity/statements.ts";
import { insertActions } from "../ops/action-statements.ts";
import { isLockHeld } from "../ops/lock-statements.ts";
import { customerRecord } from "../orders/customer-record.ts";
import { upsertMappings } from "../orders/mapping-statements.ts";
import {
  acknowledgeOperation,
  insertIntent,
  insertSyncLog,
  upsertConfirmation,
} from "../orders/operation-statements.ts";
import { orderRecord } from "../orders/order-record.ts";
import type { Tx } from "../platform/database.ts";
import { lockName, withNamedLock } from "../platform/named-lock.ts";
import { systemSleep } from "../platform/system-clock.ts";
import type { Claim } from "../queue/statements.ts";
import { type Base, databaseSettings, exportAfter } from "../wiring.ts";
import {
  type ActionOptions,
  counted,
  say,
  type Terminal,
  withActionOptions,
  withBase,
} from "./command-line.ts";

interface AdoptOptions extends ActionOptions {
  readonly restored?: boolean;
  readonly moved?: boolean;
  readonly force?: boolean;
}

/** Ids shown of a list; the JSON has all of them. */
const IDS_SHOWN = 20;

/** `erpsync adopt`. */
export function registerAdopt(program: Command, terminal: Terminal): void {
  withActionOptions(program.command("adopt"))
    .description("say what became of a shop that is not the one last seen, and end the stop")
    .option("--restored", "it was restored from a dump, or its orders were cleared: ids come back")
    .option("--moved", "it has another address, server or machine; no id comes back")
    .option("--force", "also where writing is not stopped")
    .action(async (options: AdoptOptions) => {
      if ((options.restored === true) === (options.moved === true)) {
        throw new UsageError("Say what happened: --restored or --moved");
      }
      await withBase(options, async (base) => {
        await alone(base, () => adopt(base, terminal, options));
      });
    });
}

/** Two adoptions at once would open two epochs. */
async function alone(base: Base, work: () => Promise<void>): Promise<void> {
  const settings = databaseSettings(base.config);
  const busy = new AbortController();
  const onStandby = (): void => {
    busy.abort();
  };
  const name = lockName(settings.database, settings.prefix, "adopt");
  await withNamedLock({ settings, name, sleep: systemSleep, signal: busy.signal, onStandby }, work);
  if (busy.signal.aborted) throw new UsageError("Another adoption is under way: wait for its end");
}

async function adopt(base: Base, terminal: Terminal, options: AdoptOptions): Promise<void> {
  const deps = adoptDeps(base, options);
  const force = options.force === true;
  if (options.moved === true) {
    const still = await adoptMoved(deps, force);
    if (still !== undefined) throw still;
    say(terminal, options, { adopted: "moved" }, ["The shop is adopted where it is now; writing goes on."]);
    return;
  }
  const report = await adoptRestored(deps, force);
  say(terminal, options, { adopted: "restored", ...report }, restoredSentences(report));
}

function adoptDeps(base: Base, options: AdoptOptions): AdoptDeps {
  const { config, db, erp } = base;
  const { afterOrder, since } = config.export;
  const fixedStart = afterOrder !== undefined || since !== undefined;
  return {
    db,
    stateFile: config.stateFile,
    shopKey: config.shop.key,
    ordersTable: `${config.database.prefix}orders`,
    find: { order: erp.findOrder, customer: erp.findCustomer },
    plan: (subject, scope) => planForgotten(base, subject, scope),
    remember: (tx, record) => rememberRecord(tx, record, erp),
    audit: (tx, action) =>
      insertActions(tx, [{ actor: options.actor, reason: options.reason, action, subject: "shop" }]),
    configuredStart: fixedStart
      ? async () => exportAfter(config, db, (await readShopMarks(db)).orderMax)
      : undefined,
    isStartFixed: afterOrder !== undefined,
    settle: async () => {
      // A running sidecar looks at the stop every 15 seconds.
      const { database, prefix } = databaseSettings(config);
      const isRunning =
        config.erp.redisUrl !== undefined || (await isLockHeld(db, lockName(database, prefix, "erp-port")));
      if (isRunning) await systemSleep(STOPPED_CHECK_MS + 1_000);
    },
    signal: new AbortController().signal,
  };
}

/** The body that a first export would send, under the keys of the scope. */
async function planForgotten(
  base: Base,
  subject: Subject,
  scope: ExportScope,
): Promise<FoundRecord["planned"]> {
  const { config, db, erp } = base;
  const claim: Claim = {
    subject,
    token: "",
    attempts: 0,
    planHash: null,
    requested: true,
    released: true,
    heldMs: 0,
    alarmed: false,
    traceparent: null,
    eventAgeMs: undefined,
    claimedAtMs: 0,
  };
  const { stateAfterExport } = config.export;
  const shared = { db, erp, scope: () => scope };
  const record =
    parseSubject(subject).kind === "order"
      ? orderRecord({ ...shared, sleep: systemSleep, stateAfterExport, rules: config.orders })
      : customerRecord(shared);
  const plan = (await record.look(claim))([]);
  const create = record.effects.create;
  if (plan.kind !== "create" || create === undefined) return undefined;
  const { body } = plan;
  return { body: JSON.stringify(body), bodyHash: create.hash(body), contentHash: create.contentHash(body) };
}

async function rememberRecord(
  tx: Tx,
  record: FoundRecord,
  erp: Pick<ErpPort, "name" | "capabilities">,
): Promise<void> {
  const { externalId, fingerprint, id, kind, planned, ref, subject } = record;
  await upsertMappings(tx, [{ kind, shopKey: String(id), externalId, ref, fingerprint, origin: "adopt" }]);
  if (kind === "order") await upsertConfirmation(tx, { orderId: id, erp: erp.name, externalId, ref });
  if (planned === undefined) return;
  const key = operationKey(subject, 1);
  // Not our creation of just now, so the order's status in the shop is not ours to set.
  const operation = {
    key,
    subject,
    number: 1,
    kind: "create",
    externalId,
    shopState: null,
    // Its payments and slips may stand there too; what is sent again is refused by its key and looked up.
    money: { ...erp.capabilities, paymentsDue: false },
    ...planned,
  } as const;
  await insertIntent(tx, operation);
  await acknowledgeOperation(tx, key, ref, planned.bodyHash);
  const { bodyHash } = planned;
  await insertSyncLog(tx, { resource: kind, externalId, operation: "create", key, ref, bodyHash });
}

function restoredSentences(report: RestoredReport): readonly string[] {
  return [
    ...kindSentences("order", report.orders, report.epoch),
    ...kindSentences("customer", report.customers, report.epoch),
    `Orders up to ${String(report.exportAfterOrder)} are history; ${counted(report.readied, "parked job")} readied.`,
    "The stop is ended; running sidecars go on within 15 seconds.",
  ];
}

function kindSentences(kind: string, report: KindReport, epoch: number): readonly string[] {
  const { firstId, found, proven, retired, strangers, unplanned } = report;
  const list = (ids: readonly number[]): string => {
    const shown = ids.slice(0, IDS_SHOWN).join(", ");
    return ids.length > IDS_SHOWN ? `${shown} … (${String(ids.length)})` : shown;
  };
  return [
    `${counted(proven, kind)} proven by their mapping, ${counted(found.length, kind)} found in the ERP again${found.length > 0 ? `: ${list(found)}` : ""}.`,
    ...(strangers.length > 0 ? [`Other ${kind}s in the ERP under these ids: ${list(strangers)}.`] : []),
    ...(unplanned.length > 0
      ? [`Mapped but never amended, because they cannot be planned now: ${list(unplanned)}.`]
      : []),
    ...(retired > 0 ? [`${counted(retired, kind)} of before put away; their log stays.`] : []),
    `From ${kind} ${String(firstId)} on, keys end in -E${String(epoch)}.`,
  ];
}
