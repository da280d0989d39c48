import { describe, expect, test } from "vitest";
import {
  ErpAmbiguousError,
  ErpFailedError,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
  type HttpOutcome,
} from "../../../../sidecar/erp/port.ts";
import { decodeOutcome } from "../../../../sidecar/erp/tryton/decode-answer.ts";

const answered = (status: number, body: string, headers: Record<string, string> = {}): HttpOutcome => ({
  kind: "answered",
  status,
  headers,
  body,
});

describe("an answer of Tryton", () => {
  test.each<[string, HttpOutcome, string, unknown]>([
    ["a refused connection", { kind: "not-sent", cause: "ECONNREFUSED" }, "failed", ErpUnavailableError],
    ["a lost answer", { kind: "unknown", cause: "reset" }, "failed", ErpAmbiguousError],
    ["a session that is over", answered(401, "<h1>Unauthorized</h1>"), "login-refused", ErpUnavailableError],
    ["a method that is not open", answered(403, "<h1>Forbidden</h1>"), "rejected", ErpRejectedError],
    ["a request that is too large", answered(413, ""), "rejected", ErpRejectedError],
    ["a limit of the proxy before it", answered(429, ""), "failed", ErpThrottledError],
    [
      "nothing behind the proxy",
      answered(503, "<h1>Service Unavailable</h1>"),
      "failed",
      ErpUnavailableError,
    ],
    ["an error of the server", answered(500, "<h1>Internal</h1>"), "failed", ErpFailedError],
    ["a bad gateway, after which nobody knows", answered(502, ""), "failed", ErpFailedError],
    ["a page of HTML with 200", answered(200, "<html></html>"), "failed", ErpFailedError],
    ["JSON that is none of Tryton's", answered(200, '{"id": 0}'), "failed", ErpFailedError],
    [
      "a UserError with 200",
      answered(200, '{"id":0,"error":["UserError",["Too late.","It is closed.",null]]}'),
      "rejected",
      ErpRejectedError,
    ],
    [
      "a UserWarning with 200",
      answered(200, '{"id":0,"error":["UserWarning",["name","Sure?",""]]}'),
      "rejected",
      ErpRejectedError,
    ],
    [
      "a record that another changed",
      answered(200, '{"id":0,"error":["ConcurrencyException","Records were modified"]}'),
      "failed",
      ErpFailedError,
    ],
    [
      "an exception of Python with 200",
      answered(200, '{"id":0,"error":["\'party\'","Traceback (most recent call last)"]}'),
      "failed",
      ErpFailedError,
    ],
  ])("%s is told by its status and the exception's name", (_title, outcome, kind, error) => {
    const verdict = decodeOutcome(outcome);
    expect(verdict.kind).toBe(kind);
    expect("error" in verdict && verdict.error).toBeInstanceOf(error);
  });

  test("has a result, also where that is null", () => {
    expect(decodeOutcome(answered(200, '{"id":0,"result":null}'))).toEqual({ kind: "done", result: null });
    expect(decodeOutcome(answered(200, '{"id":0,"result":[1]}'))).toEqual({ kind: "done", result: [1] });
  });

  test("names the sentences of a refusal, and never a traceback", () => {
    const refused = decodeOutcome(
      answered(200, '{"id":0,"error":["UserError",["Too late.","It is closed.",null]]}'),
    );
    expect("error" in refused && refused.error.message).toBe("Tryton refused it: Too late. It is closed.");
    const failed = decodeOutcome(answered(200, '{"id":0,"error":["division by zero","Traceback x"]}'));
    expect("error" in failed && failed.error.message).not.toContain("Traceback");
  });

  test("is waited for after a 429 as long as it says, within bounds", () => {
    const wait = (header: string): unknown => {
      const verdict = decodeOutcome(answered(429, "", { "retry-after": header }));
      return "error" in verdict && verdict.error.advice;
    };
    expect(wait("7")).toEqual({ kind: "slow-down", retryAfterMs: 7_000 });
    expect(wait("86400")).toEqual({ kind: "slow-down", retryAfterMs: 60_000 });
    expect(wait("tomorrow")).toEqual({ kind: "slow-down", retryAfterMs: 1_000 });
  });
});
