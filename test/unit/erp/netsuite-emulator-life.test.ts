/** What the emulated account does to orders, deposits and credits, and what it refuses. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetSuiteClient } from "../../support/netsuite-client.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";

const RECORDS = "/services/rest/record/v1";
const SUITEQL = "/services/rest/query/v1/suiteql";
let emulator: NetSuiteEmulator;
let lastKey = 0;
const { send } = createNetSuiteClient(() => emulator);

beforeAll(async () => {
  emulator = await startNetSuiteEmulator();
  return () => emulator.close();
});

type Body = Readonly<Record<string, unknown>>;

const key = (): string => {
  lastKey += 1;
  return `L-${String(lastKey)}`;
};
async function create(type: string, body: Body): Promise<string> {
  const { location, body: refusal } = await send("POST", `${RECORDS}/${type}`, body);
  if (location === "") throw new RangeError(JSON.stringify(refusal));
  return location.split("/").at(-1) ?? "";
}
async function newCustomer(): Promise<string> {
  const entityId = key();
  return create("customer", { entityId, isPerson: true, lastName: "B", subsidiary: { id: "1" } });
}

interface Placed {
  readonly customer: string;
  readonly id: string;
}

async function newOrder(change: Body = {}): Promise<Placed> {
  const customer = await newCustomer();
  const id = await create("salesOrder", {
    externalId: `PS-life-${key().slice(2)}`,
    entity: { id: customer },
    currency: { id: "4" },
    location: { id: "1" },
    orderStatus: "B",
    item: {
      items: [
        { item: { id: "1001" }, quantity: 3, amount: 30 },
        { item: { id: "1002" }, quantity: 1, amount: 5 },
        { item: { id: "900000002" }, quantity: 1, amount: 2 },
        { item: { id: "900000004" }, amount: -1 },
      ],
    },
    ...change,
  });
  return { customer, id };
}

/** Lines of which no other order takes stock. */
const threeOf = (item: string): Body => ({
  item: {
    items: [
      { item: { id: item }, quantity: 3, amount: 30 },
      { item: { id: "900000002" }, quantity: 1, amount: 2 },
    ],
  },
});

const deposit = ({ customer, id }: Placed, change: Body = {}): Body => ({
  externalId: key(),
  customer: { id: customer },
  salesOrder: { id },
  currency: { id: "4" },
  payment: 36,
  account: { id: "101" },
  ...change,
});
const credit = (customer: string, change: Body = {}): Body => ({
  externalId: key(),
  entity: { id: customer },
  currency: { id: "4" },
  location: { id: "1" },
  item: { items: [{ item: { id: "1001" }, quantity: 1, amount: 10 }] },
  ...change,
});
const statusOf = async (id: string): Promise<unknown> =>
  ((await send("GET", `${RECORDS}/salesOrder/${id}`)).body["orderStatus"] as { id: string }).id;
const close = (id: string, lines = [1, 2, 3, 4]): ReturnType<typeof send> =>
  send("PATCH", `${RECORDS}/salesOrder/${id}`, {
    item: { items: lines.map((line) => ({ line, isClosed: true })) },
  });
const parcel = { trackingNumbers: ["1Z"], carrier: "UPS" };
const rows = async (q: string): Promise<readonly Record<string, string>[]> => {
  const { body } = await send("POST", SUITEQL, { q }, { prefer: "transient" });
  return body["items"] as readonly Record<string, string>[];
};

