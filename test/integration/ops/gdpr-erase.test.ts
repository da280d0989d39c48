import type { KyselyPlugin } from "kysely";
import { expect, test } from "vitest";
import { type EraseDeps, eraseCustomer, type Receipt } from "../../../sidecar/ops/gdpr-erase.ts";
import { erasedBody, personOfBody } from "../../../sidecar/orders/decide-erased-body.ts";
import { type Database, openDatabase } from "../../../sidecar/platform/database.ts";
import { systemClock, systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { keyOf } from "../../fault/agreement.ts";
import { openWorld } from "../../fault/rig.ts";
import { runCommand } from "../../support/command.ts";
import { oneServer } from "../../support/each-server.ts";
import { SidecarInside } from "../../support/in-process.ts";
import type { NetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { findInTables } from "../../support/personal-data.ts";
import { eraseByPsgdpr, installPsgdpr } from "../../support/psgdpr.ts";
import { Installation } from "../../support/sidecar.ts";
import { SupportError } from "../../support/support-error.ts";
import { until } from "../../support/until.ts";
import type { World } from "../../support/world.ts";

const CREATE = { method: "POST", path: "/salesOrder" } as const;

/** Names that stand in nobody else's data. */
const FIRST = "Hyacintha";
const LAST = "Brzeczyszczykiewicz";
const EMAIL = "hb.17@chrzaszczyzewo.example";
const ADDRESS = {
  firstname: FIRST,
  lastname: LAST,
  company: "Wihajster & Ska",
  address1: "17 Gzegzolka lane",
  address2: "Zazolc wing",
  postcode: "98765",
  city: "Lekolody",
  phone: "+48 601 234 567",
  vat_number: "PL5260001246",
};
const WORDS = [
  FIRST,
  LAST,
  EMAIL,
  "Wihajster",
  "Gzegzolka",
  "Zazolc",
  "Lekolody",
  "601 234 567",
  "PL5260001246",
];
const DOER = { actor: "dpo@test", reason: "asked by letter" };

async function makePerson(world: World): Promise<number> {
  const { addressId, customerId } = await world
    .shop()
    .createCustomer({ firstname: FIRST, lastname: LAST, email: EMAIL, company: ADDRESS.company });
  await world.pool.query(`UPDATE ${world.table("address")} SET ? WHERE id_address = ?`, [ADDRESS, addressId]);
  return customerId;
}

async function place(world: World, customerId: number): Promise<number> {
  return (await world.shop().placeOrder({ customerId, lines: [{ productId: 1, quantity: 1 }] })).orderId;
}

async function editQuantity(world: World, orderId: number, quantity: number): Promise<void> {
  const [line] = await world.rows<{ id: number }>(
    `SELECT id_order_detail AS id FROM ${world.table("order_detail")} WHERE id_order = ? LIMIT 1`,
    [orderId],
  );
  await world.shop().editLine({ orderId, orderDetailId: Number(line?.id), quantity });
}

function eraser(
  world: World,
  change: Partial<EraseDeps> & { readonly plugin?: KyselyPlugin } = {},
): EraseDeps {
  const { plugin, ...deps } = change;
  const pool = poolOf(world);
  const db = plugin === undefined ? pool : pool.withPlugin(plugin);
  const bodies = { erased: erasedBody, person: personOfBody };
  return { db, bodies, clock: systemClock, sleep: systemSleep, patienceMs: 20_000, ...deps };
}

const pools = new WeakMap<World, Database>();

/** A pool that ends with the world. */
function poolOf(world: World): Database {
  const known = pools.get(world);
  if (known !== undefined) return known;
  const pool = openDatabase({ ...world.settings, connections: 2 });
  world.onDispose(() => pool.destroy());
  pools.set(world, pool);
  return pool;
}

const nothing = { operations: 0, attempts: 0, jobs: 0, events: 0, outbox: 0, actions: 0 };

/** The record without its contents: what stays as evidence. */
async function evidence(world: World): Promise<unknown> {
  return [
    await world.rows(
      `SELECT op_key, kind, external_id, state, body_hash, content_hash, erp_ref, ambiguous_at, sent_at, acknowledged_at
       FROM ${world.table("erpsync_operation")} ORDER BY op_key`,
    ),
    await world.rows(
      `SELECT id, subject, op_key, purpose, outcome, path, status, request_hash, answer_hash, ended_at
       FROM ${world.table("erpsync_attempt")} ORDER BY id`,
    ),
    await world.rows(
      `SELECT subject, state, reason_code FROM ${world.table("erpsync_job")} ORDER BY subject`,
    ),
    await world.rows(`SELECT * FROM ${world.table("erpsync_sync_log")} ORDER BY id`),
    await world.rows(`SELECT * FROM ${world.table("erpsync_mapping")} ORDER BY kind, shop_key`),
  ];
}

const calls = (erp: NetSuiteEmulator, method: string) =>
  erp.calls().filter((call) => call.method === method && /salesOrder|customer/.test(call.path));

/** All that the sidecar can come to keep of a person: exported, amended, refused and unanswered orders, and notes. */
async function leaveTraces(world: World, erp: NetSuiteEmulator, sidecar: SidecarInside): Promise<Traces> {
  const customerId = await makePerson(world);
  const exported = await place(world, customerId);
  const amended = await place(world, customerId);
  await sidecar.workOff();
  await editQuantity(world, amended, 3);
  await sidecar.workOff();
  const refusal = erp.faults.add({
    kind: "reject",
    match: CREATE,
    detail: `Credit hold for ${FIRST} ${LAST}`,
  });
  const refused = await place(world, customerId);
  await sidecar.workOff();
  erp.faults.remove(refusal);
  erp.faults.add({ kind: "cut-after-commit", match: CREATE, times: 1 });
  const unanswered = await place(world, customerId);
  await sidecar.workOff();
  const subject = `order:${String(exported)}`;
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_action")} (at, actor, action, subject, reason) VALUES
       (UTC_TIMESTAMP(6), 'ada', 'dlq.resubmit', ?, ?), (UTC_TIMESTAMP(6), 'ada', 'dlq.resubmit', 'order:999999', ?)`,
    [subject, `${LAST} rang from 601 234 567`, `the same as ${FIRST} ${LAST} had`],
  );
  await world.pool.query(
    `UPDATE ${world.table("erpsync_event")} SET payload = ? WHERE subject = ? LIMIT 1;
     INSERT INTO ${world.table("erpsync_outbox")} (event_id, type, version, subject, id_shop, occurred_at, traceparent, payload)
     VALUES (UUID(), 'order.changed', 9, ?, 1, UTC_TIMESTAMP(6), '', ?)`,
    [JSON.stringify({ email: EMAIL }), subject, subject, JSON.stringify({ email: EMAIL })],
  );
  return { customerId, exported, amended, refused, unanswered };
}

interface Traces {
  readonly customerId: number;
  readonly exported: number;
  readonly amended: number;
  readonly refused: number;
  readonly unanswered: number;
}

oneServer("an erasure", (server) => {
  test("leaves nothing that tells of the customer in any table, keeps the evidence, and says so on its receipt", {
    timeout: 60_000,
  }, async () => {
    const { world, erp } = await openWorld({ server });
    await using _world = world;
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await using sidecar = new SidecarInside(world, erp);
    const other = await world.shop().createCustomer({ email: EMAIL, lastname: "Namesake" });
    await place(world, other.customerId);
    const traces = await leaveTraces(world, erp, sidecar);
    await sidecar.stop();
    const seen = (await findInTables(world, WORDS)).map((place) => place.split(":")[0]);
    for (const column of [
      ...[
        "erpsync_operation.body",
        "erpsync_attempt.request",
        "erpsync_attempt.answer",
        "erpsync_attempt.message",
      ],
      ...["erpsync_job.reason", "erpsync_event.payload", "erpsync_outbox.payload", "erpsync_action.reason"],
    ]) {
      expect(seen, column).toContain(column);
    }
    const before = await evidence(world);
    // The other account has the same e-mail; what is kept of it stays.
    const words = WORDS.filter((word) => word !== EMAIL);

    const { code, err, out } = await runCommand(
      installation,
      ...["gdpr", "erase", String(traces.customerId), "--json"],
      ...["--actor", "dpo@test", "--reason", `${FIRST} ${LAST.toUpperCase()} (${EMAIL}) asked by letter`],
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const receipt = JSON.parse(out) as Receipt & { readonly stays: string[]; readonly notOurs: string[] };

    expect(await findInTables(world, words)).toEqual([]);
    expect(out.includes(LAST) || out.includes(EMAIL)).toBe(false);
    const left = await findInTables(world, [EMAIL, "Namesake"]);
    expect(left).toContain("erpsync_operation.body: Namesake");
    expect(left).toContain(`erpsync_operation.body: ${EMAIL}`);
    expect(await evidence(world)).toEqual(before);
    const { amended, customerId, exported, refused, unanswered } = traces;
    const orders = [exported, amended, refused, unanswered].map((id) => `order:${String(id)}`);
    expect(receipt).toMatchObject({
      customer: customerId,
      actor: "dpo@test",
      reason: "[erased] ([erased]) asked by letter",
      subjects: [`customer:${String(customerId)}`, ...orders].sort(),
      erased: { operations: 6, jobs: 2, outbox: 1, actions: 2 },
      busy: [],
      notInErp: [refused, unanswered],
      sameEmail: [other.customerId],
    });
    expect(receipt.erased.attempts).toBeGreaterThanOrEqual(6);
    expect(receipt.erased.events).toBeGreaterThanOrEqual(1);
    expect(receipt.stays.join()).toMatch(/[Hh]ashes/);
    expect(receipt.notOurs.join()).toMatch(/psgdpr.*ERP.*backups/s);
    const actions = await world.rows(
      `SELECT actor, action, reason FROM ${world.table("erpsync_action")} WHERE action LIKE 'gdpr.%' ORDER BY id`,
    );
    expect(actions).toMatchObject([
      { actor: "dpo@test", action: "gdpr.erase", reason: receipt.reason },
      { actor: "dpo@test", action: "gdpr.receipt" },
    ]);
    expect(JSON.parse(String(actions[1]?.["reason"]))).toEqual({ erased: receipt.erased, busy: 0 });

    const spoken = await runCommand(installation, "gdpr", "erase", String(customerId), "--reason", "again");
    expect(spoken.code).toBe(0);
    expect(spoken.out).toContain(`personal data of customer ${String(customerId)}`);
    expect(spoken.out).toContain("bodies of 0 operations, requests and answers of 0 attempts");
    expect(await evidence(world)).toEqual(before);
  });

  test("is followed by no edit of the customer or his orders, and what was under way still ends in the ERP once", {
    timeout: 60_000,
  }, async () => {
    const { world, erp } = await openWorld({ server });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const { amended, customerId, exported, refused, unanswered } = await leaveTraces(world, erp, sidecar);
    await eraseCustomer(eraser(world), customerId, DOER);
    const patches = calls(erp, "PATCH").length;

    await world.shop().editCustomer(customerId, { lastname: "Renamed" });
    await world.shop().editAddress({ orderId: exported, fields: { address1: "Another lane" } });
    await world.shop().changeStatus({ orderId: amended, stateId: 2 });
    await world.pool.query(`UPDATE ${world.table("erpsync_job")} SET state = 'ready' WHERE subject = ?`, [
      `order:${String(refused)}`,
    ]);
    await sidecar.workOff();
    await sidecar.advance(6_000);
    // A job whose retry is due is readied by one round and claimed by a later one.
    const open = `SELECT 1 FROM ${world.table("erpsync_job")} WHERE state IN ('ready', 'working', 'retrying') LIMIT 1`;
    await until(
      async () => {
        await sidecar.workOff();
        return (await world.rows(open)).length === 0;
      },
      { what: "all jobs to be worked" },
    );
    expect(calls(erp, "PATCH").length).toBe(patches);
    expect(erp.duplicates()).toEqual([]);
    for (const orderId of [exported, amended, refused, unanswered]) {
      expect(erp.orders().filter((order) => order.externalId === keyOf(orderId))).toHaveLength(1);
    }
    const states = await world.rows(
      `SELECT DISTINCT state FROM ${world.table("erpsync_job")} WHERE subject LIKE 'order:%'`,
    );
    expect(states).toEqual([{ state: "done" }]);
    // The look-up's answer and the order that was sent only now are kept anew, and go with another run.
    expect(await findInTables(world, WORDS)).not.toEqual([]);
    await eraseCustomer(eraser(world), customerId, DOER);
    expect(await findInTables(world, WORDS)).toEqual([]);

    await editQuantity(world, exported, 7);
    await sidecar.workOff();
    expect(calls(erp, "PATCH").length).toBe(patches);
    expect(await findInTables(world, WORDS)).toEqual([]);
    const [job] = await world.rows(
      `SELECT state, reason_code FROM ${world.table("erpsync_job")} WHERE subject = ?`,
      [`order:${String(exported)}`],
    );
    expect(job).toEqual({ state: "parked", reason_code: "E_ORDER_ANONYMISED" });
  });

  test("finds the orders that the shop gave to its anonymous customer before", async () => {
    const { world, erp } = await openWorld({ server });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const anonymous = await installPsgdpr(world);
    const customerId = await makePerson(world);
    const orders = [await place(world, customerId), await place(world, customerId)];
    await sidecar.workOff();
    await eraseByPsgdpr(world, customerId, { givesAway: anonymous });
    await sidecar.workOff();
    const receipt = await eraseCustomer(eraser(world), customerId, DOER);
    expect(receipt.subjects).toEqual(
      [`customer:${String(customerId)}`, ...orders.map((id) => `order:${String(id)}`)].sort(),
    );
    expect(receipt.notInErp).toEqual([]);
    expect(await findInTables(world, WORDS)).toEqual([]);
    await world.shop().changeStatus({ orderId: orders[0] ?? 0, stateId: 2 });
    await sidecar.workOff();
    expect(calls(erp, "PATCH")).toEqual([]);
    expect(calls(erp, "POST")).toHaveLength(3);
  });

  test("waits for a worker that is at it, and says so where it waited in vain", async () => {
    const { world, erp } = await openWorld({ server });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    const customerId = await makePerson(world);
    const first = await place(world, customerId);
    await sidecar.workOff();
    erp.faults.add({ kind: "slow", delayMs: 600, match: CREATE, times: 1 });
    const second = await place(world, customerId);
    await sidecar.ingest();
    sidecar.ring();
    await erp.until(() => calls(erp, "POST").length === 3);

    const hasty = await eraseCustomer(eraser(world, { patienceMs: 0 }), customerId, DOER);
    expect(hasty.busy).toEqual([`order:${String(second)}`]);
    expect(hasty.subjects).toContain(`order:${String(first)}`);
    expect(await findInTables(world, [LAST])).not.toEqual([]);
    const patient = await eraseCustomer(eraser(world), customerId, DOER);
    expect(patient.busy).toEqual([]);
    expect(await findInTables(world, WORDS)).toEqual([]);
    await sidecar.workOff();
    expect(await findInTables(world, WORDS)).toEqual([]);
    expect(calls(erp, "POST")).toHaveLength(3);
  });
});

/** A process that dies instead of its n-th statement. */
class Life implements KyselyPlugin {
  isDead = false;
  #steps = 0;
  readonly #dieAtStep: number;

  constructor(dieAtStep: number) {
    this.#dieAtStep = dieAtStep;
  }

  readonly transformQuery: KyselyPlugin["transformQuery"] = ({ node }) => {
    this.#steps += 1;
    if (this.#steps >= this.#dieAtStep) this.isDead = true;
    if (this.isDead) throw new SupportError("The simulated process is dead.");
    return node;
  };

  readonly transformResult: KyselyPlugin["transformResult"] = ({ result }) => Promise.resolve(result);
}

/** Far more than an erasure's statements; the sweep ends at the first run that survives. */
const STEPS_MAX = 120;

oneServer("an erasure that dies between any two statements", (server) => {
  test("does no harm to what is at work, and another run ends it", { timeout: 240_000 }, async () => {
    const { world, erp } = await openWorld({ server });
    await using _world = world;
    await using sidecar = new SidecarInside(world, erp);
    // The shop has given his orders away, so nothing but our own record tells whose they are.
    const anonymous = await installPsgdpr(world);
    let rounds = 0;
    let hasSurvived = false;
    for (; !hasSurvived && rounds < STEPS_MAX; ) {
      rounds += 1;
      const customerId = await makePerson(world);
      const orders = [await place(world, customerId), await place(world, customerId)];
      await sidecar.workOff();
      await eraseByPsgdpr(world, customerId, { givesAway: anonymous });
      await sidecar.workOff();
      const subject = `order:${String(orders[0])}`;
      await world.pool.query(
        `INSERT INTO ${world.table("erpsync_action")} (at, actor, action, subject, reason)
         VALUES (UTC_TIMESTAMP(6), 'ada', 'dlq.resubmit', ?, ?)`,
        [subject, LAST],
      );
      const writes = erp.calls().filter(({ method }) => method !== "GET").length;

      const life = new Life(rounds);
      const doomed = eraser(world, { plugin: life });
      await eraseCustomer(doomed, customerId, DOER).catch((thrown: unknown) => {
        if (!life.isDead) throw thrown;
      });
      hasSurvived = !life.isDead;
      // The sidecar looks at all of it in between, at what is erased and at what is not.
      for (const orderId of orders) await world.shop().changeStatus({ orderId, stateId: 2 });
      await sidecar.workOff();
      expect(erp.calls().filter(({ method }) => method !== "GET")).toHaveLength(writes);

      const ended = await eraseCustomer(eraser(world), customerId, DOER);
      expect(await findInTables(world, WORDS), `died at statement ${rounds}`).toEqual([]);
      expect((await eraseCustomer(eraser(world), customerId, DOER)).erased).toEqual(nothing);
      // A run that survived has left nothing; his orders are not even known to be his any more.
      if (hasSurvived) expect(ended.erased).toEqual(nothing);
    }
    expect(hasSurvived).toBe(true);
    expect(rounds).toBeGreaterThan(20);
    const open = await until(
      async () =>
        await world.rows(`SELECT subject FROM ${world.table("erpsync_job")} WHERE state NOT IN ('done')`),
      { what: "the jobs" },
    );
    expect(open).toEqual([]);
  });
});
