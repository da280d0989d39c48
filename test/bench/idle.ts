// What a sidecar costs that has nothing to do.
//
// The built sidecar with all its roles, tailing the binlog of a shop in which nothing happens, after its first orders
// have settled. CPU time of the whole process (user and system, all threads) is read from /proc before and after 60 s.
// Queries are the server's own counter `Questions` over the same time, less the two that read it; the server has no
// other client. Not in it: heartbeats of the binlog and pings, which are no statements.
//
// Peer: the same sidecar with capture.mode polling every 250 ms, the same way, right after.
import { readFileSync } from "node:fs";
import { systemSleep } from "../../sidecar/platform/system-clock.ts";
import { startMariadb } from "../support/mariadb.ts";
import { spawnNetSuiteEmulator } from "../support/netsuite-emulator-process.ts";
import { SupportError } from "../support/support-error.ts";
import { atMost, type BenchResult, peer, told } from "./support/result.ts";
import { Stage, type StageOptions } from "./support/stage.ts";

const MEASURED_MS = 60_000;
/** In user space the kernel counts CPU time in hundredths of a second on every architecture. */
const TICKS_PER_SECOND = 100;

interface Idle {
  readonly corePercent: number;
  readonly queriesPerSecond: number;
}

export async function benchIdle(): Promise<BenchResult> {
  const tailing = await measure({});
  const polling = await measure({ capture: { mode: "polling", pollMs: 250 } });
  return {
    name: "idle",
    figures: [
      atMost("CPU of an idle sidecar", tailing.corePercent, "% of a core", 0.5),
      atMost("queries of an idle sidecar", tailing.queriesPerSecond, "queries/s", 1),
      told("measured over", MEASURED_MS / 1_000, "s"),
    ],
    peers: [
      peer("polling every 250 ms", "% of a core", polling.corePercent),
      peer("polling every 250 ms", "queries/s", polling.queriesPerSecond),
    ],
  };
}

async function measure(options: StageOptions): Promise<Idle> {
  await using server = await startMariadb();
  await using emulator = await spawnNetSuiteEmulator();
  await using stage = await Stage.open(server, emulator, options);
  const sidecar = await stage.start([1, 2]);
  await stage.untilIdle({ quietMs: 0, settled: true });
  const before = { ticks: ticksOf(sidecar.pid), questions: await questionsOf(stage), ms: performance.now() };
  await systemSleep(MEASURED_MS, new AbortController().signal);
  const seconds = (performance.now() - before.ms) / 1_000;
  const ticks = ticksOf(sidecar.pid) - before.ticks;
  // The counter has the first reading in it already; the second counts itself.
  const questions = (await questionsOf(stage)) - before.questions - 1;
  return {
    corePercent: (100 * ticks) / TICKS_PER_SECOND / seconds,
    queriesPerSecond: questions / seconds,
  };
}

/** User and system time of a process: fields 14 and 15, counted behind its name, which may contain anything. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

async function questionsOf(stage: Stage): Promise<number> {
  const [row] = await stage.world.rows<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Questions'");
  if (row === undefined) throw new SupportError("The server does not count its questions.");
  return Number(row.Value);
}
