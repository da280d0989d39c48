import { defineConfig } from "vitest/config";

/**
 * Tests with real processes and servers may meet a machine that stalls for seconds. CI gives each one second chance, and
 * the report names who needed it; at home there is none, so that a race shows itself.
 */
const retry = process.env["CI"] === "true" ? 1 : 0;

/**
 * CI has a quarter of an hour and two cores, and Tryton's kits take five minutes of both: the second way to configure it, and
 * what the kit of the first way has of progress once more, are left to `npm test` at home.
 */
const leftToHome =
  process.env["CI"] === "true" ? ["test/erp/kit-other-ways.test.ts", "test/erp/tryton-progress.test.ts"] : [];

/** Tiers are projects: `unit` and `contract` need nothing but Node; the others start a private database. */
export default defineConfig({
  test: {
    exclude: ["dist/**", "node_modules/**"],
    // Most of a test's time is waiting for servers.
    maxWorkers: 3,
    projects: [
      // A property is tried a hundred times, which takes a busy machine seconds.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: ["test/integration/stock/**"],
          globalSetup: ["test/support/servers.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          // Of the integration tier, but long: the races and deaths of the stock ledger.
          name: "stock",
          include: ["test/integration/stock/**/*.test.ts"],
          globalSetup: ["test/support/servers.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          // On an ERP itself; skipped with a sentence where it is not and cannot be installed.
          name: "erp",
          include: ["test/erp/**/*.test.ts"],
          exclude: leftToHome,
          globalSetup: ["test/support/servers.ts", "test/erp/setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: "fault",
          include: ["test/fault/**/*.test.ts"],
          globalSetup: ["test/support/servers.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry,
          // After all others: kills and outages measure time, and the others would take theirs.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
