// The process that `ingest.ts` measures: the ingest loop and nothing else. Its argument is the database's settings as
// JSON; it prints how many milliseconds it took until the outbox was empty.
import { Announcements, runIngest } from "../../../sidecar/ingest/ingest-loop.ts";
import { outboxDepth } from "../../../sidecar/ingest/statements.ts";
import { type DatabaseSettings, openDatabase } from "../../../sidecar/platform/database.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";
import { systemClock } from "../../../sidecar/platform/system-clock.ts";
import { Wake } from "../../../sidecar/platform/wake.ts";

const db = openDatabase(JSON.parse(process.argv[2] ?? "{}") as DatabaseSettings);
const stop = new AbortController();
// The loop sleeps after a round that was not full: the outbox is empty.
const wake = new Wake(() => {
  stop.abort();
  return Promise.resolve();
});
await outboxDepth(db);
const startedMs = performance.now();
await runIngest(
  {
    db,
    log: () => undefined,
    metrics: createMetrics(),
    clock: systemClock,
    wake,
    announced: new Announcements(wake),
    pollMs: () => 60_000,
    onMarked: () => undefined,
  },
  stop.signal,
);
process.stdout.write(String(performance.now() - startedMs));
await db.destroy();
