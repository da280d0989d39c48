/**
 * One suite for every ERP: what an adapter must do whatever ERP stands behind it (facts, "Every adapter passes the same
 * kit").
 *
 * Where the harness is an emulator, a pass is a pass against the emulator. It is never called a pass against the
 * vendor: the emulator knows only what its author knew.
 *
 * Of the kit's points 1, 2, 5, 6, 7, 10 and 11 are here for orders and customers; 1 to 5, 7 and 10 for payments and
 * credits in `money-kit.ts`; 8 for what becomes of orders in `progress-kit.ts`; 8, 9 and again 7 and 11 for the reading
 * of stock in `stock-kit.ts`.
 */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ErpRef } from "../../sidecar/domain/ids.ts";
import type { OrderBody } from "../../sidecar/domain/order.ts";
import {
  ErpAmbiguousError,
  type ErpCall,
  ErpDuplicateError,
  type ErpExchange,
  ErpFailedError,
  type ErpPort,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
} from "../../sidecar/erp/port.ts";
import { createHttp, type Http } from "../../sidecar/platform/http.ts";
import type { ErpBench, ErpHarness, Mishap } from "./erp-harness.ts";
import { moneyKit } from "./money-kit.ts";
import { progressKit } from "./progress-kit.ts";
import {
  customerBody,
  EUR,
  JPY,
  KWD,
  line,
  ORDERS_TO_ADD_UP,
  orderBody,
  sampleOrder,
} from "./sample-bodies.ts";
import { stockKit } from "./stock-kit.ts";

const FOLDER = new URL("../../sidecar/erp/", import.meta.url);
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** Ids go on from the clock, so that a real ERP, which remembers former runs, has not seen them either. */
let lastId = Date.now() % 2_000_000_000;

/** The adapters, which are the folders below sidecar/erp. */
export const adapterNames: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** The harnesses of all adapters that run on an emulator, or of those that run on the ERP itself. */
export async function harnesses(emulated: boolean): Promise<ReadonlyMap<string, ErpHarness>> {
  const found = new Map<string, ErpHarness>();
  for (const name of adapterNames) {
    const { harness } = (await import(`./harness/${name}.ts`)) as { harness: ErpHarness };
    if (harness.emulated === emulated) found.set(name, harness);
  }
  return found;
}

/**
 * The whole kit over one ERP, once for each way to be configured that is chosen by its place in the harness; skipped
 * with its reason where there is no such ERP.
 */
export async function erpKit(
  name: string,
  harness: ErpHarness,
  chosen: (place: number) => boolean = () => true,
): Promise<void> {
  const missing = harness.missing?.();
  if (missing !== undefined) {
    test.skip(`the kit does not run on ${name}: ${missing}`);
    return;
  }
  const bench = await harness.start();
  afterAll(() => bench.close());
  const sections = Object.entries(bench.settings).filter((_section, place) => chosen(place));
  for (const [variant, section] of sections) {
    describe(`${name}${harness.emulated ? " (emulated)" : ""}, ${variant}`, () => {
      kit(harness, bench, section);
    });
  }
}