describe("a deposit", () => {
  test.each<[string, Body]>([
    ["of no amount", { payment: 0 }],
    ["of less than nothing", { payment: -5 }],
    ["with more decimals than its currency", { payment: 1.001 }],
    ["in another currency than its order", { currency: { id: "1" } }],
    ["of an order that is not there", { salesOrder: { id: "999" } }],
    ["of nobody", { customer: null }],
    ["that lies nowhere", { account: null }],
    ["that lies in two places", { undepFunds: true }],
    ["on an account that is not there", { account: { id: "5" } }],
    ["by a payment option that is not there", { paymentOption: { id: "99" } }],
    ["with a field that it has not", { otherRefNum: "x" }],
  ])("%s is refused", async (_name, change) => {
    const body = Object.entries(deposit(await newOrder(), change)).filter(([, value]) => value !== null);
    expect(await send("POST", `${RECORDS}/customerDeposit`, Object.fromEntries(body))).toMatchObject({
      status: 400,
    });
  });

  test("of another customer's order is refused", async () => {
    const body = deposit({ ...(await newOrder()), customer: await newCustomer() });
    expect(await send("POST", `${RECORDS}/customerDeposit`, body)).toMatchObject({ path: "salesOrder" });
  });

  test("is kept under its key once, which is another than an order's of the same text", async () => {
    const order = await newOrder({ externalId: "SAME" });
    const body = deposit(order, { externalId: "SAME" });
    await create("customerDeposit", body);
    expect(await send("POST", `${RECORDS}/customerDeposit`, body)).toMatchObject({ code: "USER_ERROR" });
    expect((await send("GET", `${RECORDS}/customerDeposit/eid:SAME`)).body).toMatchObject({ payment: 36 });
  });
});

describe("a credit memo", () => {
  test.each<[string, Body]>([
    ["without a line", { item: { items: [] } }],
    ["with a status of orders", { orderStatus: "B" }],
    ["without a place for what comes back", { location: null }],
    ["with more decimals than its currency", { shippingCost: 0.001 }],
  ])("%s is refused", async (_name, change) => {
    const body = Object.entries(credit(await newCustomer(), change)).filter(([, value]) => value !== null);
    expect(await send("POST", `${RECORDS}/creditMemo`, Object.fromEntries(body))).toMatchObject({
      status: 400,
    });
  });

  test("puts its products back on stock, and one on a charge item does not", async () => {
    emulator.setStock([{ item: "1001", location: "1", onHand: 10 }]);
    const customer = await newCustomer();
    await create("creditMemo", credit(customer));
    expect(emulator.stock("1001")[0]).toMatchObject({ quantityonhand: 11 });
    const charge = { item: { items: [{ item: { id: "900000001" }, quantity: 1, amount: 10 }] } };
    await create("creditMemo", credit(customer, charge));
    expect(emulator.stock("1001")[0]).toMatchObject({ quantityonhand: 11 });
    emulator.clearStock();
  });

  test("has a total below 0 to queries", async () => {
    const body = credit(await newCustomer());
    await create("creditMemo", body);
    const q = `SELECT type, foreigntotal FROM transaction WHERE externalid = '${String(body["externalId"])}'`;
    expect(await rows(q)).toMatchObject([{ type: "CustCred", foreigntotal: "-10" }]);
  });
});

describe("closed books", () => {
  test("take neither deposits nor credits of their days, and orders, which are not in them, they do", async () => {
    const order = await newOrder({ tranDate: "2026-10-31" });
    const paid = await create("customerDeposit", deposit(order, { tranDate: "2026-10-31" }));
    emulator.closeBooks("2026-10-31");
    const late = { tranDate: "2026-10-31" };
    const refusals = [
      await send("POST", `${RECORDS}/customerDeposit`, deposit(order, late)),
      await send("POST", `${RECORDS}/creditMemo`, credit(order.customer, late)),
      await send("PATCH", `${RECORDS}/customerDeposit/${paid}`, { memo: "x" }),
      await send("DELETE", `${RECORDS}/customerDeposit/${paid}`),
    ];
    for (const refusal of refusals) expect(refusal).toMatchObject({ status: 400, code: "USER_ERROR" });
    await create("customerDeposit", deposit(order, { tranDate: "2026-11-01" }));
    await newOrder(late);
    emulator.closeBooks(undefined);
    expect((await send("DELETE", `${RECORDS}/customerDeposit/${paid}`)).status).toBe(204);
  });
});

