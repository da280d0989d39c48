import { z } from "zod";
import type { SidecarError } from "../../domain/errors.ts";
import {
  ErpAmbiguousError,
  ErpFailedError,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
  type HttpOutcome,
} from "../port.ts";

/** What an answer means. `login-refused` and `rejected` are not errors yet: the caller may log in anew, or look up. */
export type Verdict =
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "login-refused"; readonly error: SidecarError }
  | { readonly kind: "rejected"; readonly error: SidecarError }
  | { readonly kind: "failed"; readonly error: SidecarError };

/** Pause after a 429 that names none. */
const RETRY_AFTER_MS_DEFAULT = 1_000;
const RETRY_AFTER_MS_MAX = 60_000;

/**
 * Tryton's own exceptions, by the name that they travel under (trytond/exceptions.py). A warning asks a person to
 * confirm, and there is none.
 */
const REFUSALS: ReadonlySet<string> = new Set(["UserError", "UserWarning"]);

const Answer = z.union([
  z.object({ error: z.tuple([z.string()], z.unknown()) }),
  // A method that returns nothing answers `null`.
  z.object({ result: z.unknown() }).refine((body) => "result" in body),
]);

/** Reads an outcome by its status and the exception's name, never by its texts. */
export function decodeOutcome(outcome: HttpOutcome): Verdict {
  if (outcome.kind === "not-sent") {
    return failed(new ErpUnavailableError(`Tryton cannot be reached: ${outcome.cause}`));
  }
  if (outcome.kind === "unknown") {
    return failed(new ErpAmbiguousError(`no complete answer from Tryton: ${outcome.cause}`));
  }
  const { status, body, headers } = outcome;
  const text = `Tryton answered ${String(status)}`;
  switch (status) {
    case 200:
      return decodeBody(body);
    case 401:
      return { kind: "login-refused", error: new ErpUnavailableError(`${text}: the session is over`) };
    case 403:
      return rejected(`${text}: the method is not open, or the module that has it is not there`);
    case 413:
      return rejected(`${text}: the request is too large for it`);
    case 429:
      return failed(new ErpThrottledError(text, retryAfterMs(headers["retry-after"])));
    case 503:
      // Written by what stands before Tryton while there is none behind it.
      return failed(new ErpUnavailableError(text));
    default:
      return failed(new ErpFailedError(`${text} with ${excerpt(body)}`));
  }
}

function decodeBody(text: string): Verdict {
  const answer = Answer.safeParse(json(text));
  if (!answer.success) return failed(new ErpFailedError(`Tryton's answer is not its own: ${excerpt(text)}`));
  if ("result" in answer.data) return { kind: "done", result: answer.data.result };
  const [name, detail] = answer.data.error;
  // An exception of another kind travels as its text and its traceback, whether or not its content is to blame.
  if (!REFUSALS.has(name)) return failed(new ErpFailedError(`Tryton failed: ${name.slice(0, 300)}`));
  return rejected(`Tryton refused it: ${wordsOf(detail)}`);
}

/** The sentences of a UserError ([message, description, domain]) or a UserWarning ([name, message, description]). */
function wordsOf(detail: unknown): string {
  const words = Array.isArray(detail) ? detail : [detail];
  return words
    .filter((word): word is string => typeof word === "string" && word !== "")
    .join(" ")
    .slice(0, 500);
}

function retryAfterMs(header: string | undefined): number {
  const seconds = /^[0-9]{1,9}$/.test(header ?? "") ? Number(header) : undefined;
  if (seconds === undefined) return RETRY_AFTER_MS_DEFAULT;
  return Math.min(Math.max(seconds * 1_000, RETRY_AFTER_MS_DEFAULT), RETRY_AFTER_MS_MAX);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const excerpt = (body: string): string => (body === "" ? "an empty body" : body.slice(0, 80));
const rejected = (text: string): Verdict => ({ kind: "rejected", error: new ErpRejectedError(text) });
const failed = (error: SidecarError): Verdict => ({ kind: "failed", error });
