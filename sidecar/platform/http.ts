import { Agent, type Dispatcher } from "undici";
import { messageOf } from "../domain/errors.ts";
import type { HttpOutcome, HttpRequest, HttpSend } from "../erp/port.ts";

/** How the client of one ERP behaves; the defaults suit every ERP known so far. */
export interface HttpOptions {
  /** Sockets to one host at once. Set it to the ERP's call limit plus one for token requests. */
  readonly connections: number;
  /** Milliseconds until a connection, TLS included, must stand. 5,000 unless told. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds that an idle socket is kept, where the server does not name a shorter time. 30,000 unless told. */
  readonly keepAliveMs?: number;
  /** Largest answer body in bytes; a larger one is cut off and its outcome unknown. 4 MiB unless told. */
  readonly answerBytesMax?: number;
}

/** An HTTP client: `send` never rejects, `close` destroys every socket. */
export interface Http {
  readonly send: HttpSend;
  readonly close: () => Promise<void>;
}

const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** Opens an HTTP client with its own pool of keep-alive sockets. The only door to undici. */
export function createHttp(options: HttpOptions): Http {
  const agent = new Agent({
    connections: options.connections,
    pipelining: 1,
    keepAliveTimeout: options.keepAliveMs ?? 30_000,
    connect: { timeout: options.connectTimeoutMs ?? 5_000 },
    // One clock rules: the request's own timeout, from the call to the last byte of the answer.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const answerBytesMax = options.answerBytesMax ?? ANSWER_BYTES_MAX;
  return {
    send: (request, signal) => new Exchange(agent, request, signal, answerBytesMax).outcome,
    close: () => agent.destroy(),
  };
}

/**
 * One request on its way. undici announces a request (`onRequestStart`) in the same turn in which it writes it to a
 * connected socket, and never before the connection and its TLS stand. So what ends before that was certainly never
 * sent: DNS, refused or timed-out connections, bad certificates, an abort while queued. Whatever ends after it may
 * have been executed, also when a kept-alive socket turns out to have been closed by the other side meanwhile.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly outcome: Promise<HttpOutcome>;
  readonly #answerBytesMax: number;
  readonly #resolve: (outcome: HttpOutcome) => void;
  readonly #cleanUp: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(agent: Agent, request: HttpRequest, signal: AbortSignal, answerBytesMax: number) {
    this.#answerBytesMax = answerBytesMax;
    const { promise, resolve } = withResolver<HttpOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    const onAbort = (): void => {
      this.#giveUp("aborted by the caller");
    };
    const timer = setTimeout(() => {
      this.#giveUp(`no complete answer within ${String(request.timeoutMs)} ms`);
    }, request.timeoutMs);
    this.#cleanUp = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    else this.#dispatch(agent, request);
  }

  #dispatch(agent: Agent, request: HttpRequest): void {
    try {
      const url = new URL(request.url);
      agent.dispatch(
        {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
        },
        this,
      );
    } catch (thrown) {
      this.#giveUp(messageOf(thrown));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A second announcement would be a second sending, which only the caller may decide on.
    if (this.#controller !== undefined)
      this.#giveUp("the connection broke and the client wanted to send again");
    this.#controller = controller;
    // Given up while it queued for a socket: undici checks the abort before it writes the first byte.
    if (this.#settled) controller.abort(abortReason("given up before it was sent"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    this.#headers = flatten(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#answerBytesMax) {
      this.#giveUp(`the answer is larger than ${String(this.#answerBytesMax)} bytes`);
    } else {
      this.#chunks.push(chunk);
    }
  }

  onResponseEnd(): void {
    this.#settle({
      kind: "answered",
      status: this.#status,
      headers: this.#headers,
      body: Buffer.concat(this.#chunks).toString("utf8"),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#giveUp(describe(error));
  }

  #giveUp(cause: string): void {
    const started = this.#controller !== undefined;
    this.#settle(started ? { kind: "unknown", cause } : { kind: "not-sent", cause });
    this.#controller?.abort(abortReason(cause));
  }

  #settle(outcome: HttpOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#chunks = [];
    this.#cleanUp();
    this.#resolve(outcome);
  }
}

/** Node 20 has no `Promise.withResolvers`. */
function withResolver<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** undici wants an Error to abort with; nobody sees it, because the outcome is settled by then. */
const abortReason = (cause: string): Error => new DOMException(cause, "AbortError");

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

/** The text of a socket error with its code, for instance `ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:9`. */
function describe(error: Error): string {
  const inner =
    error instanceof AggregateError && error.message === "" ? messageOf(error.errors[0]) : error.message;
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  return `${code}${inner}`;
}
