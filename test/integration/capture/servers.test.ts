import { describe, expect, inject, test } from "vitest";
import type { DatabaseServer } from "../../support/database-server.ts";
import { startMariadb } from "../../support/mariadb.ts";
import { startMysql } from "../../support/mysql.ts";
import type {} from "../../support/servers.ts";
import { ShopSimulator } from "../../support/shop-simulator.ts";
import { SupportError } from "../../support/support-error.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";
import {
  addSidecarTables,
  CaptureRun,
  checkpointOf,
  insertOutbox,
  jobState,
  untilAllAnnounced,
} from "./rig.ts";

type Kind = DatabaseServer["kind"];

async function privateServer(kind: Kind, extra: readonly string[] = []): Promise<DatabaseServer> {
  const server = kind === "mariadb" ? await startMariadb({ extra }) : await startMysql({ extra });
  if (server === undefined) throw new SupportError("There is no MySQL on this machine.");
  return server;
}

/** A world that is thrown away with its server. */
async function makeWorld(server: DatabaseServer): Promise<World> {
  const world = await World.create({ server });
  await addSidecarTables(world);
  return world;
}

/** A server keeps a file for a moment while a dump of it ends or a recovery might need it. */
async function purgeAllButNewest(world: World): Promise<void> {
  await until(
    async () => {
      const logs = await world.rows<{ Log_name: string }>("SHOW BINARY LOGS");
      await world.pool.query("PURGE BINARY LOGS TO ?", [logs.at(-1)?.Log_name]);
      return logs.length === 1;
    },
    { what: "the purge" },
  );
}

const BY_POSITION: Readonly<Record<Kind, readonly string[]>> = {
  mariadb: [],
  mysql: ["--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"],
};
const POOR_METADATA: Readonly<Record<Kind, readonly string[]>> = {
  mariadb: ["--binlog-row-metadata=NO_LOG"],
  mysql: ["--binlog-row-metadata=MINIMAL"],
};
const ORDER = { customerId: 1, lines: [{ productId: 1, quantity: 1 }], hooks: "off" } as const;

