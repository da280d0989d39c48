import { z } from "zod";
import type { SidecarError } from "../../domain/errors.ts";
import { type ErpRef, erpRef } from "../../domain/ids.ts";
import {
  ErpAmbiguousError,
  ErpFailedError,
  type ErpRecord,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
  type HttpOutcome,
} from "../port.ts";
import { decodeFingerprint } from "./decode-fingerprint.ts";

/** The answer to a request that got one. */
export type Answer = Extract<HttpOutcome, { kind: "answered" }>;

/**
 * What an answer means. `login-refused` and `rejected` are not errors yet: the caller may log in anew, or look up
 * whether the refusal was about a duplicate.
 */
export type Verdict =
  | { readonly kind: "done"; readonly answer: Answer }
  | { readonly kind: "absent" }
  | { readonly kind: "login-refused"; readonly error: SidecarError }
  | { readonly kind: "rejected"; readonly error: SidecarError; readonly mayBeDuplicate: boolean }
  | { readonly kind: "failed"; readonly error: SidecarError };

/** Pause after a 429 that names none; NetSuite sends no Retry-After as far as is known. */
const RETRY_AFTER_MS_DEFAULT = 1_000;
const RETRY_AFTER_MS_MAX = 60_000;

const ErrorBody = z.object({
  title: z.string().catch(""),
  "o:errorDetails": z
    .array(
      z.object({
        detail: z.string().catch(""),
        "o:errorCode": z.string().catch(""),
        "o:errorPath": z.string().optional().catch(undefined),
      }),
    )
    .catch([]),
});
type ErrorBody = z.infer<typeof ErrorBody>;

const THROTTLED_CODES: ReadonlySet<string> = new Set([
  "CONCURRENCY_LIMIT_EXCEEDED",
  "SSS_REQUEST_LIMIT_EXCEEDED",
]);
const MAINTENANCE_CODES: ReadonlySet<string> = new Set(["ACCT_TEMP_UNAVAILABLE", "ACCT_TEMP_DISABLED"]);

/** Reads an outcome by its status and error codes, never by its texts. */
export function decodeOutcome(outcome: HttpOutcome): Verdict {
  if (outcome.kind === "not-sent") {
    return failed(new ErpUnavailableError(`NetSuite cannot be reached: ${outcome.cause}`));
  }
  if (outcome.kind === "unknown") {
    return failed(new ErpAmbiguousError(`no complete answer from NetSuite: ${outcome.cause}`));
  }
  return decodeAnswer(outcome);
}

function decodeAnswer(answer: Answer): Verdict {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: "done", answer };
  const body = errorBody(answer.body);
  const codes = codesOf(body);
  const text = describe(answer, body);
  if (overlaps(codes, MAINTENANCE_CODES)) return failed(new ErpUnavailableError(text));
  if (status === 429 || overlaps(codes, THROTTLED_CODES)) {
    return failed(new ErpThrottledError(text, retryAfterMs(answer.headers["retry-after"])));
  }
  if (status === 401) return { kind: "login-refused", error: new ErpUnavailableError(text) };
  // A page that no REST service wrote (a proxy's, a login page's) says nothing about the record.
  const isRefusal = body !== undefined && status >= 400 && status < 500;
  return isRefusal ? decodeRefusal(status, codes, text) : failed(new ErpFailedError(text));
}

function decodeRefusal(status: number, codes: ReadonlySet<string>, text: string): Verdict {
  if (status === 404 && codes.has("NONEXISTENT_ID")) return { kind: "absent" };
  return {
    kind: "rejected",
    error: new ErpRejectedError(text),
    mayBeDuplicate: mayBeDuplicate(status, codes),
  };
}

/**
 * A refused duplicate comes as 400 `USER_ERROR`, as do many other refusals, and this is known from public code only.
 * So every 400 counts as a possible duplicate, except where all its codes speak of the body's form.
 */
function mayBeDuplicate(status: number, codes: ReadonlySet<string>): boolean {
  return status === 400 && ![...codes].every((code) => code === "INVALID_CONTENT");
}

/** The internal id in `Location: …/salesOrder/647`, which is all that a creation answers. */
export function decodeLocation(answer: Answer): ErpRef | undefined {
  const id = /\/([0-9]+)\/?$/.exec(answer.headers["location"] ?? "")?.[1];
  return id === undefined ? undefined : erpRef(id);
}

/** Reads a record that was asked for by its external id; undefined where the answer is no such record. */
export function decodeRecord(
  answer: Answer,
  externalId: string,
  fingerprintField: string,
): ErpRecord | undefined {
  const parsed = FoundRecord.safeParse(json(answer.body));
  if (!parsed.success) return undefined;
  // An ERP that answers with another record than the one asked for is not to be believed.
  if (parsed.data.externalId !== undefined && parsed.data.externalId !== externalId) return undefined;
  return { ref: erpRef(parsed.data.id), fingerprint: decodeFingerprint(parsed.data[fingerprintField]) };
}

const FoundRecord = z.looseObject({
  id: z.union([z.string().regex(/^[0-9]+$/), z.int().positive().transform(String)]),
  externalId: z.string().optional(),
});

function retryAfterMs(header: string | undefined): number {
  const seconds = /^[0-9]{1,9}$/.test(header ?? "") ? Number(header) : undefined;
  if (seconds === undefined) return RETRY_AFTER_MS_DEFAULT;
  return Math.min(Math.max(seconds * 1_000, RETRY_AFTER_MS_DEFAULT), RETRY_AFTER_MS_MAX);
}

function errorBody(text: string): ErrorBody | undefined {
  const parsed = ErrorBody.safeParse(json(text));
  return parsed.success ? parsed.data : undefined;
}

/** The JSON of a text, or undefined where it is none. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const codesOf = (body: ErrorBody | undefined): ReadonlySet<string> =>
  new Set(body?.["o:errorDetails"].map((detail) => detail["o:errorCode"]));

/** What a person reads: status, title, and each detail with its code and the path that it is about. */
function describe(answer: Answer, body: ErrorBody | undefined): string {
  const status = `NetSuite answered ${String(answer.status)}`;
  if (body === undefined) return `${status} with a body that is not its own (${answer.body.slice(0, 80)})`;
  const details = body["o:errorDetails"].map((detail) => {
    const path = detail["o:errorPath"] === undefined ? "" : ` at ${detail["o:errorPath"]}`;
    return `${detail["o:errorCode"]}${path}: ${detail.detail}`;
  });
  return [`${status} ${body.title}`.trim(), ...details].join("; ");
}

const failed = (error: SidecarError): Verdict => ({ kind: "failed", error });

const overlaps = (left: ReadonlySet<string>, right: ReadonlySet<string>): boolean =>
  [...left].some((code) => right.has(code));
