/** The emulated query service and stock: what they refuse, and what orders do to the stock. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type NetSuiteEmulator, startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { spawnNetSuiteEmulator } from "../../support/netsuite-emulator-process.ts";
import { seededUnits } from "../../support/netsuite-emulator-stock.ts";

const RECORDS = "/services/rest/record/v1";
const NOW_MS = Date.UTC(2026, 10, 21, 18, 30, 15);
let emulator: NetSuiteEmulator;
let token: string;
let lastKey = 0;

beforeAll(async () => {
  emulator = await startNetSuiteEmulator({ nowMs: () => NOW_MS, stockPrecision: "second" });
  token = await login(emulator);
  return () => emulator.close();
});
beforeEach(() => {
  emulator.clearStock();
  emulator.viewStock("all");
});

/** A bearer token, got as a client gets one. */
async function login(at: NetSuiteEmulator): Promise<string> {
  const { importPKCS8, SignJWT } = await import("jose");
  const { auth } = at.settings("oauth2-es256");
  if (auth.kind !== "oauth2") throw new RangeError("not OAuth 2.0");
  const url = `${at.url}/services/rest/auth/oauth2/v1/token`;
  const assertion = await new SignJWT({ scope: ["rest_webservices"] })
    .setProtectedHeader({ typ: "JWT", alg: auth.algorithm, kid: auth.certificateId })
    .setIssuer(auth.clientId)
    .setAudience(url)
    .setIssuedAt(NOW_MS / 1_000)
    .setExpirationTime(NOW_MS / 1_000 + 300)
    .sign(await importPKCS8(auth.privateKey, auth.algorithm));
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
  const answer = await fetch(url, { method: "POST", body: form });
  return ((await answer.json()) as { access_token: string }).access_token;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly body: Record<string, unknown>;
}

