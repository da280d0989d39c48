import { z } from "zod";
import { type AdapterTools, type ErpCall, ErpUnavailableError, type HttpOutcome } from "../port.ts";
import { rpcUrl, type TrytonSettings } from "./settings.ts";

/** A login that stands. */
export interface Session {
  /** The header `Authorization`; a secret. */
  readonly header: string;
}

/** How requests are let in. Rejects only with `ErpUnavailableError`: without a login nothing was executed. */
export interface Sessions {
  /** The session that all calls share. Logs in only where `leftMs` is enough to wait for it. */
  readonly current: (leftMs: number, call: Pick<ErpCall, "signal">) => Promise<Session>;
  /** Tells that Tryton refused this session, so that it is not used again. */
  readonly refused: (session: Session) => void;
}

/** A login comes soon or not at all. */
const LOGIN_TIMEOUT_MS_MAX = 10_000;

const LoginAnswer = z.object({ result: z.tuple([z.int(), z.string().min(1)], z.unknown()) });

/** One session for all calls, and one login at a time: Tryton slows down those who log in often. */
export function createSessions(settings: TrytonSettings, tools: AdapterTools): Sessions {
  let session: Session | undefined;
  let underWay: Promise<Session> | undefined;
  const timeoutMs = Math.min(LOGIN_TIMEOUT_MS_MAX, settings.timeoutMs / 2);
  const renewed = (leftMs: number): Promise<Session> => {
    if (leftMs < timeoutMs) {
      return Promise.reject(new ErpUnavailableError("no time was left to log in to Tryton"));
    }
    underWay ??= logIn(settings, timeoutMs, tools)
      .then((fresh) => {
        session = fresh;
        return fresh;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  return {
    current: async (leftMs, { signal }) => {
      if (signal.aborted) throw new ErpUnavailableError("aborted by the caller before Tryton was asked");
      return session ?? (await unlessAborted(renewed(leftMs), signal));
    },
    refused: (old) => {
      if (session === old) session = undefined;
    },
  };
}

async function logIn(settings: TrytonSettings, timeoutMs: number, tools: AdapterTools): Promise<Session> {
  const { user, password } = settings;
  const outcome = await tools.http(
    {
      method: "POST",
      url: rpcUrl(settings),
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ id: 0, method: "common.db.login", params: [user, { password }, "en"] }),
      timeoutMs,
    },
    // The session serves all callers, so that no single caller's abort may end the request for it.
    new AbortController().signal,
  );
  const [userId, key] = readLogin(outcome);
  const credentials = Buffer.from(`${user}:${String(userId)}:${key}`).toString("base64");
  return { header: `Session ${credentials}` };
}

/** The answer itself is in no message: it holds the session's key. */
function readLogin(outcome: HttpOutcome): readonly [number, string] {
  if (outcome.kind !== "answered") {
    throw new ErpUnavailableError(`no login to Tryton: ${outcome.cause}`);
  }
  const answer = LoginAnswer.safeParse(parse(outcome.body));
  if (outcome.status === 200 && answer.success) return [answer.data.result[0], answer.data.result[1]];
  const remedy = outcome.status === 401 ? ": user or password is wrong" : "";
  throw new ErpUnavailableError(`Tryton refused the login (${String(outcome.status)})${remedy}`);
}

/** Waits for the shared login, but no longer than its own caller wants to. */
async function unlessAborted(login: Promise<Session>, signal: AbortSignal): Promise<Session> {
  let stopWaiting: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stopWaiting = () => {
      reject(new ErpUnavailableError("aborted by the caller before Tryton was asked"));
    };
    signal.addEventListener("abort", stopWaiting);
  });
  try {
    return await Promise.race([login, aborted]);
  } finally {
    signal.removeEventListener("abort", stopWaiting);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
