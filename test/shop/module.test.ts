import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { MailSink } from "./mail-sink.ts";
import { type PausePoint, RealShop } from "./real-shop.ts";

/** Each order beside how many order.placed and order.status_changed it has. */
const EVENTS_PER_ORDER = `
  SELECT o.id_order, o.current_state,
         SUM(e.type = 'order.placed') AS placed, SUM(e.type = 'order.status_changed') AS statuses,
         (SELECT COUNT(*) FROM {order_history} h WHERE h.id_order = o.id_order) AS histories
    FROM {orders} o LEFT JOIN {erpsync_outbox} e ON e.subject = CONCAT('order:', o.id_order)
   WHERE o.id_order > ? GROUP BY o.id_order`;

const ORPHANS = `
  SELECT COUNT(*) FROM {erpsync_outbox} e
   WHERE e.type = 'order.placed'
     AND NOT EXISTS (SELECT 1 FROM {orders} o WHERE e.subject = CONCAT('order:', o.id_order))`;

const DESCRIBE = { id: "describe", type: "shop.describe" };

let shop: RealShop;

/** The ids that AUTO_INCREMENT hands out next are above this one. */
const lastOrder = (): Promise<number> => shop.count("SELECT MAX(id_order) FROM {orders}");

const stateOf = (order: number): Promise<number> =>
  shop.count("SELECT current_state FROM {orders} WHERE id_order = ?", [order]);

async function placeOne(...more: readonly string[]): Promise<number> {
  const [placed] = await shop.placeOrders(1, ...more);
  return placed?.id_order ?? 0;
}

beforeAll(async () => {
  shop = await RealShop.open();
  await shop.module("uninstall").catch(() => undefined);
  await shop.module("install");
  // One process warms PrestaShop's caches: several at once on cold ones lose a race of its translator's.
  await placeOne();
  await shop.rows("DELETE FROM {erpsync_outbox}");
});

afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

