import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { runCommand } from "../../support/command.ts";
import { freePort } from "../../support/database-server.ts";
import { eachServer } from "../../support/each-server.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, mapProducts } from "../../support/sidecar.ts";
import { insertDiscrepancy, insertLedgerRow } from "../../support/stock-rows.ts";
import { World } from "../../support/world.ts";

const ORDER = { customerId: 1, lines: [{ productId: 1, quantity: 1 }] } as const;

eachServer("erpsync status", (server) => {
  test("the status names every state, and live facts are null while no sidecar runs", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await world.shop().placeOrder(ORDER);

    const { code, out } = await runCommand(installation, "status", "--json");

    expect(code).toBe(0);
    const status = JSON.parse(out) as { outbox: { oldestMs: number } };
    expect(status).toEqual({
      jobs: { ready: 0, working: 0, held: 0, retrying: 0, parked: 0, dead: 0, done: 0 },
      capture: { lagMs: null, position: null, leader: null },
      erp: { breaker: null, inFlight: null, limit: null },
      outbox: { depth: expect.any(Number) as number, oldestMs: expect.any(Number) as number },
      stock: {
        ...{ unbooked: 0, unbookedMs: 0, unsettled: 0, discrepancies: 0, heldSnapshots: 0 },
        reconciliation: null,
      },
    });
    expect(status.outbox.oldestMs).toBeGreaterThan(0);
  });

  test("the running sidecar tells its breaker, its limit and where it reads the binlog", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const config = parse(readFileSync(installation.configFile, "utf8")) as { http: { port: number } };
    config.http.port = await freePort();
    writeFileSync(installation.configFile, stringify(config));
    await mapProducts(world, erp);
    const sidecar = await installation.start("capture.leading");
    await world.shop().placeOrder(ORDER);
    await sidecar.logged("job.done");

    const { out } = await runCommand(installation, "status", "--json");
    const human = await runCommand(installation, "status");

    expect(JSON.parse(out)).toMatchObject({
      jobs: { dead: 0, parked: 0 },
      capture: { leader: true, position: expect.stringMatching(/^binlog\.\d+:\d+$/) as string },
      erp: { breaker: "closed", limit: 8 },
      outbox: { depth: 0 },
    });
    expect(human.out).toContain("reads the binlog");
    expect(human.out).toContain("The outbox is empty.");
  });
});

eachServer("erpsync status on stock", (server) => {
  test("what waits for the ledger or for a person is counted, and the last comparison is named", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    const row = await insertLedgerRow(world, { product: 5, opening: 9, unsettled: true });
    await insertDiscrepancy(world, { row, kind: "drift" });
    await world.pool.query(
      `INSERT INTO ${world.table("erpsync_stock_inbox")} (committed_at, facts) VALUES (UTC_TIMESTAMP(3) - INTERVAL 90 SECOND, '[]');
       INSERT INTO ${world.table("erpsync_stock_snapshot")} (kind, state, started_at) VALUES ('full', 'held', UTC_TIMESTAMP(6));
       INSERT INTO ${world.table("erpsync_stock_reconciliation")} (state, actor, started_at)
         VALUES ('done', 'a', '2026-11-20 03:30:00'), ('capped', 'a', '2026-11-21 03:30:00')`,
    );

    const { stock } = JSON.parse((await runCommand(installation, "status", "--json")).out) as {
      stock: { unbookedMs: number };
    };
    const { out } = await runCommand(installation, "status");

    expect(stock).toMatchObject({
      ...{ unbooked: 1, unsettled: 1, discrepancies: 1, heldSnapshots: 1 },
      reconciliation: { state: "capped", startedAt: "2026-11-21 03:30:00 UTC" },
    });
    expect(stock.unbookedMs).toBeGreaterThanOrEqual(89_000);
    expect(out).toContain("1 fact to book, the oldest for 90 s");
    expect(out).toContain("1 row not settled, last reconciled 2026-11-21 03:30:00 UTC (capped).");
    expect(out).toContain("1 stock discrepancy open");
    expect(out).toContain("ALARM: 1 reading of the ERP's stock held");
  });
});

test("a command line that is wrong ends with code 2, a configuration that is wrong with 1", async () => {
  await using world = await World.create();
  const installation = await Installation.create(world, { netsuite: {} });

  expect((await runCommand(installation, "status", "--frobnicate")).code).toBe(2);
  expect((await runCommand(installation, "run", "--roles", "butler")).code).toBe(2);
  const refused = await runCommand(installation, "status");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("erp.netsuite.account");
});