describe("an order", () => {
  test("goes through its states as it is shipped and billed", async () => {
    const { id } = await newOrder();
    const states = [await statusOf(id)];
    emulator.life.ship(id, { ...parcel, lines: [1] });
    states.push(await statusOf(id));
    emulator.life.bill(id);
    states.push(await statusOf(id));
    emulator.life.ship(id, parcel);
    states.push(await statusOf(id));
    emulator.life.bill(id);
    states.push(await statusOf(id));
    expect(states).toEqual(["B", "D", "E", "F", "G"]);
  });

  test("that was picked only has not been shipped", async () => {
    const { id } = await newOrder();
    emulator.life.ship(id, { ...parcel, isWaiting: true });
    expect(await statusOf(id)).toBe("B");
  });

  test("takes its pieces off the stock when it is shipped, and commits them no longer", async () => {
    emulator.setStock([{ item: "1101", location: "1", onHand: 10 }]);
    const { id } = await newOrder(threeOf("1101"));
    expect(emulator.stock("1101")[0]).toMatchObject({ quantityonhand: 10, quantityavailable: 7 });
    emulator.life.ship(id, parcel);
    expect(emulator.stock("1101")[0]).toMatchObject({ quantityonhand: 7, quantityavailable: 7 });
    emulator.clearStock();
  });

  test("that is closed line by line is closed, gives its pieces free, and opens with other lines", async () => {
    emulator.setStock([{ item: "1102", location: "1", onHand: 10 }]);
    const { id } = await newOrder(threeOf("1102"));
    await close(id, [1]);
    expect(await statusOf(id)).toBe("B");
    await close(id, [2]);
    expect([await statusOf(id), emulator.stock("1102")[0]?.quantityavailable]).toEqual(["H", 10]);
    const lines = [{ item: { id: "1102" }, quantity: 2, amount: 20 }];
    await send("PATCH", `${RECORDS}/salesOrder/${id}?replace=item`, { item: { items: lines } });
    expect([await statusOf(id), emulator.stock("1102")[0]?.quantityavailable]).toEqual(["B", 8]);
    emulator.clearStock();
  });

  test("pending approval is cancelled and not closed, and changes nothing but back to that", async () => {
    const { id } = await newOrder({ orderStatus: "A" });
    const at = `${RECORDS}/salesOrder/${id}`;
    expect(await close(id)).toMatchObject({ code: "USER_ERROR" });
    expect((await send("PATCH", at, { orderStatus: "C" })).status).toBe(204);
    expect(await statusOf(id)).toBe("C");
    expect(await send("PATCH", at, { memo: "x" })).toMatchObject({ code: "USER_ERROR" });
    expect(await send("PATCH", at, { orderStatus: "B" })).toMatchObject({ code: "USER_ERROR" });
    expect((await send("PATCH", at, { orderStatus: "A", memo: "x" })).status).toBe(204);
    expect(await statusOf(id)).toBe("A");
  });

  test("that was approved is not cancelled, and none is made cancelled", async () => {
    const { id } = await newOrder();
    const at = `${RECORDS}/salesOrder/${id}`;
    expect(await send("PATCH", at, { orderStatus: "C" })).toMatchObject({ code: "USER_ERROR" });
    expect(await send("PATCH", at, { orderStatus: "H" })).toMatchObject({ code: "INVALID_CONTENT" });
    await expect(newOrder({ orderStatus: "C" })).rejects.toThrow("cancelled");
  });

  test("of which something has left is neither closed, nor given other lines, nor deleted", async () => {
    const { id } = await newOrder();
    emulator.life.ship(id, { ...parcel, lines: [1] });
    const at = `${RECORDS}/salesOrder/${id}`;
    const lines = [{ item: { id: "1001" }, quantity: 2, amount: 20 }];
    const refusals = [
      await close(id),
      await send("PATCH", `${at}?replace=item`, { item: { items: lines } }),
      await send("DELETE", at),
    ];
    for (const refusal of refusals) expect(refusal).toMatchObject({ status: 400, code: "USER_ERROR" });
    expect((await close(id, [2])).status).toBe(204);
  });

  test("that has a deposit is not deleted until the deposit is", async () => {
    const order = await newOrder();
    const paid = await create("customerDeposit", deposit(order));
    const at = `${RECORDS}/salesOrder/${order.id}`;
    expect(await send("DELETE", at)).toMatchObject({ status: 400, code: "USER_ERROR" });
    await send("DELETE", `${RECORDS}/customerDeposit/${paid}`);
    expect((await send("DELETE", at)).status).toBe(204);
    expect(await send("DELETE", at)).toMatchObject({ status: 404, code: "NONEXISTENT_ID" });
  });

  test.each<[string, Body]>([
    ["that is not there", { line: 9, isClosed: true }],
    ["with a figure that is NetSuite's own", { line: 1, quantityFulfilled: 1 }],
  ])("takes no line %s", async (_name, line) => {
    const { id } = await newOrder();
    const sent = { item: { items: [line] } };
    expect(await send("PATCH", `${RECORDS}/salesOrder/${id}`, sent)).toMatchObject({ status: 400 });
  });
});

