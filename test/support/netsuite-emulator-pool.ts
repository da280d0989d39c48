import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { EmulatorAuth } from "./netsuite-emulator-auth.ts";
import type { Fault, FaultSwitch } from "./netsuite-emulator-faults.ts";
import type { CallLog } from "./netsuite-emulator-log.ts";
import { Problem, problemReply, type Reply } from "./netsuite-emulator-problem.ts";
import type { RecordStore } from "./netsuite-emulator-records.ts";
import { answerRest, peek } from "./netsuite-emulator-rest.ts";
import type { Catalog } from "./netsuite-emulator-sql-values.ts";

/** The account's pool of concurrent calls; one for records, queries and all else (section_1525253248). */
export interface Pool {
  /** False where all places are taken. */
  readonly enter: () => boolean;
  readonly leave: () => void;
}

/** All that a request passes on its way. */
export interface Gate {
  readonly origin: () => string;
  readonly auth: EmulatorAuth;
  readonly faults: FaultSwitch;
  readonly log: CallLog;
  readonly pool: Pool;
  readonly store: RecordStore;
  /** What queries are asked of. */
  readonly catalog: Catalog;
}

const TOKEN_PATH = "/services/rest/auth/oauth2/v1/token";
const REQUEST_BYTES_MAX = 10 * 1024 * 1024;

/** A pool with that many places. */
export function createPool(limit: number): Pool {
  let taken = 0;
  return {
    enter: () => {
      if (taken >= limit) return false;
      taken += 1;
      return true;
    },
    leave: () => {
      taken -= 1;
    },
  };
}

type LogEntry = ReturnType<CallLog["arrive"]>;

/** Answers one request: body, door, pool, faults, records. */
export function handle(request: IncomingMessage, response: ServerResponse, gate: Gate): void {
  // A client may write the address in any form; NetSuite knows itself by its own.
  const url = new URL(request.url ?? "/", gate.origin());
  const work =
    url.pathname === TOKEN_PATH
      ? handleToken(request, response, gate)
      : handleCall(request, response, url, gate);
  work.catch(() => {
    response.destroy();
  });
}

async function handleToken(request: IncomingMessage, response: ServerResponse, gate: Gate): Promise<void> {
  const body = await readBody(request);
  const subject = { method: "POST", path: TOKEN_PATH, externalId: "", itemIds: [] };
  // Only faults that name the token's path meet a token request; "each call is slow" means calls.
  const faults = gate.faults.take(subject, (fault) => fault.match?.path !== undefined);
  await finish(faults, response, () => gate.auth.token(body));
}

async function handleCall(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  gate: Gate,
): Promise<void> {
  const path = `${url.pathname}${url.search}`;
  const method = request.method ?? "GET";
  const entry = gate.log.arrive(method, path);
  // A call is open until its answer is written or its connection is gone, whichever is first.
  response.on("close", () => {
    gate.log.end(entry, response.writableFinished ? response.statusCode : 0);
  });
  response.on("finish", () => {
    gate.log.end(entry, response.statusCode);
  });
  const body = await readBody(request);
  const { externalId, itemIds } = peek(url, body);
  gate.log.body(entry, body, externalId);
  const refused = doorAnswer(request, method, url, gate);
  if (refused !== undefined) {
    write(response, refused);
    return;
  }
  try {
    const faults = gate.faults.take({ method, path, externalId, itemIds });
    await finish(faults, response, () => carryOut(request, { entry, method, url, body }, gate));
  } finally {
    // A place is taken until the work is done, also when the client has left meanwhile (section_1540364662).
    gate.pool.leave();
  }
}

/** The refusal at the door, or undefined once a place in the pool is taken. */
function doorAnswer(request: IncomingMessage, method: string, url: URL, gate: Gate): Reply | undefined {
  try {
    gate.auth.check({ method, url, authorization: request.headers.authorization ?? "" });
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown.reply;
    throw thrown;
  }
  return gate.pool.enter() ? undefined : THROTTLED;
}

const THROTTLED = problemReply(
  429,
  "CONCURRENCY_LIMIT_EXCEEDED",
  "Concurrent request limit exceeded. Request blocked.",
);