function kit(harness: ErpHarness, bench: ErpBench, section: unknown): void {
  let http: Http;
  let port: ErpPort;
  let customerRef: ErpRef;
  let exchanges: ErpExchange[] = [];

  const call = (): ErpCall => ({
    signal: new AbortController().signal,
    priority: 3,
    note: (exchange) => exchanges.push(exchange),
  });
  const openPort = (change: Record<string, unknown> = {}): ErpPort =>
    harness.adapter.open(harness.adapter.settings.parse({ ...(section as object), ...change }), {
      http: http.send,
      clock,
    });
  const newOrder = (change: Partial<OrderBody["order"]> = {}): OrderBody => {
    lastId += 1;
    return orderBody(lastId, { customerRef, items: bench.itemIds, change });
  };
  const inErp = async (body: OrderBody): Promise<number> => (await allInErp([body]))[0]!;
  /** How often the ERP has each of these orders. */
  const allInErp = async (bodies: readonly OrderBody[]): Promise<readonly number[]> => {
    const keys = (await bench.orders()).map((order) => order.externalId);
    return bodies.map(({ externalId }) => keys.filter((key) => key === externalId).length);
  };

  beforeAll(async () => {
    http = createHttp({ connections: 12 });
    port = openPort();
    lastId += 1;
    customerRef = await port.createCustomer(customerBody(lastId), call());
    return async () => {
      await port.close();
      await http.close();
    };
  });
  beforeEach(() => {
    exchanges = [];
  });

  test("the probe succeeds on an ERP that works", async () => {
    await expect(port.probe(call())).resolves.toBeUndefined();
  });

  test("an order that was created is found by its key, with its fingerprint", async () => {
    const body = newOrder();
    const ref = await port.createOrder(body, [], call());
    expect(await port.findOrder(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
  });

  test("a customer that was created is found by its key, with its fingerprint", async () => {
    lastId += 1;
    const body = customerBody(lastId, { company: "Crème & Fils" });
    const ref = await port.createCustomer(body, call());
    expect(await port.findCustomer(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
  });

  test("a key that nobody used is found nowhere", async () => {
    expect(await port.findOrder(newOrder().externalId, call())).toBeUndefined();
    expect(await port.findCustomer(customerBody(999_999_999).externalId, call())).toBeUndefined();
  });

  test("one key in sequence makes one order, and the second call is told of it", async () => {
    const body = newOrder();
    await port.createOrder(body, [], call());
    await expect(port.createOrder(body, [], call())).rejects.toThrow(ErpDuplicateError);
    expect(await inErp(body)).toBe(1);
  });

  test("one key six times at once makes one order, and five calls are told of it", async ({ skip }) => {
    if (!port.capabilities.uniqueKey) skip("this ERP does not hold the key unique");
    const body = newOrder();
    const ends = await Promise.allSettled(
      Array.from({ length: 6 }, () => port.createOrder(body, [], call())),
    );
    const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
    expect(failures).toHaveLength(5);
    for (const failure of failures) expect(failure).toBeInstanceOf(ErpDuplicateError);
    expect(await inErp(body)).toBe(1);
  });

  test("one customer key six times at once makes one customer", async () => {
    lastId += 1;
    const body = customerBody(lastId);
    const ends = await Promise.allSettled(Array.from({ length: 6 }, () => port.createCustomer(body, call())));
    expect(ends.filter((end) => end.status === "fulfilled")).toHaveLength(1);
    const same = (await bench.customers()).filter((customer) => customer.externalId === body.externalId);
    expect(same).toHaveLength(1);
  });

  test("a used key with other content is refused, and the lookup shows whose it is", async () => {
    const body = newOrder();
    await port.createOrder(body, [], call());
    const other = { ...body, fingerprint: "another order that once had this id" };
    await expect(port.createOrder(other, [], call())).rejects.toThrow(ErpDuplicateError);
    expect((await port.findOrder(body.externalId, call()))?.fingerprint).toBe(body.fingerprint);
  });

  test.each<{ mishap: Mishap; orders: number }>([
    { mishap: "cut-before", orders: 0 },
    { mishap: "cut-after-commit", orders: 1 },
    { mishap: "cut-mid-answer", orders: 1 },
  ])(
    "after $mishap the outcome is unknown, and a lookup tells it: $orders order",
    async ({ mishap, orders }) => {
      const body = newOrder();
      bench.mishap(mishap);
      await expect(port.createOrder(body, [], call())).rejects.toThrow(ErpAmbiguousError);
      const found = await port.findOrder(body.externalId, call());
      expect(found === undefined ? 0 : 1).toBe(orders);
      expect(await inErp(body)).toBe(orders);
    },
  );

  test("an ERP that takes no connection is unavailable, and nothing was executed", async () => {
    const body = newOrder();
    await bench.down();
    await expect(port.createOrder(body, [], call())).rejects.toThrow(ErpUnavailableError);
    await expect(port.probe(call())).rejects.toThrow(ErpUnavailableError);
    await bench.up();
    expect(await port.findOrder(body.externalId, call())).toBeUndefined();
  });

  test("a call that is never answered ends by its timeout, its outcome unknown", async () => {
    const hurried = openPort({ timeoutMs: 2_000 });
    await hurried.probe(call());
    bench.mishap("hang-before");
    await expect(hurried.createOrder(newOrder(), [], call())).rejects.toThrow(ErpAmbiguousError);
  });

  test("a call that its caller aborts ends at once, its outcome unknown", async () => {
    const abort = new AbortController();
    bench.mishap("hang-before");
    const calls = bench.calls();
    const end = port
      .createOrder(newOrder(), [], { ...call(), signal: abort.signal })
      .catch((thrown: unknown) => thrown);
    await expect.poll(() => bench.calls()).toBeGreaterThan(calls);
    abort.abort();
    expect(await end).toBeInstanceOf(ErpAmbiguousError);
  });

  test("a call that was aborted before it began reaches nobody", async () => {
    const calls = bench.calls();
    const aborted = { ...call(), signal: AbortSignal.abort() };
    await expect(port.createOrder(newOrder(), [], aborted)).rejects.toThrow(ErpUnavailableError);
    expect(bench.calls()).toBe(calls);
  });

  test.each([
    { mishap: "throttle" as const, error: ErpThrottledError },
    { mishap: "server-error" as const, error: ErpFailedError },
    { mishap: "html" as const, error: ErpFailedError },
    { mishap: "maintenance" as const, error: ErpUnavailableError },
    { mishap: "reject" as const, error: ErpRejectedError },
  ])("$mishap is told apart on a create and on a lookup", async ({ mishap, error }) => {
    const body = newOrder();
    bench.mishap(mishap);
    await expect(port.createOrder(body, [], call())).rejects.toThrow(error);
    bench.mishap(mishap);
    await expect(port.findOrder(body.externalId, call())).rejects.toThrow(error);
    expect(await inErp(body)).toBe(0);
  });

  test("an unknown item is refused by a message that says where it stands", async () => {
    const body = newOrder();
    const spoilt = { ...body, itemRefs: { ...body.itemRefs, "2:7": bench.unknownItemId as ErpRef } };
    await expect(port.createOrder(spoilt, [], call())).rejects.toThrow(ErpRejectedError);
    await expect(port.createOrder(spoilt, [], call())).rejects.toThrow(/item/);
  });

  test("a burst above the ERP's pool is throttled, never lost and never doubled", async () => {
    bench.slow(100);
    const bodies = Array.from({ length: 14 }, () => newOrder());
    const crowded = createHttp({ connections: 20 });
    const settings = harness.adapter.settings.parse(section) as unknown;
    const many = harness.adapter.open(settings, { http: crowded.send, clock });
    await many.probe(call());
    const ends = await Promise.allSettled(bodies.map((body) => many.createOrder(body, [], call())));
    bench.slow(0);
    const counts = await allInErp(bodies);
    for (const [index, end] of ends.entries()) {
      const reason: unknown = end.status === "rejected" ? end.reason : undefined;
      const made = counts[index];
      // Where creation takes several requests, one that is throttled in the midst of them has to be looked up.
      if (reason instanceof ErpFailedError) expect(made).toBeLessThanOrEqual(1);
      else expect(made).toBe(reason === undefined ? 1 : 0);
      if (!(reason instanceof ErpFailedError) && reason !== undefined) {
        expect(reason).toBeInstanceOf(ErpThrottledError);
      }
    }
    expect(ends.some((end) => end.status === "rejected")).toBe(true);
    await crowded.close();
  });

  test("a currency without decimals keeps whole amounts, and one with two keeps cents", async () => {
    const yen = newOrder({
      currency: JPY,
      conversionRate: "162.530000",
      lines: [line("1:0", 3, 5_970, "1990.000000"), line("2:7", 1, 1_234, "1234.000000")],
      shippingTaxExclMinor: 800,
    });
    const euro = newOrder({ lines: [line("1:0", 3, 1_001, "3.336667")] });
    const [yenRef, euroRef] = [
      await port.createOrder(yen, [], call()),
      await port.createOrder(euro, [], call()),
    ];
    const orders = await bench.orders();
    const yenOrder = orders.find((order) => order.ref === yenRef);
    expect(yenOrder?.lines.map((entry) => entry.amount)).toEqual([5_970, 1_234]);
    expect(yenOrder?.shippingCost).toBe(800);
    const euroOrder = orders.find((order) => order.ref === euroRef);
    expect(euroOrder?.lines.map((entry) => entry.amount)).toEqual([10.01]);
  });

  describe.each([EUR, JPY, KWD])("an order in $code", (currency) => {
    test.each(Object.entries(ORDERS_TO_ADD_UP))(
      "with %s comes to what the shop says",
      async (_name, change) => {
        const booking = openPort(bench.booking);
        const body = newOrder({ ...change, currency });
        const ref = await booking.createOrder(body, [], call());
        const { externalId } = body;
        expect(await booking.readOrder({ ref, externalId, currency }, call())).toMatchObject({
          currencyCode: currency.code,
          totalTaxExclMinor: body.order.totalPaidTaxExclMinor,
          totalTaxInclMinor: body.order.totalPaidTaxInclMinor,
          lines: expect.any(Number) as number,
          customerRef,
          isCancelled: false,
        });
      },
    );
  });

  test("an amended order comes to what the shop says now, however often it is sent", async () => {
    const booking = openPort(bench.booking);
    const body = newOrder(ORDERS_TO_ADD_UP["all of it"]);
    const ref = await booking.createOrder(body, [], call());
    const order = sampleOrder(body.order.id, ORDERS_TO_ADD_UP["a rounding of the tax alone"]);
    for (let times = 0; times < 2; times += 1) await booking.amendOrder(ref, { ...body, order }, call());
    const totals = await booking.readOrder(
      { ref, externalId: body.externalId, currency: order.currency },
      call(),
    );
    expect(totals?.totalTaxExclMinor).toBe(order.totalPaidTaxExclMinor);
    expect(totals?.totalTaxInclMinor).toBe(order.totalPaidTaxInclMinor);
  });

  test("the totals of a record that is gone are none", async () => {
    const gone = { ref: "987654321" as ErpRef, externalId: newOrder().externalId };
    expect(await port.readOrder({ ...gone, currency: EUR }, call())).toBeUndefined();
  });

  test("an amendment replaces the lines, and sent again it changes nothing", async () => {
    const body = newOrder();
    const ref = await port.createOrder(body, [], call());
    const lines = [line("2:7", 5, 4_950, "9.900000")];
    const edited: OrderBody = { ...body, order: sampleOrder(body.order.id, { lines }) };
    await port.amendOrder(ref, edited, call());
    await port.amendOrder(ref, edited, call());
    const order = (await bench.orders()).find((candidate) => candidate.ref === ref);
    expect(order?.lines).toEqual([{ item: bench.itemIds[1], quantity: 5, amount: 49.5 }]);
    expect(await port.findOrder(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
  });

  test("a customer's amendment keeps its key and fingerprint", async () => {
    lastId += 1;
    const body = customerBody(lastId);
    const ref = await port.createCustomer(body, call());
    await port.amendCustomer(ref, customerBody(lastId, { email: "new@example.com" }), call());
    expect(await port.findCustomer(body.externalId, call())).toEqual({ ref, fingerprint: body.fingerprint });
  });

  test("log-ins that end in mid-run are renewed, and no order is lost or doubled", async () => {
    const bodies = Array.from({ length: 12 }, () => newOrder());
    const ends: Promise<ErpRef>[] = [];
    for (const [index, body] of bodies.entries()) {
      if (index % 4 === 2) bench.expireLogins();
      ends.push(port.createOrder(body, [], call()));
      if (index % 4 === 3) await Promise.all(ends);
    }
    await Promise.all(ends);
    expect(await allInErp(bodies)).toEqual(bodies.map(() => 1));
  });

  test("each exchange is noted with its bodies and without a secret", async () => {
    const body = newOrder();
    await port.createOrder(body, [], call());
    bench.mishap("cut-before");
    await port.findOrder(body.externalId, call()).catch(() => undefined);
    const statuses = exchanges.map(({ status }) => status);
    expect(statuses.slice(0, -1).every((status) => status > 0)).toBe(true);
    expect(statuses.at(-1)).toBe(0);
    expect(exchanges.some(({ request }) => request.includes(body.externalId))).toBe(true);
    expect(exchanges.every(({ tookMs }) => tookMs > 0)).toBe(true);
    expect(JSON.stringify(exchanges)).not.toMatch(/Bearer|oauth_|PRIVATE KEY|Session|password/);
  });

  moneyKit({ bench, openPort, call, newOrder });
  progressKit({ bench, openPort, call, newOrder });
  // An ERP itself takes its time.
  const histories = harness.emulated ? 12 : 1;
  stockKit({ bench, section, openPort, call, newOrder, orderPort: () => port, histories });
}