async function send(method: string, path: string, body?: unknown, prefer = "transient"): Promise<Answer> {
  const answer = await fetch(emulator.url + path, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${token}`, prefer },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    location: answer.headers.get("location") ?? "",
    body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

const query = (q: string, parameters = ""): Promise<Answer> =>
  send("POST", `/services/rest/query/v1/suiteql${parameters}`, { q });
async function rows(q: string): Promise<readonly Record<string, string>[]> {
  const { body } = await query(q);
  return (body["items"] as Record<string, string>[]).map(({ links, ...row }) => row);
}
async function refusal(answer: Promise<Answer>): Promise<unknown> {
  const { status, body } = await answer;
  const [detail] = (body["o:errorDetails"] ?? []) as Record<string, string>[];
  return [status, detail?.["o:errorCode"], detail?.["o:errorQueryParam"]];
}

describe("a query is refused as NetSuite refuses it", () => {
  test.each([
    ["an unknown table", "SELECT item FROM stock"],
    ["an unknown column", "SELECT item, onhand FROM aggregateItemLocation"],
    ["an unknown column in WHERE", "SELECT item FROM aggregateItemLocation WHERE onhand > 1"],
    ["a table that is not the query's", "SELECT item.id FROM aggregateItemLocation"],
    ["an unknown function", "SELECT SQUARE(item) FROM aggregateItemLocation"],
    ["a column that is not grouped by", "SELECT item, location FROM aggregateItemLocation GROUP BY item"],
    ["a plain column beside a sum", "SELECT item, SUM(quantityavailable) FROM aggregateItemLocation"],
    ["a sum in WHERE", "SELECT item FROM aggregateItemLocation WHERE SUM(item) > 1"],
    ["a sum of a date", "SELECT SUM(lastquantityavailablechange) FROM aggregateItemLocation"],
    [
      "a date beside a text",
      "SELECT item FROM aggregateItemLocation WHERE lastquantityavailablechange > '2026-11-21'",
    ],
    [
      "an unknown date format",
      "SELECT TO_CHAR(lastquantityavailablechange, 'YYYY-MM-DDTHH:MM') FROM aggregateItemLocation",
    ],
    ["a number that is none", "SELECT item FROM aggregateItemLocation WHERE item > 'abc'"],
    ["NVL of two kinds", "SELECT NVL(quantityavailable, 'none') FROM aggregateItemLocation"],
    [
      "a column that the inner query does not give",
      "SELECT location FROM (SELECT item FROM aggregateItemLocation) x",
    ],
    ["no SQL", "hello"],
    ["half a query", "SELECT item FROM aggregateItemLocation WHERE"],
    ["two queries", "SELECT item FROM aggregateItemLocation; SELECT item FROM aggregateItemLocation"],
    ["LIMIT, which is not Oracle's", "SELECT item FROM aggregateItemLocation ORDER BY item LIMIT 5"],
    ["square brackets", "SELECT [item] FROM aggregateItemLocation"],
    ["a question mark without a parameter", "SELECT item FROM aggregateItemLocation WHERE item = ?"],
  ])("%s", async (_name, q) => {
    emulator.setStock([{ item: "1001", location: "1", onHand: 1 }]);
    expect(await refusal(query(q))).toEqual([400, "INVALID_PARAMETER", "q"]);
  });

  test.each([
    ["?limit=1001", "limit"],
    ["?limit=0", "limit"],
    ["?limit=ten", "limit"],
    ["?limit=10&offset=5", "offset"],
    ["?limit=1000&offset=100000", "offset"],
    ["?limit=10&offset=10000", "offset"],
    ["?page=2", "page"],
  ])("the page %s", async (parameters, name) => {
    const answer = query("SELECT item FROM aggregateItemLocation", parameters);
    expect(await refusal(answer)).toEqual([400, "INVALID_PARAMETER", name]);
  });

  test("one without Prefer: transient, without q, or by GET", async () => {
    const path = "/services/rest/query/v1/suiteql";
    const q = "SELECT item FROM aggregateItemLocation";
    expect((await send("POST", path, { q }, "respond-async")).status).toBe(400);
    expect((await send("POST", path, {})).status).toBe(400);
    expect((await send("GET", path)).status).toBe(405);
    expect((await send("POST", path, { q })).status).toBe(200);
  });
});

describe("a query is answered as NetSuite answers it", () => {
  test("values are text, names are in small letters, nulls are left out, a plain date has no time", async () => {
    emulator.setStock([
      { item: "1001", location: "1", onHand: 2.5 },
      { item: "1002", location: "1", onHand: null, changedAtMs: null },
    ]);
    const all = await rows(
      "SELECT Item, quantityAvailable, LASTQUANTITYAVAILABLECHANGE FROM aggregateItemLocation ORDER BY item",
    );
    expect(all).toEqual([
      { item: "1001", quantityavailable: "2.5", lastquantityavailablechange: "11/21/2026" },
      { item: "1002" },
    ]);
  });

  test("groups are summed, nulls aside, and counted over the pages", async () => {
    for (const item of ["1001", "1002", "1003"]) {
      emulator.setStock([
        { item, location: "1", onHand: 0.1 },
        { item, location: "2", onHand: 0.2 },
        { item, location: "3", onHand: null },
      ]);
    }
    const q =
      "SELECT item, SUM(quantityavailable) AS units, COUNT(*) AS n FROM aggregateItemLocation GROUP BY item ORDER BY item DESC";
    const { body } = await query(q, "?limit=2&offset=2");
    expect(body).toMatchObject({ count: 1, hasMore: false, offset: 2, totalResults: 3 });
    expect(body["items"]).toEqual([{ links: [], item: "1001", units: "0.3", n: "3" }]);
    expect((await query(q, "?limit=2")).body).toMatchObject({ count: 2, hasMore: true });
  });

  test("an inner query follows the changes of its rows, and items that come and go", async () => {
    const q =
      "SELECT item, units FROM (SELECT item, SUM(quantityavailable) AS units FROM aggregateItemLocation " +
      "WHERE location IN (1, 2) GROUP BY item) s WHERE item > 1001 ORDER BY item";
    const figures = async (): Promise<unknown> => (await rows(q)).map(({ item, units }) => [item, units]);
    emulator.seedStock({ firstItem: 1_001, items: 3, onHand: 4 });
    expect(await figures()).toEqual([
      ["1002", "8"],
      ["1003", "8"],
    ]);
    emulator.setStock([
      { item: "1002", location: "2", onHand: 5 },
      { item: "1004", location: "3", onHand: 5 },
    ]);
    emulator.removeStock(["1003"]);
    expect(await figures()).toEqual([["1002", "9"]]);
    emulator.setStock([{ item: "1004", location: "1", onHand: 1 }]);
    expect(await figures()).toEqual([
      ["1002", "9"],
      ["1004", "1"],
    ]);
  });

  test("dates are the account's: TO_CHAR and TO_DATE, Pacific time unless told", async () => {
    emulator.setStock([{ item: "1001", location: "1", onHand: 1 }]);
    const where = (moment: string): string =>
      "SELECT TO_CHAR(lastquantityavailablechange, 'YYYY-MM-DD HH24:MI:SS') AS at FROM aggregateItemLocation " +
      `WHERE lastquantityavailablechange >= TO_DATE('${moment}', 'YYYY-MM-DD HH24:MI:SS')`;
    expect(await rows(where("2026-11-21 10:30:15"))).toEqual([{ at: "2026-11-21 10:30:15" }]);
    expect(await rows(where("2026-11-21 10:30:16"))).toEqual([]);
  });

  test("a comparison with nothing is neither true nor false", async () => {
    emulator.setStock([{ item: "1001", location: "1", onHand: null }]);
    const count = async (condition: string): Promise<number> =>
      (await rows(`SELECT item FROM aggregateItemLocation WHERE ${condition}`)).length;
    expect(await count("quantityavailable > 0 OR item = 1001")).toBe(1);
    expect(await count("NOT (quantityavailable > 0)")).toBe(0);
    expect(await count("quantityavailable IS NULL AND item IN (1001, 1002)")).toBe(1);
    expect(await count("quantityavailable IS NOT NULL")).toBe(0);
  });
});

describe("orders commit stock", () => {
  const available = (item: string, location = "1"): unknown =>
    emulator.stock(item).find((row) => row.location === Number(location))?.quantityavailable;
  const line = (quantity: number, change: object = {}): object => ({
    item: { id: "1001" },
    quantity,
    ...change,
  });
  const newOrder = async (change: object = {}): Promise<Answer> => {
    lastKey += 1;
    const customer = { externalId: `C-${String(lastKey)}`, companyName: "B", subsidiary: { id: "1" } };
    const { location } = await send("POST", `${RECORDS}/customer`, customer);
    const body = {
      entity: { id: location.split("/").at(-1) },
      orderStatus: "B",
      location: { id: "1" },
      ...change,
    };
    return send("POST", `${RECORDS}/salesOrder`, body);
  };
  const remove = ({ location }: Answer): Promise<Answer> => send("DELETE", new URL(location).pathname);

  beforeEach(() => {
    emulator.setStock(["1", "2"].map((location) => ({ item: "1001", location, onHand: 10, changedAtMs: 0 })));
  });

  test("at creation, at each amendment, and back when it is deleted; the moment of the change is told", async () => {
    const order = await newOrder({ item: { items: [line(3)] } });
    expect(available("1001")).toBe(7);
    expect(emulator.stock("1001")[0]).toMatchObject({
      quantityonhand: 10,
      quantitycommitted: 3,
      lastquantityavailablechange: NOW_MS,
    });
    await send("PATCH", `${new URL(order.location).pathname}?replace=item`, { item: { items: [line(4)] } });
    expect(available("1001")).toBe(6);
    await remove(order);
    expect(available("1001")).toBe(10);
  });

  test("at the line's location before the order's", async () => {
    const order = await newOrder({ item: { items: [line(3, { location: { id: "2" } }), line(1)] } });
    expect([available("1001", "1"), available("1001", "2")]).toEqual([9, 7]);
    await remove(order);
  });

  test.each([
    ["pending approval", { orderStatus: "A" }],
    ["of no status", { orderStatus: undefined }],
    ["without a location", { location: undefined }],
  ])("but not those that are %s", async (_name, change) => {
    const order = await newOrder({ item: { items: [line(3)] }, ...change });
    expect(order.status).toBe(204);
    expect(available("1001")).toBe(10);
    await remove(order);
  });

  test("no more than there is: the rest is back-ordered, and takes what comes in", async () => {
    const order = await newOrder({ item: { items: [line(13)] } });
    expect(emulator.stock("1001")[0]).toMatchObject({ quantityavailable: 0, quantitybackordered: 3 });
    emulator.setStock([{ item: "1001", location: "1", onHand: 20 }]);
    expect(emulator.stock("1001")[0]).toMatchObject({ quantityavailable: 7, quantitybackordered: 0 });
    await remove(order);
  });

  test("an order that is refused commits nothing", async () => {
    expect((await newOrder({ item: { items: [line(3), line(-1)] } })).status).toBe(400);
    expect(available("1001")).toBe(10);
  });
});

describe("what queries see can be changed", () => {
  const seen = async (): Promise<readonly string[]> =>
    (
      await rows(
        "SELECT item, SUM(quantityavailable) AS n FROM aggregateItemLocation GROUP BY item ORDER BY item",
      )
    ).map(({ item = "", n = "" }) => `${item}:${n}`);

  test("to nothing, to half, to how it was, and back", async () => {
    emulator.seedStock({ firstItem: 1_001, items: 4, locations: ["1"], onHand: 5 });
    emulator.viewStock("empty");
    expect(await seen()).toEqual([]);
    emulator.viewStock("half");
    expect(await seen()).toEqual(["1002:5", "1004:5"]);
    emulator.viewStock("all");
    emulator.viewStock("frozen");
    emulator.setStock([{ item: "1001", location: "1", onHand: 6 }]);
    emulator.setStock([{ item: "1005", location: "1", onHand: 6 }]);
    expect(await seen()).toEqual(["1001:5", "1002:5", "1003:5", "1004:5"]);
    emulator.viewStock("all");
    expect(await seen()).toEqual(["1001:6", "1002:5", "1003:5", "1004:5", "1005:6"]);
  });

  test("a change keeps its moment where nothing changed, and has the day only where that is all the account knows", async () => {
    emulator.setStock([{ item: "1001", location: "1", onHand: 5, changedAtMs: 0 }]);
    emulator.setStock([{ item: "1001", location: "1", onHand: 5 }]);
    expect(emulator.stock("1001")[0]?.lastquantityavailablechange).toBe(0);
    await using coarse = await startNetSuiteEmulator({ nowMs: () => NOW_MS });
    coarse.setStock([{ item: "1001", location: "1", onHand: 5 }]);
    // Midnight in Pacific time.
    expect(coarse.stock("1001")[0]?.lastquantityavailablechange).toBe(Date.UTC(2026, 10, 21, 8));
  });

  test("but not to a location that the account has not", () => {
    expect(() => {
      emulator.setStock([{ item: "1001", location: "9", onHand: 5 }]);
    }).toThrow(/no location 9/);
  });
});

test("another process seeds 50,000 items at three locations, and changes some of them", {
  timeout: 30_000,
}, async () => {
  await using remote = await spawnNetSuiteEmulator();
  await remote.seedStock({ firstItem: 100_001, items: 50_000 });
  expect((await remote.stock("150000")).map(({ quantityavailable }) => quantityavailable)).toEqual(
    ["1", "2", "3"].map((location) => seededUnits(150_000, location)),
  );
  await remote.setStock([{ item: "150000", location: "2", onHand: 99 }]);
  await remote.viewStock("half");
  await remote.removeStock(["100001"]);
  expect(await remote.stock("100001")).toEqual([]);
  await remote.clearStock();
  expect(await remote.stock()).toEqual([]);
});
