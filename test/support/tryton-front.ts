import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { SupportError } from "./support-error.ts";

/** What becomes of one request; each happens once, to the next request whose method fits. */
export interface FrontMishap {
  readonly kind:
    | "cut-before"
    | "cut-after-commit"
    | "cut-mid-answer"
    | "hang-before"
    | "throttle"
    | "server-error"
    | "html"
    | "maintenance"
    | "reject"
    | "rewrite";
  readonly methods: RegExp;
  /** For `rewrite`: what is made of Tryton's result. */
  readonly rewrite?: (result: unknown) => unknown;
}

/** A reverse proxy before a Tryton, as a shop would have one, that fails on demand. */
export interface TrytonFront {
  readonly url: string;
  readonly mishap: (mishap: FrontMishap) => void;
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
  readonly slow: (delayMs: number) => void;
  /** Requests that came, but those to log in. */
  readonly calls: () => number;
  readonly maxInFlight: () => number;
  readonly close: () => Promise<void>;
}

/** What has the first word of a session, and is no work. */
const LOGIN = /^common\.db\.login$|\.get_preferences$/;

/** Answers without Tryton. */
const STAND_INS: Readonly<Partial<Record<FrontMishap["kind"], readonly [number, string, string]>>> = {
  throttle: [429, "text/html", "<h1>Too Many Requests</h1>"],
  "server-error": [500, "text/html", "<h1>Internal Server Error</h1>"],
  html: [200, "text/html", "<html><body>Hello</body></html>"],
  maintenance: [503, "text/html", "<h1>Service Unavailable</h1>"],
  reject: [200, "application/json", '{"id":0,"error":["UserError",["Refused by a rule.","",null]]}'],
};

/** Starts it; more than `poolMax` requests at once are answered by 429. */
export async function startTrytonFront(target: string, poolMax: number): Promise<TrytonFront> {
  const mishaps: FrontMishap[] = [];
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let calls = 0;
  let inFlight = 0;
  let maxInFlight = 0;
  let port = 0;

  const take = (method: string): FrontMishap | undefined => {
    const index = mishaps.findIndex(({ methods }) => methods.test(method));
    return index < 0 ? undefined : mishaps.splice(index, 1)[0];
  };
  const work = async (body: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method } = JSON.parse(body) as { readonly method: string };
    if (LOGIN.test(method)) {
      send(response, ...(await forward(target, request, body)));
      return;
    }
    calls += 1;
    inFlight += 1;
    maxInFlight = Math.max(maxInFlight, inFlight);
    try {
      if (inFlight > poolMax) send(response, ...(STAND_INS.throttle ?? missing()));
      else {
        await delay(delayMs);
        await answer(take(method), { target, request, body, response });
      }
    } finally {
      inFlight -= 1;
    }
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      work(Buffer.concat(chunks).toString("utf8"), request, response).catch(() => request.socket.destroy());
    });
  };
  const listen = async (): Promise<Server> => {
    const server = createServer(handle);
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(port, "127.0.0.1", done);
    });
    port = (server.address() as AddressInfo).port;
    return server;
  };
  let server: Server | undefined = await listen();
  const down = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (closing !== undefined) await new Promise((done) => closing.close(done));
  };
  return {
    url: `http://127.0.0.1:${port}`,
    mishap: (mishap) => {
      mishaps.push(mishap);
    },
    down,
    up: async () => {
      server ??= await listen();
    },
    slow: (ms) => {
      delayMs = ms;
    },
    calls: () => calls,
    maxInFlight: () => maxInFlight,
    close: down,
  };
}

interface Passage {
  readonly target: string;
  readonly request: IncomingMessage;
  readonly body: string;
  readonly response: ServerResponse;
}

async function answer(mishap: FrontMishap | undefined, passage: Passage): Promise<void> {
  const { target, request, body, response } = passage;
  if (mishap?.kind === "cut-before") {
    request.socket.destroy();
    return;
  }
  if (mishap?.kind === "hang-before") {
    await new Promise((done) => request.socket.once("close", done));
    return;
  }
  const standIn = mishap === undefined ? undefined : STAND_INS[mishap.kind];
  if (standIn !== undefined) {
    send(response, ...standIn);
    return;
  }
  const [status, type, text] = await forward(target, request, body);
  if (mishap?.kind === "cut-after-commit") request.socket.destroy();
  else if (mishap?.kind === "cut-mid-answer") {
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
  } else if (mishap?.kind === "rewrite") send(response, status, type, rewritten(text, mishap.rewrite));
  else send(response, status, type, text);
}

function rewritten(text: string, rewrite: FrontMishap["rewrite"]): string {
  const content = JSON.parse(text) as { readonly result: unknown };
  return JSON.stringify({ ...content, result: rewrite?.(content.result) });
}

async function forward(
  target: string,
  request: IncomingMessage,
  body: string,
): Promise<readonly [number, string, string]> {
  const { authorization } = request.headers;
  const answered = await fetch(`${target}${request.url ?? "/"}`, {
    method: request.method ?? "POST",
    headers: {
      "content-type": "application/json",
      ...(authorization === undefined ? {} : { authorization }),
    },
    body,
  });
  return [answered.status, answered.headers.get("content-type") ?? "", await answered.text()];
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  // As Tryton's own server does it: no connection is kept.
  const connection = "close";
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    connection,
  });
  response.end(text);
}

function missing(): never {
  throw new SupportError("There is no stand-in for a throttled request.");
}
