// The process that `stock-snapshot.ts` measures: rounds of the snapshot feed and nothing else.
// Its argument is JSON (`SnapshotTask`). Each line of its input makes one round; each round prints one line of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { erpRef } from "../../../sidecar/domain/ids.ts";
import { settings as netSuiteSettings, open as openNetSuite } from "../../../sidecar/erp/netsuite/adapter.ts";
import type { ErpPort } from "../../../sidecar/erp/port.ts";
import { type DatabaseSettings, openDatabase } from "../../../sidecar/platform/database.ts";
import { createHttp } from "../../../sidecar/platform/http.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { decideHistory } from "../../../sidecar/stock/snapshot/decide-history.ts";
import { runRound, type SnapshotDeps } from "../../../sidecar/stock/snapshot/snapshot.ts";
import { latestSnapshots, listSnapshots } from "../../../sidecar/stock/snapshot/snapshot-statements.ts";
import { Pacer } from "../../../sidecar/stock/writer/pace.ts";
import { applyWrites } from "../../../sidecar/stock/writer/stock-writer.ts";

/** Items that the program itself has, where no ERP is measured: from `first` on, every tenth one changes each round. */
export interface CannedItems {
  readonly first: number;
  readonly items: number;
  readonly units: number;
}

export interface SnapshotTask {
  readonly database: DatabaseSettings;
  /** The section `erp.netsuite` of a configuration, or items. */
  readonly netsuite?: unknown;
  readonly canned?: CannedItems;
}

/** What a round took; milliseconds are by the client, so the way to the server and back is in them. */
export interface RoundCost {
  readonly state: string;
  readonly reason: string | null;
  readonly items: number;
  readonly changed: number;
  readonly waiting: number;
  readonly tookMs: number;
  readonly databaseMs: number;
  readonly statements: number;
  readonly longestMs: number;
  readonly longest: string;
  /** Milliseconds of the statements that begin so. */
  readonly bySort: Readonly<Record<string, number>>;
  readonly peakRssBytes: number;
}

const PAGE_ITEMS = 1_000;

const task = JSON.parse(process.argv[2] ?? "{}") as SnapshotTask;
const metrics = createMetrics();
let spent = fresh();
const db = openDatabase(task.database, {
  onQuery: ({ query, queryDurationMillis }) => {
    const sort = query.sql.trim().replaceAll("`", "").replaceAll(/\s+/g, " ").slice(0, 60);
    spent.databaseMs += queryDurationMillis;
    spent.statements += 1;
    spent.bySort.set(sort, (spent.bySort.get(sort) ?? 0) + queryDurationMillis);
    if (queryDurationMillis <= spent.longestMs) return;
    spent.longestMs = queryDurationMillis;
    spent.longest = sort;
  },
});
let rounds = 0;

function fresh() {
  return { databaseMs: 0, statements: 0, longestMs: 0, longest: "", bySort: new Map<string, number>() };
}

/** Pages as an ERP would give them, without its time. */
function canned({ first, items, units }: CannedItems): Pick<ErpPort, "readStock" | "capabilities"> {
  return {
    capabilities: {
      uniqueKey: true,
      stockCountsOrders: true,
      payments: false,
      paymentsWithOrder: false,
      credits: false,
      stockPartitions: [],
    },
    readStock: ({ after }) => {
      const from = after === undefined ? 0 : Number(after);
      const count = Math.min(PAGE_ITEMS, items - from);
      const figures = Array.from({ length: count }, (_, index) => ({
        itemRef: erpRef(String(first + from + index)),
        availableUnits: units + ((from + index) % 10 === 0 ? rounds % 2 : 0),
        changedAt: undefined,
      }));
      const next = from + count < items ? String(from + count) : undefined;
      return Promise.resolve({ figures, next, mark: undefined });
    },
  };
}

function openErp(): Pick<ErpPort, "readStock" | "capabilities"> {
  if (task.canned !== undefined) return canned(task.canned);
  const http = createHttp({ connections: 2 });
  return openNetSuite(netSuiteSettings.parse(task.netsuite), { http: http.send, clock: systemClock });
}

const writer = { db, settings: task.database, stopped: () => false, metrics };
const deps: SnapshotDeps = {
  db,
  erp: openErp(),
  clock: systemClock,
  sleep: systemSleep,
  log: () => undefined,
  metrics,
  actor: "bench:1",
  shopId: 1,
  holdShare: 1,
  exportAfterOrder: () => 2 ** 31,
  stopped: () => false,
  apply: (writes, guard, signal) => applyWrites(writer, writes, guard, signal),
  pacer: new Pacer({ db, clock: systemClock, sleep: systemSleep, metrics, busyThreads: 8 }),
  // No ledger runs beside it, and nothing else writes these rows.
  ledgerHasRead: () => Promise.resolve(true),
};

/** Not `resourceUsage().maxRSS`: that one begins with what the parent held when it forked. */
function peakRss(): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

async function makeRound(): Promise<RoundCost> {
  rounds += 1;
  const { past } = decideHistory("", await latestSnapshots(db));
  const round = { part: "", kind: "full", askedId: undefined } as const;
  spent = fresh();
  const startedMs = performance.now();
  await runRound(deps, round, past, { jobsUpTo: 0 }, new AbortController().signal);
  const tookMs = performance.now() - startedMs;
  const { bySort, databaseMs, longest, longestMs, statements } = spent;
  const [row] = await listSnapshots(db, 1);
  const { changed = 0, items = 0, reason = null, state = "", waiting = 0 } = row ?? {};
  const sorts = Object.fromEntries([...bySort].sort(([, a], [, b]) => b - a).slice(0, 30));
  const counts = { state, reason, items, changed, waiting };
  const times = { tookMs, databaseMs, statements, longestMs, longest, bySort: sorts };
  return { ...counts, ...times, peakRssBytes: peakRss() };
}

for await (const _line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await makeRound())}\n`);
}
await db.destroy();
process.exit(0);
