import type { Clock } from "../../domain/clock.ts";
import { type AdapterTools, type ErpCall, ErpUnavailableError, type HttpOutcome } from "../port.ts";
import { decodeOutcome, type Verdict } from "./decode-answer.ts";
import { createSessions, type Session } from "./session.ts";
import { rpcUrl, type TrytonSettings } from "./settings.ts";

/** Milliseconds left for an operation. All its requests share one budget, so that a lease can outlive it. */
export type Budget = () => number;

/** What an operation of the port hands to its requests. */
export interface Errand {
  readonly call: ErpCall;
  readonly budget: Budget;
}

/**
 * Calls a method of Tryton, for instance `model.sale.sale.create`, and says what its answer means; rejects only with
 * errors of the port. `context` is added to the user's own.
 */
export type Ask = (
  method: string,
  params: readonly unknown[],
  errand: Errand,
  context?: Readonly<Record<string, unknown>>,
) => Promise<Verdict>;

/** How much of an answer is recorded, in characters. */
const ANSWER_CHARS_MAX = 64 * 1024;

/** The budget of an operation that starts now. */
export function startBudget(clock: Clock, totalMs: number): Budget {
  const endMs = clock.monotonicMs() + totalMs;
  return () => endMs - clock.monotonicMs();
}

/** Binds login, the user's context and record-keeping together. */
export function createAsk(settings: TrytonSettings, tools: AdapterTools): Ask {
  const sessions = createSessions(settings, tools);
  const contexts = new WeakMap<Session, unknown>();
  const send = async (method: string, params: readonly unknown[], errand: Errand): Promise<Attempt> => {
    const session = await sessions.current(errand.budget(), errand.call);
    const outcome = await post({ settings, tools, session }, method, params, errand);
    return { session, verdict: decodeOutcome(outcome) };
  };
  const once = async (
    method: string,
    params: readonly unknown[],
    errand: Errand,
    extra: Readonly<Record<string, unknown>>,
  ): Promise<Attempt> => {
    const session = await sessions.current(errand.budget(), errand.call);
    if (!contexts.has(session)) {
      // The context names the user's company, which every record of a company needs.
      const asked = await send("model.res.user.get_preferences", [true, {}], errand);
      if (asked.verdict.kind !== "done") return asked;
      contexts.set(asked.session, asked.verdict.result);
    }
    const context = { ...(contexts.get(session) as object | undefined), ...extra };
    return await send(method, [...params, context], errand);
  };
  return async (method, params, errand, extra = {}) => {
    const first = await once(method, params, errand, extra);
    if (first.verdict.kind !== "login-refused") return first.verdict;
    // Sessions end when the server says so. A refused one executed nothing, so the request may be sent once more.
    sessions.refused(first.session);
    return (await once(method, params, errand, extra)).verdict;
  };
}

/** The result of a request that has to succeed; throws the verdict's error where it did not. */
export function doneOrThrow(verdict: Verdict): unknown {
  if (verdict.kind === "done") return verdict.result;
  throw verdict.error;
}

interface Attempt {
  readonly session: Session;
  readonly verdict: Verdict;
}

async function post(
  parts: { readonly settings: TrytonSettings; readonly tools: AdapterTools; readonly session: Session },
  method: string,
  params: readonly unknown[],
  { call, budget }: Errand,
): Promise<HttpOutcome> {
  const { settings, tools, session } = parts;
  const timeoutMs = Math.floor(budget());
  if (timeoutMs < 1) throw new ErpUnavailableError("no time was left to send the request to Tryton");
  const url = rpcUrl(settings);
  const body = JSON.stringify({ id: 0, method, params });
  const startedAtMs = tools.clock.monotonicMs();
  const outcome = await tools.http(
    {
      method: "POST",
      url,
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        authorization: session.header,
      },
      body,
      timeoutMs,
    },
    call.signal,
  );
  call.note({
    method: "POST",
    path: `${new URL(url).pathname} ${method}`,
    request: body,
    status: outcome.kind === "answered" ? outcome.status : 0,
    answer: (outcome.kind === "answered" ? outcome.body : outcome.cause).slice(0, ANSWER_CHARS_MAX),
    tookMs: tools.clock.monotonicMs() - startedAtMs,
  });
  return outcome;
}
