// `npm test`: everything that needs no outside software beyond Debian's, ending with one line of counts.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ensureMariadb } from "./support/mariadb.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ROOT = resolve(import.meta.dirname, "..");
const MODULE_TOOLS = join(ROOT, "prestashop-module/tools");
const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

async function main(args: readonly string[]): Promise<number> {
  ensureMariadb();
  const counts: Counts[] = [];
  if ((await run("npm", ["run", "--silent", "build"])) === 0) {
    // Tests that start the sidecar's process then start what is deployed.
    process.env["ERPSYNC_TEST_BUILT"] = "1";
    counts.push(await runVitest(args));
    // A run of one project is about that project.
    if (args.length === 0) counts.push(await runPhpunit());
  } else {
    console.error("The build failed; nothing was tested.");
    counts.push({ ...NOTHING, failed: 1 });
  }
  const total = counts.reduce((sum, next) => ({
    passed: sum.passed + next.passed,
    failed: sum.failed + next.failed,
    skipped: sum.skipped + next.skipped,
  }));
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** The arguments go to vitest as they are, e.g. `--project unit` or a file. */
async function runVitest(args: readonly string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "erpsync-report-"));
  const reportFile = join(folder, "vitest.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
    const code = await run("npx", [
      "--no-install",
      "vitest",
      "run",
      "--passWithNoTests",
      ...reporters,
      ...args,
    ]);
    if (!existsSync(reportFile)) return { ...NOTHING, failed: 1 };
    const report = JSON.parse(readFileSync(reportFile, "utf8")) as VitestReport;
    const failedFiles = report.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
    ).length;
    const failed = report.numFailedTests + failedFiles;
    return {
      passed: report.numPassedTests,
      // An error outside of any test, such as a server that did not start, fails the run too.
      failed: failed === 0 && code !== 0 ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** The PHP module's unit tests, where PHP and composer are; skipped with a sentence where they are not. */
async function runPhpunit(): Promise<Counts> {
  for (const program of ["php", "composer"]) {
    if (spawnSync(program, ["--version"]).status === 0) continue;
    console.error(
      `The PHP module's tests are skipped: ${program} is not installed (apt-get install ${program}).`,
    );
    return { ...NOTHING, skipped: 1 };
  }
  if (!existsSync(join(MODULE_TOOLS, "vendor/bin/phpunit"))) {
    const installed = await run("composer", ["install", "--no-interaction", "--quiet"], MODULE_TOOLS);
    if (installed !== 0) {
      console.error("The PHP module's tests are skipped: composer install failed; its messages stand above.");
      return { ...NOTHING, skipped: 1 };
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "erpsync-report-"));
  const reportFile = join(folder, "phpunit.xml");
  try {
    const code = await run(
      "php",
      ["vendor/bin/phpunit", "--no-progress", "--log-junit", reportFile],
      MODULE_TOOLS,
    );
    const report = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "";
    return countJunit(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The totals of a JUnit report stand on its first, outermost suite. */
function countJunit(xml: string, exitCode: number): Counts {
  const suite = /<testsuite [^>]*>/.exec(xml)?.[0] ?? "";
  const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  const passed = count("tests") - failed - skipped;
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}

/** Runs a program with its output on ours; an interrupt goes on to it. */
async function run(program: string, args: readonly string[], cwd: string = ROOT): Promise<number> {
  const child = spawn(program, args, { cwd, stdio: "inherit" });
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  process.on("SIGTERM", pass);
  process.on("SIGINT", pass);
  try {
    return await new Promise<number>((resolveCode) => {
      child.once("error", (error) => {
        console.error(`${program} could not be started: ${error.message}`);
        resolveCode(127);
      });
      child.once("exit", (code, signal) => {
        resolveCode(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
      });
    });
  } finally {
    process.removeListener("SIGTERM", pass);
    process.removeListener("SIGINT", pass);
  }
}

process.exitCode = await main(process.argv.slice(2));
