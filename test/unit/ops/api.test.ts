import { afterEach, expect, test } from "vitest";
import { UsageError, WritingStoppedError } from "../../../sidecar/domain/errors.ts";
import type { ApiRoute } from "../../../sidecar/ops/api.ts";
import { type OpsServer, startOpsServer } from "../../../sidecar/ops/http-server.ts";
import type { LogEvent } from "../../../sidecar/platform/log.ts";
import { createMetrics } from "../../../sidecar/platform/metrics.ts";

const TOKEN = "t".repeat(40);
const logged: LogEvent[] = [];
let server: OpsServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  logged.length = 0;
});

async function start(routes: readonly ApiRoute[], apiToken?: string): Promise<string> {
  server = await startOpsServer({
    host: "127.0.0.1",
    port: 0,
    metrics: createMetrics(),
    log: (_level, event) => {
      logged.push(event);
    },
    readiness: () => Promise.resolve({ ready: true, reasons: [] }),
    refresh: () => Promise.resolve(),
    live: () => {
      throw new UsageError("not asked for");
    },
    apiToken,
    apiRoutes: routes,
  });
  return server.address;
}

const route = (answer: ApiRoute["answer"]): ApiRoute => ({ method: "POST", path: "/things/:id", answer });
const echo = route((request) => Promise.resolve({ status: 200, body: request }));
const failing = (thrown: Error): ApiRoute => route(() => Promise.reject(thrown));

async function post(
  address: string,
  options: { readonly token?: string; readonly body?: string; readonly path?: string } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: unknown }> {
  const { body = "{}", path = "/api/things/7?a=b", token = `Bearer ${TOKEN}` } = options;
  const answer = await fetch(`${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(token === "" ? {} : { authorization: token }) },
    body,
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

test("the API hands a route the parts of the path, the query and the body, for who has the token", async () => {
  const address = await start([echo], TOKEN);
  expect(await post(address, { body: '{"units":-1}' })).toMatchObject({
    status: 200,
    body: { parameters: { id: "7" }, query: { a: "b" }, body: { units: -1 } },
  });
});

test("the API answers nobody without a token in the configuration, and says what to set", async () => {
  const address = await start([echo]);
  for (const path of ["/api/things/7", "/api/nothing"]) {
    expect(await post(address, { path })).toMatchObject({
      status: 404,
      body: {
        error: { code: "api_off", remedy: "Set http.apiToken, at least 32 characters, and restart it" },
      },
    });
  }
});

test("the API refuses who brings no token or another one, before it reads a body", async () => {
  const address = await start([echo], TOKEN);
  const missing = await post(address, { token: "", body: "not JSON" });
  expect(missing).toMatchObject({ status: 401, body: { error: { code: "token_missing" } } });
  expect(missing.headers.get("www-authenticate")).toBe("Bearer");
  for (const token of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, "Bearer "]) {
    const { status } = await post(address, { token });
    expect([401, 403]).toContain(status);
  }
  expect((await post(address, { token: "Bearer wrong", path: "/api/nothing" })).status).toBe(403);
  expect((await post(address, { path: "/api/nothing" })).status).toBe(404);
});

test("the API says what is wrong with a body that cannot be read", async () => {
  const address = await start([echo], TOKEN);
  expect(await post(address, { body: "{" })).toMatchObject({
    status: 400,
    body: { error: { code: "malformed_body" } },
  });
  expect((await post(address, { body: JSON.stringify("x".repeat(600_000)) })).status).toBe(413);
});

test("the API turns what a route throws into an answer with a remedy, and logs no text of it", async () => {
  const cases: readonly (readonly [Error, number, string])[] = [
    [new UsageError("units: use a whole number"), 400, "E_USAGE"],
    [new WritingStoppedError("Writing is stopped"), 503, "E_WRITING_STOPPED"],
    [Object.assign(new Error("gone"), { code: "PROTOCOL_CONNECTION_LOST" }), 503, "E_DATABASE_AWAY"],
    [new TypeError("camille@example.com is odd"), 500, "E_BUG"],
  ];
  for (const [thrown, status, code] of cases) {
    const address = await start([failing(thrown)], TOKEN);
    const answer = await post(address);
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(answer.headers.get("retry-after")).toBe(status === 503 ? "5" : null);
    expect(JSON.stringify([answer.body, logged])).not.toContain("camille");
    await server?.close();
  }
  expect(logged.filter(({ event }) => event === "api.failed")).toHaveLength(3);
});

test("health, readiness and metrics need no token", async () => {
  const address = await start([echo], TOKEN);
  for (const path of ["/health", "/ready", "/metrics"]) {
    expect((await fetch(`${address}${path}`)).status).toBe(200);
  }
});
