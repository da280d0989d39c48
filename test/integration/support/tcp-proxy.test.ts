import { createServer, request, type Server } from "node:http";
import { expect, it } from "vitest";
import { runningServer } from "../../support/each-server.ts";
import { startTcpProxy } from "../../support/tcp-proxy.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

interface Origin extends AsyncDisposable {
  readonly port: number;
  readonly seen: string[];
}

async function startOrigin(): Promise<Origin> {
  const seen: string[] = [];
  const server: Server = createServer((incoming, answer) => {
    seen.push(incoming.url ?? "");
    answer.end("done");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The body, or the error's code; "silence" when nothing came within the time. */
async function get(port: number, path: string, timeoutMs = 5_000): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ host: "127.0.0.1", port, path, agent: false, timeout: timeoutMs }, (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", resolve);
    });
    call.on("timeout", () => {
      resolve("silence");
      call.destroy();
    });
    call.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    call.end();
  });
}

it("drops the answer to the request that it is told of, after the far side has acted", async () => {
  await using origin = await startOrigin();
  await using proxy = await startTcpProxy({ port: origin.port });
  proxy.setMode({ kind: "cut-after-request", requestContains: "/create", times: 1 });
  expect(await get(proxy.port, "/read")).toBe("done");
  expect(await get(proxy.port, "/create")).toBe("ECONNRESET");
  expect(await get(proxy.port, "/create")).toBe("done");
  expect(origin.seen).toEqual(["/read", "/create", "/create"]);
  expect(proxy.cuts()).toBe(1);
});

it("swallows everything without closing while half open, and recovers", async () => {
  await using origin = await startOrigin();
  await using proxy = await startTcpProxy({ port: origin.port });
  proxy.setMode({ kind: "half-open" });
  expect(await get(proxy.port, "/lost", 100)).toBe("silence");
  proxy.setMode({ kind: "pass" });
  expect(await get(proxy.port, "/found")).toBe("done");
  expect(origin.seen).toEqual(["/found"]);
});

it("refuses, and answers late, as told", async () => {
  await using origin = await startOrigin();
  await using proxy = await startTcpProxy({ port: origin.port });
  proxy.setMode({ kind: "refuse" });
  expect(await get(proxy.port, "/refused")).toBe("ECONNRESET");
  proxy.setMode({ kind: "delay", delayMs: 60 });
  const startedMs = performance.now();
  expect(await get(proxy.port, "/late")).toBe("done");
  expect(performance.now() - startedMs).toBeGreaterThan(110);
  expect(origin.seen).toEqual(["/late"]);
});

it("stands before a database as well: a commit happens and its answer is lost", async () => {
  await using world = await World.create({ server: runningServer() });
  await using proxy = await startTcpProxy({ port: world.server.port });
  const connection = await world.connection({ port: proxy.port });
  const orders = world.table("order_message");
  proxy.setMode({ kind: "cut-after-request", requestContains: "INSERT" });
  await expect(
    connection.query(`INSERT INTO ${orders} (date_add) VALUES (UTC_TIMESTAMP())`),
  ).rejects.toThrow();
  await until(async () => (await world.rows(`SELECT * FROM ${orders}`)).length === 1, {
    what: "the row whose acknowledgement was lost",
  });
});
