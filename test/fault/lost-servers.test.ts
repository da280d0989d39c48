import { expect, test } from "vitest";
import { startMariadb } from "../support/mariadb.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { until } from "../support/until.ts";
import { expectAgreement, untilArrived, untilQuiet } from "./agreement.ts";
import { placeOrders, Rig } from "./rig.ts";

test("a database that is killed and started again in the middle of the work loses and doubles no order", async () => {
  await using server = await startMariadb();
  await using rig = await Rig.open({ server });
  const { erp, world } = rig;
  erp.faults.add({ kind: "slow", delayMs: 100 });
  const sidecar = await rig.start();
  const first = await placeOrders(world, 100, { processes: 4 });
  await until(() => erp.inFlight() > 0 && erp.orders().length > 10, {
    what: "an ERP at work",
    timeoutMs: 30_000,
  });
  await server.kill9();
  await until(() => sidecar.log.some((line) => line.event === "loop.failed"), {
    what: "a loop that lost its database",
  });
  await server.restart();
  const second = await placeOrders(world, 100, { processes: 4 });
  await untilArrived(erp, [...first, ...second], 100_000);
  await untilQuiet(world, 60_000);
  await expectAgreement(world, erp, [...first, ...second]);
  expect(erp.maxInFlight()).toBeLessThanOrEqual(8);
  const bugs = await world.rows(
    `SELECT subject, message FROM ${world.table("erpsync_attempt")} WHERE outcome = 'E_BUG'`,
  );
  expect(bugs).toEqual([]);
  expect(sidecar.log.filter((line) => line["code"] === "E_BUG")).toEqual([]);
  expect(await sidecar.stop()).toBe(0);
}, 240_000);

test("a binlog that is purged while the sidecar is away is said, and every order still arrives", async () => {
  await using server = await startMariadb();
  await using rig = await Rig.open({ server });
  const { erp, world } = rig;
  const starting = await rig.start();
  await starting.logged("capture.resumed");
  await starting.stop();
  const announced = await placeOrders(world, 30, { processes: 4 });
  const silent = await placeOrders(world, 10, { processes: 4, hooks: "off" });
  await world.pool.query("FLUSH BINARY LOGS");
  const logs = () => world.rows<{ Log_name: string }>("SHOW BINARY LOGS");
  // The server keeps a file as long as it believes that somebody reads it.
  await until(
    async () => {
      const dumps = await world.rows<{ id: number }>(
        "SELECT id FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'",
      );
      for (const { id } of dumps) await world.pool.query("KILL ?", [id]);
      await world.pool.query("PURGE BINARY LOGS TO ?", [(await logs()).at(-1)?.Log_name]);
      return (await logs()).length === 1;
    },
    { what: "the purge" },
  );
  const sidecar = await rig.start();
  await sidecar.logged("capture.gap");
  await untilArrived(erp, [...announced, ...silent]);
  await untilQuiet(world);
  await expectAgreement(world, erp, [...announced, ...silent]);
});

test("answers that are lost after the ERP committed, and an ERP line that is half open, make no second order", async () => {
  await using rig = await Rig.open();
  const { erp, world } = rig;
  await using line = await startTcpProxy({ port: Number(new URL(erp.url).port) });
  const netsuite = {
    ...erp.settings(),
    baseUrl: `http://127.0.0.1:${String(line.port)}`,
    tokenUrl: `${erp.url}/services/rest/auth/oauth2/v1/token`,
    timeoutMs: 2_000,
  };
  rig.installation.configure(world, { netsuite });
  const creation = { method: "POST", path: "/salesOrder" };
  for (const kind of ["cut-after-commit", "cut-mid-answer", "cut-before"] as const) {
    erp.faults.add({ kind, match: creation, times: 5 });
  }
  const sidecar = await rig.start();
  const first = await placeOrders(world, 60, { processes: 4 });
  await untilArrived(erp, first, 100_000);
  await untilQuiet(world, 60_000);
  // Nothing gets through either way, and nothing closes.
  line.setMode({ kind: "half-open" });
  const second = await placeOrders(world, 40, { processes: 4 });
  await until(() => sidecar.log.some((entry) => entry.event === "erp.breaker" && entry["state"] === "open"), {
    what: "the open breaker",
    timeoutMs: 30_000,
  });
  line.setMode({ kind: "refuse" });
  await until(() => line.accepted() > 0, { what: "a refused connection" });
  line.setMode({ kind: "pass" });
  await untilArrived(erp, [...first, ...second], 100_000);
  await untilQuiet(world, 60_000);
  await expectAgreement(world, erp, [...first, ...second]);
  expect(
    sidecar.log.filter((entry) => entry.event === "loop.failed" || entry.event === "job.buried"),
  ).toEqual([]);
}, 240_000);

test("a line to the database that is half open holds up the work only until it is noticed", async () => {
  await using rig = await Rig.open();
  const { erp, world } = rig;
  await using line = await startTcpProxy({ port: world.settings.port });
  rig.installation.configure(world, { netsuite: erp.settings(), database: { port: line.port } });
  erp.faults.add({ kind: "slow", delayMs: 50 });
  const sidecar = await rig.start();
  const first = await placeOrders(world, 40, { processes: 4 });
  await until(() => erp.orders().length > 5, { what: "an ERP at work", timeoutMs: 30_000 });
  line.setMode({ kind: "half-open" });
  const second = await placeOrders(world, 20, { processes: 4 });
  await until(
    () => sidecar.log.some((entry) => entry.event === "loop.failed" || entry.event === "capture.lost"),
    {
      what: "a loop that noticed",
      timeoutMs: 90_000,
    },
  );
  line.setMode({ kind: "pass" });
  await untilArrived(erp, [...first, ...second], 100_000);
  await untilQuiet(world, 120_000);
  await expectAgreement(world, erp, [...first, ...second]);
}, 300_000);