describe("queries over several tables", () => {
  test("find the documents of an order and its tracking numbers by the links of its lines", async () => {
    const { id } = await newOrder();
    const shipment = emulator.life.ship(id, { trackingNumbers: ["A", "B"], carrier: "UPS" });
    const number = emulator.life.bill(id);
    const documents = await rows(
      "SELECT made.tranid AS tranid, made.type AS type, made.status AS status FROM transaction made " +
        `JOIN previoustransactionlinelink link ON made.id = link.nextdoc WHERE link.previousdoc = ${id} ` +
        "GROUP BY made.tranid, made.type, made.status ORDER BY made.type",
    );
    expect(documents).toMatchObject([
      { tranid: number, type: "CustInvc", status: "A" },
      { tranid: `IF${shipment}`, type: "ItemShip", status: "C" },
    ]);
    const numbers = await rows(
      "SELECT num.trackingnumber AS number FROM trackingnumbermap map INNER JOIN trackingnumber num " +
        `ON num.id = map.trackingnumber WHERE map.transaction = ${shipment} ORDER BY num.id`,
    );
    expect(numbers).toMatchObject([{ number: "A" }, { number: "B" }]);
  });

  test("an order is as old as its last saving, whatever was made of it", async () => {
    const { id } = await newOrder();
    emulator.life.touch([id], Date.UTC(2026, 0, 2, 3, 4, 5));
    emulator.life.ship(id, parcel);
    const q = `SELECT TO_CHAR(lastmodifieddate, 'YYYYMMDDHH24MISS') AS at FROM transaction WHERE id = ${id}`;
    expect(await rows(q)).toMatchObject([{ at: "20260101190405" }]);
  });

  test.each([
    "SELECT id FROM transaction a JOIN transaction b ON b.id = a.id",
    "SELECT a.id FROM transaction a JOIN transaction b ON b.nothing = a.id",
    "SELECT a.id FROM transaction a JOIN nowhere b ON b.id = a.id",
    "SELECT a.id FROM transaction a JOIN transaction b ON b.id > a.id",
    "SELECT c.id FROM transaction a JOIN transaction b ON b.id = a.id",
    "SELECT a.id FROM transaction a LEFT JOIN transaction b ON b.id = a.id",
  ])("%s is refused", async (q) => {
    expect(await send("POST", SUITEQL, { q }, { prefer: "transient" })).toMatchObject({
      status: 400,
      code: "INVALID_PARAMETER",
    });
  });
});
