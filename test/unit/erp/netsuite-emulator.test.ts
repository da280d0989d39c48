/** What the emulator refuses, it refuses because the facts say so; a rule that is not tried here is a rule on paper. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createNetSuiteClient } from "../../support/netsuite-client.ts";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { spawnNetSuiteEmulator } from "../../support/netsuite-emulator-process.ts";

const RECORDS = "/services/rest/record/v1";
const SUITEQL = "/services/rest/query/v1/suiteql";
let emulator: NetSuiteEmulator;

beforeAll(async () => {
  emulator = await startNetSuiteEmulator();
  return () => emulator.close();
});
beforeEach(() => {
  emulator.faults.clear();
});

const { send, signed } = createNetSuiteClient(() => emulator);

let lastKey = 0;
const key = (): string => {
  lastKey += 1;
  return `K-${String(lastKey)}`;
};
async function newCustomer(): Promise<string> {
  const externalId = key();
  const body = { externalId, entityId: externalId, isPerson: true, lastName: "B", subsidiary: { id: "1" } };
  const { location } = await send("POST", `${RECORDS}/customer`, body);
  return location.split("/").at(-1) ?? "";
}
const lineOf = (id: string): object => ({ item: { id }, quantity: 1, amount: 1.5 });
async function order(change: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  return {
    externalId: key(),
    entity: { id: await newCustomer() },
    subsidiary: { id: "1" },
    currency: { id: "4" },
    item: { items: [lineOf("1001"), lineOf("1002")] },
    ...change,
  };
}
const linesOf = async (externalId: string): Promise<number> => {
  const { body } = await send("GET", `${RECORDS}/salesOrder/eid:${externalId}?expandSubResources=true`);
  return (body["item"] as { items: unknown[] }).items.length;
};

test("a created record is answered by 204 and its address, and stands under id and external id", async () => {
  const body = await order();
  const created = await send("POST", `${RECORDS}/salesOrder`, body);
  expect(created).toMatchObject({ status: 204, body: {} });
  const id = created.location.split("/").at(-1);
  const byKey = await send("GET", `${RECORDS}/salesOrder/eid:${String(body["externalId"])}`);
  expect(byKey.body).toMatchObject({ id, externalId: body["externalId"] });
  expect(byKey.body["item"]).toHaveProperty("links");
  expect((await send("GET", `${RECORDS}/salesOrder/${String(id)}`)).body).toMatchObject({ id });
});

test("a used external id is 400 USER_ERROR, for both types, and 404 NONEXISTENT_ID is an unused one", async () => {
  const body = await order();
  await send("POST", `${RECORDS}/salesOrder`, body);
  expect(await send("POST", `${RECORDS}/salesOrder`, body)).toMatchObject({
    status: 400,
    code: "USER_ERROR",
  });
  expect(await send("GET", `${RECORDS}/customer/eid:nobody`)).toMatchObject({
    status: 404,
    code: "NONEXISTENT_ID",
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["an unknown field", { shippingAdress: {} }, "shippingAdress"],
  ["an unknown field of a line", { item: { items: [{ ...lineOf("1001"), sku: "x" }] } }, "item.items[0].sku"],
  ["an unknown item", { item: { items: [lineOf("1001"), lineOf("9999")] } }, "item.items[1].item"],
  ["a quantity of zero", { item: { items: [{ ...lineOf("1001"), quantity: 0 }] } }, "item.items[0].quantity"],
  ["no line at all", { item: { items: [] } }, "item"],
  ["an unknown customer", { entity: { id: "1" } }, "entity"],
  ["an unknown currency", { currency: { id: "99" } }, "currency"],
  ["an unknown subsidiary", { subsidiary: { id: "9" } }, "subsidiary"],
  ["another subsidiary than the customer's", { subsidiary: { id: "2" } }, "subsidiary"],
  ["a country by its name", { shippingAddress: { country: { id: "France" } } }, "shippingAddress.country"],
  ["a sign that external ids do not have", { externalId: "PS#1" }, "externalId"],
  ["cents of a currency without any", { currency: { id: "5" } }, "item.items[0].amount"],
  ["a day that does not exist", { tranDate: "2026-13-01" }, "tranDate"],
])("an order with %s is INVALID_CONTENT at its path", async (_name, change, path) => {
  const refused = await send("POST", `${RECORDS}/salesOrder`, await order(change));
  expect(refused).toMatchObject({ status: 400, code: "INVALID_CONTENT", path });
});

test("PATCH adds lines unless the sublist is replaced, and PUT by external id adds them too", async () => {
  const body = await order();
  const at = `${RECORDS}/salesOrder/eid:${String(body["externalId"])}`;
  await send("POST", `${RECORDS}/salesOrder`, body);
  await send("PATCH", at, { item: { items: [lineOf("1003")] } });
  expect(await linesOf(String(body["externalId"]))).toBe(3);
  await send("PATCH", `${at}?replace=item`, { item: { items: [lineOf("1003")] } });
  expect(await linesOf(String(body["externalId"]))).toBe(1);
  const { externalId, ...rest } = body;
  await send("PUT", at, rest);
  await send("PUT", at, rest);
  expect(await linesOf(String(externalId))).toBe(5);
});

test("PUT by an unused external id creates, and DELETE makes the key free again", async () => {
  const { externalId, ...rest } = await order();
  const at = `${RECORDS}/salesOrder/eid:${String(externalId)}`;
  expect((await send("PUT", at, rest)).status).toBe(204);
  expect((await send("DELETE", at)).status).toBe(204);
  expect((await send("GET", at)).code).toBe("NONEXISTENT_ID");
  expect((await send("PUT", at, rest)).status).toBe(204);
});

test("a signature counts once, only for its request, and only for five minutes", async () => {
  const url = `${emulator.url}${RECORDS}/customer/eid:nobody`;
  const get = (authorization: string): Promise<number> =>
    fetch(url, { headers: { authorization } }).then((answer) => answer.status);
  const header = signed("GET", url);
  expect(await get(header)).toBe(404);
  expect(await get(header)).toBe(401);
  expect(await get(signed("POST", url))).toBe(401);
  expect(await get(signed("GET", `${url}?limit=1`))).toBe(401);
  expect(await get(signed("GET", url, { timestampSeconds: Math.floor(Date.now() / 1_000) - 301 }))).toBe(401);
  expect(await get("")).toBe(401);
  expect(await get("Bearer nothing")).toBe(401);
});

test("SuiteQL needs Prefer: transient, and pages by limit and offset", async () => {
  const ids = [await newCustomer(), await newCustomer(), await newCustomer()];
  const q = `SELECT id, externalid FROM customer WHERE id >= ${String(ids[0])} ORDER BY id`;
  expect(await send("POST", SUITEQL, { q })).toMatchObject({ status: 400, code: "INVALID_REQUEST" });
  const page = await send("POST", `${SUITEQL}?limit=2&offset=2`, { q }, { prefer: "transient" });
  expect(page.body).toMatchObject({ count: 1, hasMore: false, totalResults: 3 });
  expect((page.body["items"] as { id: string }[]).map(({ id }) => id)).toEqual(ids.slice(2));
  const named = await send(
    "POST",
    SUITEQL,
    {
      q: "SELECT id FROM transaction WHERE externalid IN (?, ?) AND type = 'SalesOrd'",
      params: ["no", "none"],
    },
    { prefer: "transient" },
  );
  expect(named.body).toMatchObject({ count: 0, items: [] });
});

test("the eleventh call at once is 429 CONCURRENCY_LIMIT_EXCEEDED, and the log shows how many were open", async () => {
  emulator.resetLog();
  // Longer than a machine at its limit takes to send twelve requests.
  emulator.faults.add({ kind: "slow", delayMs: 1_000 });
  const all = await Promise.all(
    Array.from({ length: 12 }, () => send("GET", `${RECORDS}/customer/eid:nobody`)),
  );
  expect(all.filter(({ code }) => code === "CONCURRENCY_LIMIT_EXCEEDED")).toHaveLength(2);
  expect(emulator.maxInFlight()).toBeGreaterThan(10);
  expect(emulator.inFlight()).toBe(0);
});

test("a fault meets only what it names, and only so often", async () => {
  const poor = await order({ item: { items: [lineOf("1500")] } });
  emulator.faults.add({ kind: "reject", match: { itemId: "1500" }, times: 1 });
  emulator.faults.add({ kind: "server-error", match: { externalId: "always" } });
  expect(await send("POST", `${RECORDS}/salesOrder`, poor)).toMatchObject({
    status: 400,
    code: "USER_ERROR",
  });
  expect((await send("POST", `${RECORDS}/salesOrder`, poor)).status).toBe(204);
  for (let time = 0; time < 3; time += 1) {
    expect((await send("GET", `${RECORDS}/salesOrder/eid:always`)).status).toBe(500);
  }
});

test("an ERP that enforces nothing shows its duplicates", async () => {
  await using lax = await startNetSuiteEmulator({ uniqueExternalIds: false });
  const strict = emulator;
  emulator = lax;
  const body = await order({ memo: "[erpsync:once]" });
  await send("POST", `${RECORDS}/salesOrder`, body);
  expect(lax.duplicates()).toEqual([]);
  await send("POST", `${RECORDS}/salesOrder`, body);
  expect(lax.duplicates()).toHaveLength(2);
  emulator = strict;
});

test("as a process of its own it is driven by its control endpoint, also while it is down", async () => {
  await using remote = await spawnNetSuiteEmulator(["--auth", "tba"]);
  expect(remote.emulatorSettings.auth.kind).toBe("tba");
  const status = (): Promise<number> => fetch(remote.url).then((answer) => answer.status);
  expect(await status()).toBe(401);
  await remote.down();
  await expect(status()).rejects.toThrow();
  expect(await remote.state()).toMatchObject({ calls: 1, orders: 0 });
  await remote.up();
  expect(await status()).toBe(401);
  expect(await remote.calls(1)).toHaveLength(1);
  const id = await remote.addFault({ kind: "html" });
  await remote.removeFault(id);
  await remote.clearFaults();
  expect(await remote.orders()).toEqual([]);
});

afterAll(() => {
  expect(emulator.inFlight()).toBe(0);
});
