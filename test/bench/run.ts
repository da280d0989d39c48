// `npm run bench -- NAME [--json]`: runs one benchmark with its peers and its floor.
// A benchmark is a file of this folder that exports a function `bench…`; its first comment says what is measured.
// Exit code 0: every figure was reached. 1: one was missed. 2: it could not run.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BenchCannotRun, type BenchResult, table } from "./support/result.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const EXPORTED_BENCH = /^export (?:async )?function (bench\w+)\(/m;

type Bench = () => Promise<BenchResult>;

/** The benchmarks by name: `latency` is latency.ts. */
function findBenches(): ReadonlyMap<string, string> {
  const benches = new Map<string, string>();
  for (const file of readdirSync(import.meta.dirname).sort()) {
    if (!file.endsWith(".ts")) continue;
    const exported = EXPORTED_BENCH.exec(readFileSync(join(import.meta.dirname, file), "utf8"))?.[1];
    if (exported !== undefined) benches.set(file.slice(0, -".ts".length), exported);
  }
  return benches;
}

/** The sidecar that is measured is the built one: a loader that compiles on the fly costs time and memory. */
function build(): void {
  const built = spawnSync("npm", ["run", "--silent", "build"], { cwd: ROOT, stdio: ["ignore", 2, 2] });
  if (built.status !== 0) throw new BenchCannotRun("The build failed; its messages stand above.");
  process.env["ERPSYNC_TEST_BUILT"] = "1";
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const benches = findBenches();
  const [name = ""] = positionals;
  const exported = benches.get(name);
  if (exported === undefined) {
    console.error(`Usage: npm run bench -- NAME [--json], NAME one of ${[...benches.keys()].join(", ")}.`);
    return 2;
  }
  build();
  const module = (await import(`./${name}.ts`)) as Readonly<Record<string, Bench>>;
  const result = await module[exported]?.();
  if (result === undefined) return 2;
  console.log(values.json ? JSON.stringify(result) : table(result));
  return result.figures.every(({ ok }) => ok) ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    console.error(thrown instanceof BenchCannotRun ? thrown.message : thrown);
    process.exitCode = 2;
  },
);
