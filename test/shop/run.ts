// `npm run test:shop`: the tests on the real PrestaShop at PRESTASHOP_ROOT, ending with one line of counts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

function main(args: readonly string[]): number {
  const root = process.env["PRESTASHOP_ROOT"];
  if (root === undefined || !existsSync(join(root, "app/config/parameters.php"))) {
    console.error(
      "PRESTASHOP_ROOT must name the folder of an installed PrestaShop, a test shop: orders are placed in it.",
    );
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "erpsync-shop-"));
  const reportFile = join(folder, "report.json");
  try {
    const { status } = spawnSync(
      "npx",
      [
        ...["--no-install", "vitest", "run", "--config", join(import.meta.dirname, "vitest.config.ts")],
        ...["--reporter=verbose", "--reporter=json", `--outputFile.json=${reportFile}`, ...args],
      ],
      { stdio: "inherit" },
    );
    const report = existsSync(reportFile)
      ? (JSON.parse(readFileSync(reportFile, "utf8")) as VitestReport)
      : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
    // What fails outside of a test, such as a database that is down, fails the run too.
    const failed = report.numFailedTests === 0 && status !== 0 ? 1 : report.numFailedTests;
    const skipped = report.numPendingTests + report.numTodoTests;
    console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0 || report.numPassedTests === 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = main(process.argv.slice(2));
