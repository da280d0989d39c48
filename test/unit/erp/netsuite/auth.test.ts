import { decodeJwt, decodeProtectedHeader } from "jose";
import { beforeEach, expect, test } from "vitest";
import { type Auth, createAuth } from "../../../../sidecar/erp/netsuite/auth.ts";
import { type NetSuiteSettings, settings as schema } from "../../../../sidecar/erp/netsuite/settings.ts";
import { ErpUnavailableError, type HttpOutcome, type HttpRequest } from "../../../../sidecar/erp/port.ts";
import { createEmulatorAuth } from "../../../support/netsuite-emulator-auth.ts";

const MINUTE_MS = 60_000;
const TOKEN_URL = "https://5256042.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token";
/** A real key pair, from the one who will verify it. */
const door = createEmulatorAuth({
  account: "5256042",
  tokenUrl: () => TOKEN_URL,
  tokenLifeSeconds: 3_600,
  nowMs: () => nowMs,
});

let nowMs: number;
let requests: HttpRequest[];
let answer: (request: HttpRequest) => Promise<HttpOutcome>;
let auth: Auth;

const granted = (token: string, seconds: unknown = "3600"): Promise<HttpOutcome> =>
  Promise.resolve({
    kind: "answered",
    status: 200,
    headers: {},
    body: JSON.stringify({ access_token: token, expires_in: seconds, token_type: "bearer" }),
  });

beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 21);
  requests = [];
  answer = () => granted(`token ${String(requests.length)}`);
  auth = openAuth(door.settings("oauth2-es256"));
});

function openAuth(section: unknown): Auth {
  const settings: NetSuiteSettings = schema.parse({
    account: "5256042",
    auth: section,
    currencies: { EUR: "1" },
  });
  return createAuth(settings, {
    http: (request) => {
      requests.push(request);
      return answer(request);
    },
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
  });
}

const header = (leftMs = 30_000): Promise<string> => auth.header("GET", "https://x.test/a", leftMs);

test("a hundred requests at once ask for one token", async () => {
  const headers = await Promise.all(Array.from({ length: 100 }, () => header()));
  expect(new Set(headers)).toEqual(new Set(["Bearer token 1"]));
  expect(requests).toHaveLength(1);
});

test("a token is used until five minutes before its end, then renewed", async () => {
  await header();
  nowMs += 55 * MINUTE_MS - 1;
  expect(await header()).toBe("Bearer token 1");
  nowMs += 1;
  expect(await header()).toBe("Bearer token 2");
});

test("a token that lives shorter than the margin is used for half its life", async () => {
  answer = () => granted(`token ${String(requests.length)}`, 60);
  await header();
  nowMs += 29_000;
  expect(await header()).toBe("Bearer token 1");
  nowMs += 1_000;
  expect(await header()).toBe("Bearer token 2");
});

test("a refused token is not used again, and a late refusal of an old one costs nothing", async () => {
  const old = await header();
  auth.refused(old);
  expect(await header()).toBe("Bearer token 2");
  auth.refused(old);
  expect(await header()).toBe("Bearer token 2");
  expect(requests).toHaveLength(2);
});

test.each([
  ["no connection", { kind: "not-sent", cause: "ECONNREFUSED" }],
  ["no answer", { kind: "unknown", cause: "reset" }],
  ["a refusal", { kind: "answered", status: 400, headers: {}, body: '{"error":"invalid_client"}' }],
  ["a page of HTML", { kind: "answered", status: 200, headers: {}, body: "<html>" }],
] as const)(
  "without a token because of %s the ERP is unavailable, and the next request asks again",
  async (_, end) => {
    answer = () => Promise.resolve(end);
    await expect(header()).rejects.toThrow(ErpUnavailableError);
    answer = () => granted("late");
    expect(await header()).toBe("Bearer late");
  },
);

test("a token never stands in an error's message", async () => {
  answer = () => granted("secret", "soon");
  await expect(header()).rejects.toThrow(ErpUnavailableError);
  await expect(header()).rejects.not.toThrow(/secret/);
});

test("with little time left a token in hand is used, but none is asked for", async () => {
  await expect(header(9_999)).rejects.toThrow(ErpUnavailableError);
  expect(requests).toHaveLength(0);
  await header(10_000);
  expect(await header(1)).toBe("Bearer token 1");
  expect(requests[0]?.timeoutMs).toBe(10_000);
});

test("a key that cannot sign makes the ERP unavailable, with a reason", async () => {
  auth = openAuth({ ...door.settings("oauth2-ps256"), algorithm: "ES256" });
  await expect(header()).rejects.toThrow(/private key/);
  expect(requests).toHaveLength(0);
});

test.each(["oauth2-es256", "oauth2-ps256"] as const)(
  "the %s assertion says what NetSuite asks for",
  async (kind) => {
    auth = openAuth(door.settings(kind));
    await header();
    const form = new URLSearchParams(requests[0]?.body);
    const assertion = form.get("client_assertion") ?? "";
    expect(requests[0]?.url).toBe(TOKEN_URL);
    expect(decodeProtectedHeader(assertion)).toEqual({
      typ: "JWT",
      alg: kind === "oauth2-es256" ? "ES256" : "PS256",
      kid: `cert-${kind}`,
    });
    const claims = decodeJwt(assertion);
    expect(claims).toMatchObject({ iss: "emulator-client", aud: TOKEN_URL, scope: ["rest_webservices"] });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeLessThan(3_600);
    expect(await door.token(form.toString())).toMatchObject({ status: 200 });
  },
);

test("each token-based request has a nonce of its own", async () => {
  auth = openAuth(door.settings("tba"));
  const nonce = async (): Promise<string> => /oauth_nonce="(\w+)"/.exec(await header())?.[1] ?? "";
  expect(new Set([await nonce(), await nonce(), await nonce()]).size).toBe(3);
  expect(requests).toHaveLength(0);
});