/** Faults of a whole server; each test has one of its own. */
describe.each(inject("servers").map(({ kind }) => ({ kind })))("a $kind of one's own", ({ kind }) => {
  test("that is killed and started again is tailed on from the checkpoint, by GTID, with nothing missing", async () => {
    await using server = await privateServer(kind);
    await killAndGoOn(server, "gtid");
  });

  test("that is killed and started again is tailed on by position where there is no GTID", async () => {
    await using server = await privateServer(kind, BY_POSITION[kind]);
    await killAndGoOn(server, "position");
  });

  async function killAndGoOn(server: DatabaseServer, by: "gtid" | "position"): Promise<void> {
    await using world = await makeWorld(server);
    // A MySQL that executed nothing yet is tailed by position.
    await world.pool.query("CREATE TABLE something_executed (id INT)");
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    // MariaDB always has GTIDs; a checkpoint of a version that knew none has an empty one.
    if (by === "position") await goOnWithoutGtid(world, capture);
    const first = await world.connection();
    for (let n = 1; n <= 20; n += 1) await insertOutbox(world, first, `order:${String(n)}`);
    await server.kill9();
    await server.restart();
    const second = await world.connection();
    for (let n = 21; n <= 40; n += 1) await insertOutbox(world, second, `order:${String(n)}`);
    await untilAllAnnounced(capture, by === "position" ? 41 : 40);
    expect(capture.named("capture.resumed").at(-1)?.by).toBe(by);
    expect(capture.gaps).toEqual(["first start"]);
  }

  async function goOnWithoutGtid(world: World, capture: CaptureRun): Promise<void> {
    await world.pool.query(`UPDATE ${world.table("erpsync_checkpoint")} SET gtid_set = ''`);
    await world.pool.query("CREATE TRIGGER no_gtid BEFORE UPDATE ON ?? FOR EACH ROW SET NEW.gtid_set = ''", [
      `${world.prefix}erpsync_checkpoint`,
    ]);
    const connection = await world.connection();
    await insertOutbox(world, connection, "order:1000");
    await untilAllAnnounced(capture, 1);
  }

  test("that purged what was not read yet is a gap: reported after the new place is on record", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    const first = new CaptureRun(world);
    await first.untilTailing();
    await first.stop();
    const stoppedAt = await checkpointOf(world);
    const connection = await world.connection();
    await insertOutbox(world, connection, "order:1");
    await connection.query("FLUSH BINARY LOGS");
    await purgeAllButNewest(world);
    let recorded: ReturnType<typeof checkpointOf> | undefined;
    await using second = new CaptureRun(world, {
      onGap: () => {
        recorded = checkpointOf(world);
      },
    });
    await second.untilTailing();
    expect(second.gaps).toEqual(["purged file"]);
    expect(second.named("capture.gap")).toHaveLength(1);
    expect((await second.metrics.captureGaps.get()).values[0]?.value).toBe(1);
    expect((await recorded)?.file).not.toBe(stoppedAt?.file);
    await insertOutbox(world, connection, "order:2");
    await untilAllAnnounced(second, 1);
  });

  test("that purged only what was read is no gap", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    const first = new CaptureRun(world);
    await first.untilTailing();
    const connection = await world.connection();
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(first, 1);
    await connection.query("FLUSH BINARY LOGS");
    const [logs] = await connection.query("SHOW BINARY LOGS");
    const newest = (logs as { Log_name: string }[]).at(-1)?.Log_name;
    await until(async () => (await checkpointOf(world))?.file === newest, {
      what: "the checkpoint to follow",
    });
    await first.stop();
    await purgeAllButNewest(world);
    await using second = new CaptureRun(world);
    await second.untilTailing();
    expect(second.gaps).toEqual([]);
  });

  test("that cannot send from the recorded place is a gap, and the tail goes on from now", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    const first = new CaptureRun(world);
    await first.untilTailing();
    await first.stop();
    await world.pool.query(
      `UPDATE ${world.table("erpsync_checkpoint")} SET gtid_set = '', position = position - 7`,
    );
    await using second = new CaptureRun(world);
    await until(() => second.gaps.length === 1, { what: "the gap" });
    expect(["refused by the server", "unreadable event"]).toContain(second.gaps[0]);
    const connection = await world.connection();
    await until(
      async () => {
        await insertOutbox(world, connection, "order:1");
        return second.outboxIds.length > 0;
      },
      { what: "news from the new place" },
    );
  });

  test("whose binlog_format changes is polled from then on, and swept when it changes back", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    await using capture = new CaptureRun(world, { limits: { recheckMs: 100, maintenanceMs: 100 } });
    await capture.untilTailing();
    await world.pool.query("SET GLOBAL binlog_format = 'STATEMENT'");
    await until(() => capture.status.mode === "polling", { what: "polling mode" });
    expect(capture.status.reasons.join(" ")).toContain("binlog_format is STATEMENT");
    await world.pool.query("SET GLOBAL binlog_format = 'ROW'");
    await until(() => capture.gaps.includes("unsuitable source"), { what: "the gap" });
    await capture.untilTailing(2);
  });

  test("the checkpoint follows what the shop writes and does not feed itself", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    const connection = await world.connection();
    await using capture = new CaptureRun(world, { limits: { checkpointMs: 50 } });
    await capture.untilTailing();
    const before = await checkpointOf(world);
    await insertOutbox(world, connection, "order:1");
    const moved = await until(
      async () => {
        const now = await checkpointOf(world);
        return now?.updated_at === before?.updated_at ? undefined : now;
      },
      { what: "the checkpoint to move" },
    );
    // Its own row comes back through the tail; many times the checkpoint's interval later it is still the last.
    const heard = capture.heartbeats();
    await until(() => capture.heartbeats() >= heard + 4, { what: "four heartbeats" });
    expect((await checkpointOf(world))?.updated_at).toBe(moved.updated_at);
  });

  test("that closes idle connections after a second does not end the tail", async () => {
    await using server = await privateServer(kind);
    await using world = await makeWorld(server);
    await world.pool.query("SET GLOBAL wait_timeout = 1");
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    await until(() => capture.heartbeats() >= 12, { what: "twelve heartbeats, 2.4 seconds" });
    expect(capture.named("capture.lost")).toEqual([]);
  });

  test("that logs no column names: rows older than an ALTER TABLE are counted as unread and stop nothing", async () => {
    await using server = await privateServer(kind, POOR_METADATA[kind]);
    await using world = await makeWorld(server);
    const shop = new ShopSimulator(world);
    const first = new CaptureRun(world);
    await first.untilTailing();
    expect(
      first
        .named("capture.warning")
        .map(({ reason }) => reason)
        .join(),
    ).toContain("binlog_row_metadata");
    await first.stop();
    await shop.placeOrder(ORDER);
    await world.pool.query(`ALTER TABLE ${world.table("orders")} ADD COLUMN erpsync_trap INT NULL FIRST`);
    await using second = new CaptureRun(world);
    await until(
      () =>
        second.named("capture.warning").some(({ reason }) => reason.includes("did not name their record")),
      { what: "the warning about unread rows" },
    );
    const later = await new ShopSimulator(world).placeOrder(ORDER);
    await until(async () => (await jobState(world, `order:${String(later.orderId)}`)) === "ready", {
      what: "the later order's job",
    });
  });

  test("that logs no column names: rows of a dropped table are given up after three tries, as a gap", async () => {
    await using server = await privateServer(kind, POOR_METADATA[kind]);
    await using world = await makeWorld(server);
    const first = new CaptureRun(world);
    await first.untilTailing();
    await first.stop();
    const connection = await world.connection();
    await connection.query("SET SESSION sql_mode = ''");
    await connection.query(`INSERT INTO ${world.table("order_slip")} (id_order) VALUES (7)`);
    await connection.query(`DROP TABLE ${world.table("order_slip")}`);
    await using second = new CaptureRun(world);
    await until(() => second.gaps.length > 0, { what: "the gap" });
    expect(second.gaps).toEqual(["unreadable event"]);
    expect(second.named("capture.lost").length).toBeGreaterThanOrEqual(3);
    await second.untilTailing();
    await insertOutbox(world, connection, "order:1");
    await untilAllAnnounced(second, 1);
  });
});

describe.runIf(inject("servers").some(({ kind }) => kind === "mysql"))("a mysql of one's own", () => {
  test("a compressed transaction, which says nothing but one error, is a gap and stops nothing", async () => {
    await using server = await privateServer("mysql");
    await using world = await makeWorld(server);
    await using capture = new CaptureRun(world);
    await capture.untilTailing();
    const connection = await world.connection();
    await connection.query("SET SESSION binlog_transaction_compression = ON");
    await insertOutbox(world, connection, "order:1");
    await until(() => capture.gaps.includes("unreadable event"), { what: "the gap" });
    await connection.query("SET SESSION binlog_transaction_compression = OFF");
    await capture.untilTailing(2);
    const id = await insertOutbox(world, connection, "order:2");
    await until(() => capture.outboxIds.includes(id), { what: "the next row" });
  });
});