function carryOut(
  request: IncomingMessage,
  call: { readonly entry: LogEntry; readonly method: string; readonly url: URL; readonly body: string },
  gate: Gate,
): Promise<Reply> {
  const reply = answerRest(
    {
      seq: call.entry.seq,
      method: call.method,
      url: call.url,
      contentType: request.headers["content-type"] ?? "",
      prefer: String(request.headers["prefer"] ?? ""),
      body: call.body,
    },
    gate.store,
    gate.catalog,
  );
  return Promise.resolve(reply);
}

/** Lets the faults have their way with a request: delay, refusal instead of work, or work and a spoilt answer. */
async function finish(
  faults: readonly Fault[],
  response: ServerResponse,
  work: () => Promise<Reply>,
): Promise<void> {
  const slow = faults.find((fault) => fault.kind === "slow");
  if (slow !== undefined) await sleep(slow.delayMs);
  const instead = faults.map(replyInstead).find((reply) => reply !== undefined);
  if (instead !== undefined) {
    write(response, instead);
    return;
  }
  const kinds = new Set(faults.map((fault) => fault.kind));
  if (kinds.has("cut-before")) response.destroy();
  if (kinds.has("cut-before") || kinds.has("hang-before")) return;
  const reply = spoil(await work(), faults);
  if (kinds.has("hang-after-commit")) return;
  if (kinds.has("cut-after-commit")) response.destroy();
  else if (kinds.has("cut-mid-answer")) writeHalf(response, reply);
  else write(response, reply);
}

function replyInstead(fault: Fault): Reply | undefined {
  switch (fault.kind) {
    case "throttle": {
      const seconds = fault.retryAfterSeconds;
      const wait = seconds === undefined ? {} : { "retry-after": String(seconds) };
      return { ...THROTTLED, headers: { ...THROTTLED.headers, ...wait } };
    }
    case "server-error":
      return problemReply(
        fault.status ?? 500,
        "UNEXPECTED_ERROR",
        "An unexpected error occurred. Error ID: emu1",
      );
    case "html":
      return {
        status: fault.status ?? 502,
        headers: { "content-type": "text/html" },
        body: "<!DOCTYPE html><html><body><h1>An error has occurred</h1></body></html>",
      };
    case "maintenance":
      return problemReply(503, "ACCT_TEMP_UNAVAILABLE", "The account is temporarily unavailable.");
    case "reject":
      return problemReply(
        400,
        "USER_ERROR",
        fault.detail ?? "Error while accessing a resource. The period is closed.",
      );
    case "slow":
    case "cut-before":
    case "cut-after-commit":
    case "cut-mid-answer":
    case "hang-before":
    case "hang-after-commit":
    case "half-page":
    case "spoilt-row":
      return undefined;
  }
}

/** Damages the rows of a query's page as the faults say. */
function spoil(reply: Reply, faults: readonly Fault[]): Reply {
  const half = faults.some((fault) => fault.kind === "half-page");
  const spoilt = faults.find((fault) => fault.kind === "spoilt-row");
  if (!half && spoilt === undefined) return reply;
  const page = JSON.parse(reply.body) as { readonly items?: readonly Readonly<Record<string, unknown>>[] };
  if (page.items === undefined) return reply;
  const rows = page.items.slice(0, half ? Math.floor(page.items.length / 2) : page.items.length);
  const items = rows.map((row) =>
    spoilt === undefined || row["item"] !== spoilt.item ? row : { ...row, [spoilt.field]: spoilt.value },
  );
  return { ...reply, body: JSON.stringify({ ...page, items }) };
}

function write(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, reply.headers);
  response.end(reply.body);
}

/** Writes the head and half of the body past Node's own framing, then breaks the connection. */
function writeHalf(response: ServerResponse, reply: Reply): void {
  const headers = { ...reply.headers, "content-length": String(Buffer.byteLength(reply.body)) };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const whole = `HTTP/1.1 ${String(reply.status)} Answer\r\n${head.join("")}\r\n${reply.body}`;
  response.socket?.write(
    whole.slice(0, reply.body === "" ? 20 : whole.length - Math.ceil(reply.body.length / 2)),
    () => {
      response.destroy();
    },
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_MAX) throw new RangeError("the request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
