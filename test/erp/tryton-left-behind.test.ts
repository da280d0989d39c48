import { afterAll, describe, expect, test } from "vitest";
import type { ErpRef } from "../../sidecar/domain/ids.ts";
import {
  type ErpCall,
  ErpFailedError,
  type ErpPort,
  ErpRejectedError,
  ErpUnavailableError,
} from "../../sidecar/erp/port.ts";
import { open, settings } from "../../sidecar/erp/tryton/adapter.ts";
import { createHttp } from "../../sidecar/platform/http.ts";
import { customerBody, orderBody } from "../contract/sample-bodies.ts";
import { startTryton, type TrytonServer, trytonMissing } from "../support/tryton.ts";
import { startTrytonFront, type TrytonFront } from "../support/tryton-front.ts";

const missing = trytonMissing();

/** A Tryton that never heard of the companion. */
interface Bench {
  readonly server: TrytonServer;
  readonly front: TrytonFront;
  readonly port: ErpPort;
  readonly openPort: (change: Readonly<Record<string, unknown>>) => ErpPort;
  readonly customerRef: ErpRef;
}

const call: ErpCall = { signal: new AbortController().signal, priority: 3, note: () => undefined };
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const bench = missing === undefined ? await startBench() : undefined;
let lastId = 0;

async function startBench(): Promise<Bench> {
  const server = await startTryton({ companion: false });
  const front = await startTrytonFront(server.url, 100);
  const http = createHttp({ connections: 4 });
  const openPort = (change: Readonly<Record<string, unknown>>): ErpPort =>
    open(settings.parse({ ...server.settings, url: front.url, ...change }), { http: http.send, clock });
  const port = openPort({});
  const customerRef = await port.createCustomer(customerBody(1), call);
  afterAll(async () => {
    await http.close();
    await front.close();
    await server.stop();
  });
  return { server, front, port, openPort, customerRef };
}

function newOrder({ server, customerRef }: Bench) {
  lastId += 1;
  const [first, second] = server.seed.items;
  return orderBody(lastId, { customerRef, items: [String(first), String(second)] });
}

async function salesOf({ server }: Bench, key: string): Promise<readonly { id: number; state: string }[]> {
  const params = [[["reference", "=", key]], 0, null, [["id", "ASC"]], ["state"]];
  return (await server.rpc("model.sale.sale.search_read", params)) as readonly {
    id: number;
    state: string;
  }[];
}

describe.skipIf(bench === undefined)(`a Tryton without the companion (${missing ?? "it is here"})`, () => {
  test("a sale that was left behind as a draft is brought on by the look-up that finds it", async () => {
    const body = newOrder(bench!);
    bench!.front.mishap({ kind: "cut-before", methods: /sale\.sale\.quote$/ });
    await expect(bench!.port.createOrder(body, [], call)).rejects.toThrow(ErpFailedError);
    expect((await salesOf(bench!, body.externalId)).map(({ state }) => state)).toEqual(["draft"]);
    expect((await bench!.port.findOrder(body.externalId, call))?.fingerprint).toBe(body.fingerprint);
    expect((await salesOf(bench!, body.externalId)).map(({ state }) => state)).toEqual(["quotation"]);
  });

  test("a sale that Tryton refuses to quote is taken back, and nothing is left", async () => {
    const body = newOrder(bench!);
    bench!.front.mishap({ kind: "reject", methods: /sale\.sale\.quote$/ });
    await expect(bench!.port.createOrder(body, [], call)).rejects.toThrow(ErpRejectedError);
    expect(await salesOf(bench!, body.externalId)).toEqual([]);
  });

  test("two sales with one key are a person's to tell apart, and none is acknowledged", async () => {
    const body = newOrder(bench!);
    const ref = await bench!.port.createOrder(body, [], call);
    await bench!.server.rpc("model.sale.sale.copy", [[Number(ref)], {}]);
    await bench!.server.rpc("model.sale.sale.copy", [[Number(ref)], { reference: body.externalId }]);
    await expect(bench!.port.findOrder(body.externalId, call)).rejects.toThrow(/several records/);
  });

  test("an edit of a sale that is under way in Tryton is refused, and changes nothing", async () => {
    const body = newOrder(bench!);
    const confirming = bench!.openPort({ saleState: "confirmed" });
    const ref = await confirming.createOrder(body, [], call);
    const [sale] = await salesOf(bench!, body.externalId);
    expect(sale?.state).toBe("processing");
    await expect(confirming.amendOrder(ref, body, call)).rejects.toThrow(ErpRejectedError);
  });

  test("a configuration that counts on the companion is told that it is not there", async () => {
    const hopeful = bench!.openPort({ companion: true });
    await expect(hopeful.probe(call)).rejects.toThrow(ErpUnavailableError);
    await expect(hopeful.probe(call)).rejects.toThrow(/companion module/);
  });

  test("a wrong password is an outage, and says so", async () => {
    const stranger = bench!.openPort({ password: "wrong" });
    await expect(stranger.probe(call)).rejects.toThrow(ErpUnavailableError);
  });
});
