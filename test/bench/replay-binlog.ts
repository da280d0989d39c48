// The process whose memory `memory.ts` measures: capture and nothing else.
// Its argument is JSON: the database's settings, and after how many outbox rows to stop.
import { readFileSync } from "node:fs";
import { CAPTURE_LIMITS, initialCaptureStatus } from "../../sidecar/capture/capture-deps.ts";
import { runCapture } from "../../sidecar/capture/capture-loop.ts";
import { type DatabaseSettings, openDatabase } from "../../sidecar/platform/database.ts";
import { createMetrics } from "../../sidecar/platform/metrics.ts";
import { systemClock, systemRandom, systemSleep } from "../../sidecar/platform/system-clock.ts";

/** What the process prints, as one line of JSON. */
export interface Replay {
  readonly peakRssBytes: number;
  readonly idleRssBytes: number;
  readonly tookMs: number;
  readonly announced: number;
}

async function replay(settings: DatabaseSettings, wanted: number): Promise<Replay> {
  const stop = new AbortController();
  const db = openDatabase(settings);
  let announced = 0;
  let startedMs = 0;
  let idleRssBytes = 0;
  const stopWhenDone = (): void => {
    if (announced >= wanted) stop.abort();
  };
  await runCapture(
    {
      db,
      settings,
      serverId: 4_000_000_000,
      log: (_level, event) => {
        if (event.event !== "capture.resumed") return;
        startedMs = performance.now();
        idleRssBytes = process.memoryUsage.rss();
        stopWhenDone();
      },
      metrics: createMetrics(),
      clock: systemClock,
      sleep: systemSleep,
      random: systemRandom,
      status: initialCaptureStatus(),
      limits: CAPTURE_LIMITS,
      onOutboxRows: (ids) => {
        announced += ids.length;
        stopWhenDone();
      },
      onMarked: () => undefined,
      keepsLedger: false,
      onStock: () => undefined,
      onGap: () => undefined,
    },
    stop.signal,
  );
  await db.destroy();
  const peakRssBytes = peakRss();
  return { peakRssBytes, idleRssBytes, tookMs: performance.now() - startedMs, announced };
}

/** Not `resourceUsage().maxRSS`: that one begins with what the parent held when it forked. */
function peakRss(): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

const task = JSON.parse(process.argv[2] ?? "{}") as { settings: DatabaseSettings; announced: number };
process.stdout.write(JSON.stringify(await replay(task.settings, task.announced)));
