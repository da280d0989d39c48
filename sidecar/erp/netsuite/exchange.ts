import type { Clock } from "../../domain/clock.ts";
import {
  type AdapterTools,
  type ErpCall,
  ErpRejectedError,
  ErpUnavailableError,
  type HttpOutcome,
} from "../port.ts";
import { type Auth, createAuth } from "./auth.ts";
import { type Answer, decodeOutcome, type Verdict } from "./decode-answer.ts";
import { baseUrlOf, type NetSuiteSettings } from "./settings.ts";

/** A request to NetSuite, before it is let in. */
export interface NetSuiteRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path and query below the account's address. */
  readonly path: string;
  readonly body?: unknown;
  /** The header `Prefer`. */
  readonly prefer?: string;
}

/** Milliseconds left for an operation. All its requests share one budget, so that a lease can outlive it. */
export type Budget = () => number;

/** Sends a request with a login and says what its answer means; rejects only with errors of the port. */
export type Ask = (request: NetSuiteRequest, call: ErpCall, budget: Budget) => Promise<Verdict>;

/** How much of an answer is recorded, in characters. */
const ANSWER_CHARS_MAX = 64 * 1024;

/** The budget of an operation that starts now. */
export function startBudget(clock: Clock, totalMs: number): Budget {
  const endMs = clock.monotonicMs() + totalMs;
  return () => endMs - clock.monotonicMs();
}

/** Binds login, base address and record-keeping together. */
export function createAsk(settings: NetSuiteSettings, tools: AdapterTools): Ask {
  const auth = createAuth(settings, tools);
  const once = async (request: NetSuiteRequest, call: ErpCall, budget: Budget): Promise<Attempt> => {
    const url = `${baseUrlOf(settings)}${request.path}`;
    const header = await loggedIn(auth.header(request.method, url, budget()), call.signal);
    const verdict = decodeOutcome(await send(request, { url, header }, call, budget, tools));
    return { header, verdict };
  };
  return async (request, call, budget) => {
    const first = await once(request, call, budget);
    if (first.verdict.kind !== "login-refused") return first.verdict;
    // NetSuite ends tokens early, for instance when the integration's certificate changes. A refused login executed
    // nothing, so the request may be sent once more, with a new token.
    auth.refused(first.header);
    return (await once(request, call, budget)).verdict;
  };
}

/** The answer of a request that has to succeed; throws the verdict's error where it did not. */
export function doneOrThrow(verdict: Verdict): Answer {
  if (verdict.kind === "done") return verdict.answer;
  throw verdict.kind === "absent"
    ? new ErpRejectedError("the record is gone from NetSuite, or its type is not open to this role")
    : verdict.error;
}

interface Attempt {
  readonly header: string;
  readonly verdict: Verdict;
}

async function send(
  request: NetSuiteRequest,
  access: { readonly url: string; readonly header: string },
  call: ErpCall,
  budget: Budget,
  tools: AdapterTools,
): Promise<HttpOutcome> {
  const timeoutMs = Math.floor(budget());
  if (timeoutMs < 1) throw new ErpUnavailableError("no time was left to send the request to NetSuite");
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const startedAtMs = tools.clock.monotonicMs();
  const outcome = await tools.http(
    {
      method: request.method,
      url: access.url,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(request.prefer === undefined ? {} : { prefer: request.prefer }),
        authorization: access.header,
      },
      ...(body === undefined ? {} : { body }),
      timeoutMs,
    },
    call.signal,
  );
  call.note({
    method: request.method,
    path: request.path,
    request: body ?? "",
    status: outcome.kind === "answered" ? outcome.status : 0,
    answer: (outcome.kind === "answered" ? outcome.body : outcome.cause).slice(0, ANSWER_CHARS_MAX),
    tookMs: tools.clock.monotonicMs() - startedAtMs,
  });
  return outcome;
}

/** Waits for the shared token, but no longer than its own caller wants to. */
async function loggedIn(header: ReturnType<Auth["header"]>, signal: AbortSignal): Promise<string> {
  let stopWaiting: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stopWaiting = () => {
      reject(new ErpUnavailableError("aborted by the caller before NetSuite was asked"));
    };
    signal.addEventListener("abort", stopWaiting);
    if (signal.aborted) stopWaiting();
  });
  try {
    return await Promise.race([header, aborted]);
  } finally {
    signal.removeEventListener("abort", stopWaiting);
  }
}