describe("capture", () => {
  test("200 orders from 8 processes at once have one order.placed and one status event each", async () => {
    const before = await lastOrder();
    const placed = await Promise.all(Array.from({ length: 8 }, () => shop.placeOrders(25)));
    expect(placed.flat()).toHaveLength(200);

    const orders = await shop.rows(EVENTS_PER_ORDER, [before]);
    expect(orders).toHaveLength(200);
    for (const order of orders) {
      expect(order).toMatchObject({ placed: "1", statuses: "1", histories: 1 });
    }
    expect(await shop.count(ORPHANS)).toBe(0);
  });

  test("a checkout writes nothing but order.placed and order.status_changed", async () => {
    await shop.rows("DELETE FROM {erpsync_outbox}");
    const order = await placeOne("--state=paid", "--lines=3");
    const rows = await shop.rows("SELECT * FROM {erpsync_outbox} ORDER BY id");
    expect(rows.map((row): unknown[] => [row["type"], row["subject"]])).toEqual([
      ["order.placed", `order:${order}`],
      ["order.status_changed", `order:${order}`],
    ]);
    expect(rows[0]).toMatchObject({ version: 1, id_shop: 1, payload: null });
    expect(rows[0]?.["traceparent"]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(Math.abs(Date.now() - Date.parse(`${await occurredAt(order)}Z`))).toBeLessThan(60_000);
  });

  const hits: readonly (readonly [PausePoint, number])[] = [
    ["before-outbox", 50],
    ["after-outbox", 10],
    ["before-order", 5],
    ["after-commit", 5],
  ];
  test.each(hits)(
    "PHP killed at %s leaves the order and its event, or neither, %i times",
    async (point, times) => {
      const before = await lastOrder();
      let hit = 0;
      // Four at once, each killed at its own pause.
      await Promise.all(
        Array.from({ length: 4 }, async (_, lane) => {
          for (let kill = lane; kill < times; kill += 4) {
            await shop.killCheckoutAt(point);
            hit += 1;
          }
        }),
      );
      expect(hit).toBe(times);
      // The server notices a dead client when it next reads from it, and rolls back then.
      await until(async () => (await openTransactions()) === 0, {
        what: "the end of the killed transactions",
      });
      const orders = await shop.rows(EVENTS_PER_ORDER, [before]);
      expect(orders.filter((order) => order["placed"] !== "1")).toEqual([]);
      expect(orders).toHaveLength(point === "after-commit" ? times : 0);
      expect(await shop.count(ORPHANS)).toBe(0);
    },
  );

  test("an order's INSERT that fails and is swallowed takes nothing with it that the shop writes later", async () => {
    const [line = ""] = await shop.placeInto("swallow");
    const { log } = JSON.parse(line) as { readonly log: string };
    expect(await shop.count("SELECT COUNT(*) FROM {log} WHERE message = ?", [log])).toBe(1);
  });

  test.each(["exit", "rollback", "commit"] as const)(
    "an order whose transaction ends by %s before its event still has exactly one",
    async (fault) => {
      const before = await lastOrder();
      await shop.placeInto(fault);
      const orders = await shop.rows(EVENTS_PER_ORDER, [before]);
      expect(orders).toHaveLength(1);
      expect(orders[0]).toMatchObject({ placed: "1", statuses: fault === "exit" ? "0" : "1" });
      expect(await shop.count(ORPHANS)).toBe(0);
    },
  );

  test("an outbox that somebody locks holds each event up for a second and no longer", async () => {
    const lossesBefore = shop.losses()["lock_wait"] ?? 0;
    const order = await shop.whileLocked("erpsync_outbox", async () => placeOne());
    expect(await stateOf(order)).toBeGreaterThan(0);
    expect((shop.losses()["lock_wait"] ?? 0) - lossesBefore).toBe(2);
  });

  test("a missing outbox costs the event, not the order, and is counted by its cause", async () => {
    const lossesBefore = shop.losses();
    await shop.rows("RENAME TABLE {erpsync_outbox} TO {erpsync_outbox_away}");
    let order = 0;
    try {
      order = await placeOne();
    } finally {
      await shop.rows("RENAME TABLE {erpsync_outbox_away} TO {erpsync_outbox}");
    }
    expect(await stateOf(order)).toBeGreaterThan(0);
    expect(shop.losses()["table_missing"] ?? 0).toBe((lossesBefore["table_missing"] ?? 0) + 2);
  });
});

describe("signed commands", () => {
  beforeAll(async () => {
    await shop.serve();
  });

  test("a status is set once by its id, and an order that has it already is left alone", async () => {
    const order = await placeOne();
    const command = { id: `order:${order}#1`, type: "order.set_status", order, state: 3 };
    expect(await outcomes([command])).toEqual(["done"]);
    expect(await outcomes([command, { ...command, id: `order:${order}#2` }])).toEqual([
      "replayed",
      "unchanged",
    ]);
    expect(await stateOf(order)).toBe(3);
    expect(await histories(order, 3)).toBe(1);
  });

  test("ten requests with the same command at once set the status once", async () => {
    const order = await placeOne();
    const command = { id: `order:${order}#1`, type: "order.set_status", order, state: 3 };
    const answers = await Promise.all(Array.from({ length: 10 }, () => outcomes([command])));
    expect(answers.flat().filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(await histories(order, 3)).toBe(1);
  });

  test("commands are carried out in maintenance mode, with https forced and without a cookie", async () => {
    const order = await placeOne();
    await shop.configure("PS_SHOP_ENABLE", 0);
    try {
      expect((await shop.fetch("POST", "/index.php?controller=contact")).status).toBe(503);
      await shop.configure("PS_SSL_ENABLED", 1);
      const answer = await shop.command([{ id: `m${order}`, type: "order.set_status", order, state: 3 }]);
      expect(answer).toMatchObject({ status: 200, body: { results: [{ outcome: "done" }] } });
      expect(answer.headers["set-cookie"]).toBeUndefined();
    } finally {
      await shop.configure("PS_SHOP_ENABLE", 1);
      await shop.configure("PS_SSL_ENABLED", 0);
    }
    expect(await stateOf(order)).toBe(3);
  });

  test("the mail of a status goes out once, whether its command is repeated or was interrupted", async () => {
    await using sink = await MailSink.start();
    const order = await placeOne();
    const command = { id: `order:${order}#1`, type: "order.set_status", order, state: 4 };
    const settings = {
      PS_MAIL_METHOD: 2,
      PS_MAIL_SERVER: "127.0.0.1",
      PS_MAIL_SMTP_PORT: sink.port,
    };
    const saved = await Promise.all(Object.keys(settings).map((name) => shop.setting(name)));
    for (const [name, value] of Object.entries(settings)) await shop.configure(name, value);
    try {
      expect(await outcomes([command])).toEqual(["done"]);
      expect(sink.subjects).toHaveLength(1);
      expect(await outcomes([command])).toEqual(["replayed"]);
      // As if PHP had died between the history row and the end of the command.
      await shop.rows(
        "UPDATE {erpsync_command} SET state = 'started', result = '{\"history\":0}' WHERE command_id = ?",
        [command.id],
      );
      expect(await outcomes([command])).toEqual(["done"]);
      expect(sink.subjects).toHaveLength(1);
      // As if it had died before the history row: the status is set, and its mail goes out, now.
      await shop.rows(
        "INSERT INTO {erpsync_command} (command_id, type, state, result, started_at) VALUES (?, 'order.set_status', 'started', ?, UTC_TIMESTAMP(6))",
        [`order:${order}#2`, JSON.stringify({ history: await lastHistory(order) })],
      );
      expect(await outcomes([{ ...command, id: `order:${order}#2`, state: 3 }])).toEqual(["done"]);
      expect(sink.subjects).toHaveLength(2);
    } finally {
      for (const [index, name] of Object.keys(settings).entries()) {
        await shop.configure(name, saved[index] ?? "");
      }
    }
  });

  test("unknown orders, states and commands are rejected one by one, with nothing done", async () => {
    const order = await placeOne();
    const answer = await shop.command([
      { id: "r1", type: "order.set_status", order: 4_000_000_000, state: 3 },
      { id: "r2", type: "order.set_status", order, state: 9_999 },
      { id: "r3", type: "order.set_status", order, state: "3" },
      { id: "r4", type: "order.vanish", order },
    ]);
    expect(answer.body.results?.map((result) => result.code)).toEqual([
      "unknown_order",
      "unknown_state",
      "invalid_argument",
      "unknown_command",
    ]);
    expect(await shop.count("SELECT COUNT(*) FROM {erpsync_command} WHERE command_id LIKE 'r_'")).toBe(0);
  });

  test("what is unsigned, old, replayed, too large or malformed is refused and does nothing", async () => {
    const order = await placeOne();
    const command = [{ id: `refused${order}`, type: "order.set_status", order, state: 3 }];
    const nowS = Math.floor(Date.now() / 1_000);
    const nonce = "0123456789abcdef0123456789abcdef";
    await shop.rows("DELETE FROM {erpsync_nonce} WHERE nonce = ?", [nonce]);
    expect((await shop.command([DESCRIBE], { nonce })).status).toBe(200);

    const refusals = [
      [await shop.command(command, { method: "GET" }), 405, "method_not_allowed"],
      [await shop.command("x".repeat(262_145)), 413, "body_too_large"],
      [await shop.command(command, { timestampS: nowS - 305 }), 401, "stale_timestamp"],
      [await shop.command(command, { timestampS: nowS + 305 }), 401, "stale_timestamp"],
      [await shop.command(command, { secret: "f".repeat(64) }), 401, "bad_signature"],
      [await shop.command(command, { nonce: "short" }), 401, "bad_signature"],
      [await shop.command(command, { bodySent: JSON.stringify({ commands: [] }) }), 401, "bad_signature"],
      [await shop.command(command, { nonce }), 401, "replayed_nonce"],
      [await shop.command("no JSON at all"), 400, "malformed_body"],
      [await shop.command(Array.from({ length: 101 }, () => DESCRIBE)), 400, "malformed_body"],
    ] as const;
    for (const [answer, status, error] of refusals) {
      expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error });
    }
    expect(await stateOf(order)).not.toBe(3);
  });

  test("the shop describes itself, and names the hooks that somebody took away", async () => {
    const describe = async (): Promise<Readonly<Record<string, unknown>>> =>
      (await shop.command([DESCRIBE])).body.results?.[0]?.data ?? {};
    expect(await describe()).toMatchObject({ shopKey: "main", hooksMissing: [] });
    await shop.rows(
      `DELETE hm FROM {hook_module} hm JOIN {hook} h USING (id_hook) JOIN {module} m USING (id_module)
        WHERE h.name = 'actionObjectOrderAddAfter' AND m.name = 'erpsync'`,
    );
    try {
      expect((await describe())["hooksMissing"]).toEqual(["actionObjectOrderAddAfter"]);
    } finally {
      await shop.module("reset");
    }
    expect((await describe())["hooksMissing"]).toEqual([]);
  });
});

