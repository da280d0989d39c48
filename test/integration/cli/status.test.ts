import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { runCommand } from "../../support/command.ts";
import { freePort } from "../../support/database-server.ts";
import { eachServer } from "../../support/each-server.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation, mapProducts } from "../../support/sidecar.ts";
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

test("a command line that is wrong ends with code 2, a configuration that is wrong with 1", async () => {
  await using world = await World.create();
  const installation = await Installation.create(world, { netsuite: {} });

  expect((await runCommand(installation, "status", "--frobnicate")).code).toBe(2);
  expect((await runCommand(installation, "run", "--roles", "butler")).code).toBe(2);
  const refused = await runCommand(installation, "status");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("erp.netsuite.account");
});