describe("installing", () => {
  test("uninstalling, resetting and installing again keep the evidence and the secret", async () => {
    const order = await placeOne();
    await shop.rows("REPLACE INTO {erpsync_confirmation} VALUES (?, 'netsuite', ?, '77', UTC_TIMESTAMP(6))", [
      order,
      `PS-main-${order}`,
    ]);
    const secret = await shop.setting("ERPSYNC_SECRET");
    const evidence = async (): Promise<readonly number[]> =>
      Promise.all(
        ["outbox", "confirmation", "command", "nonce"].map((table) =>
          shop.count(`SELECT COUNT(*) FROM {erpsync_${table}}`),
        ),
      );
    const before = await evidence();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);

    await shop.module("uninstall");
    expect(await evidence()).toEqual(before);
    const unheard = await placeOne();
    expect(await evidence()).toEqual(before);
    await shop.module("install");
    await shop.module("reset");
    expect(await evidence()).toEqual(before);
    expect(await shop.setting("ERPSYNC_SECRET")).toBe(secret);

    const heard = await placeOne();
    const [outbox = 0] = await evidence();
    expect(outbox).toBe((before[0] ?? 0) + 2);
    expect(heard).toBeGreaterThan(unheard);
  });
});

async function occurredAt(order: number): Promise<string> {
  const [row] = await shop.rows(
    "SELECT DATE_FORMAT(occurred_at, '%Y-%m-%dT%T') AS at FROM {erpsync_outbox} WHERE subject = ? LIMIT 1",
    [`order:${order}`],
  );
  return String(row?.["at"]);
}

function openTransactions(): Promise<number> {
  return shop.count(
    `SELECT COUNT(*) FROM information_schema.innodb_trx t
       JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
      WHERE t.trx_rows_modified > 0 AND p.db = DATABASE()`,
  );
}

async function outcomes(commands: readonly unknown[]): Promise<readonly string[]> {
  const answer = await shop.command(commands);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.results?.map((result) => result.outcome) ?? [];
}

function histories(order: number, state: number): Promise<number> {
  return shop.count("SELECT COUNT(*) FROM {order_history} WHERE id_order = ? AND id_order_state = ?", [
    order,
    state,
  ]);
}

function lastHistory(order: number): Promise<number> {
  return shop.count("SELECT MAX(id_order_history) FROM {order_history} WHERE id_order = ?", [order]);
}
