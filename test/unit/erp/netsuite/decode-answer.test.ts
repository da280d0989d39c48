import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  decodeLocation,
  decodeOutcome,
  decodeRecord,
  type Verdict,
} from "../../../../sidecar/erp/netsuite/decode-answer.ts";
import { decodeFingerprint, encodeFingerprint } from "../../../../sidecar/erp/netsuite/decode-fingerprint.ts";

const answered = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  kind: "answered",
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const problem = (status: number, code: string, path?: string): Answer =>
  answered(status, {
    type: "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
    title: "Bad Request",
    status,
    "o:errorDetails": [
      { detail: "words", "o:errorCode": code, ...(path === undefined ? {} : { "o:errorPath": path }) },
    ],
  });
const codeOf = (verdict: Verdict): string => ("error" in verdict ? verdict.error.code : verdict.kind);

describe("an outcome is told apart by status and code", () => {
  test.each<[string, Parameters<typeof decodeOutcome>[0], string]>([
    ["a request that never left", { kind: "not-sent", cause: "ECONNREFUSED" }, "E_ERP_UNAVAILABLE"],
    ["a request without an answer", { kind: "unknown", cause: "ECONNRESET" }, "E_ERP_AMBIGUOUS"],
    ["204", answered(204, ""), "done"],
    ["404 NONEXISTENT_ID", problem(404, "NONEXISTENT_ID"), "absent"],
    ["404 with another code", problem(404, "NOT_FOUND"), "E_ERP_REJECTED"],
    ["404 as a page of HTML", answered(404, "<html>"), "E_ERP_FAILED"],
    ["400", problem(400, "INVALID_CONTENT", "item"), "E_ERP_REJECTED"],
    ["403", problem(403, "INSUFFICIENT_PERMISSION"), "E_ERP_REJECTED"],
    ["400 as a page of HTML", answered(400, "<html>"), "E_ERP_FAILED"],
    ["429", problem(429, "CONCURRENCY_LIMIT_EXCEEDED"), "E_ERP_THROTTLED"],
    ["429 without a body", answered(429, ""), "E_ERP_THROTTLED"],
    ["a throttling code with status 400", problem(400, "SSS_REQUEST_LIMIT_EXCEEDED"), "E_ERP_THROTTLED"],
    ["500", problem(500, "UNEXPECTED_ERROR"), "E_ERP_FAILED"],
    ["502 as a page of HTML", answered(502, "<html>"), "E_ERP_FAILED"],
    ["503 in maintenance", problem(503, "ACCT_TEMP_UNAVAILABLE"), "E_ERP_UNAVAILABLE"],
    ["a redirect to a login page", answered(302, ""), "E_ERP_FAILED"],
    ["401", problem(401, "INVALID_LOGIN"), "E_ERP_UNAVAILABLE"],
  ])("%s", (_name, outcome, expected) => {
    expect(codeOf(decodeOutcome(outcome))).toBe(expected);
  });
});

test("a refused login is told apart from an ERP that is away", () => {
  expect(decodeOutcome(problem(401, "INVALID_LOGIN")).kind).toBe("login-refused");
});

test("a refusal names its code, its path and its words for a person", () => {
  const verdict = decodeOutcome(problem(400, "INVALID_CONTENT", "item.items[0].item"));
  expect("error" in verdict && verdict.error.message).toBe(
    "NetSuite answered 400 Bad Request; INVALID_CONTENT at item.items[0].item: words",
  );
});

test.each([
  [problem(400, "USER_ERROR"), true],
  [problem(400, "DUP_RCRD"), true],
  [problem(400, "INVALID_CONTENT"), false],
  [problem(403, "USER_ERROR"), false],
])("only a 400 that is not about the body's form may be a duplicate (%#)", (answer, mayBeDuplicate) => {
  expect(decodeOutcome(answer)).toMatchObject({ kind: "rejected", mayBeDuplicate });
});

test.each([
  [{}, 1_000],
  [{ "retry-after": "7" }, 7_000],
  [{ "retry-after": "0" }, 1_000],
  [{ "retry-after": "86400" }, 60_000],
  [{ "retry-after": "Sat, 21 Nov 2026 10:00:00 GMT" }, 1_000],
])("a 429 with %j waits %i ms", (headers, waitMs) => {
  const verdict = decodeOutcome(answered(429, "", headers));
  expect("error" in verdict && verdict.error.advice).toEqual({ kind: "slow-down", retryAfterMs: waitMs });
});

test("no answer whatever makes the decoder throw, and none but a clear one means done or absent", () => {
  const status = fc.integer({ min: 100, max: 599 });
  const body = fc.oneof(fc.string(), fc.json(), fc.constant('{"o:errorDetails":null,"title":7}'));
  fc.assert(
    fc.property(status, body, (code, text) => {
      const verdict = decodeOutcome(answered(code, text));
      if (verdict.kind === "done") expect(code >= 200 && code < 300).toBe(true);
      if (verdict.kind === "absent") expect(text).toContain("NONEXISTENT_ID");
    }),
  );
});

test("the internal id is read from the address of the new record", () => {
  const at = (location: string): unknown => decodeLocation(answered(204, "", { location }));
  expect(at("https://demo123.suitetalk.api.netsuite.com/services/rest/record/v1/customer/647")).toBe("647");
  expect(at("https://x.test/services/rest/record/v1/salesorder/12/")).toBe("12");
  expect(at("https://x.test/login")).toBeUndefined();
  expect(decodeLocation(answered(204, ""))).toBeUndefined();
});

test("a record is read with its fingerprint, and another record than the asked one is not believed", () => {
  const record = answered(200, { id: "9", externalId: "PS-1", memo: "call first [erpsync:abc] urgent" });
  expect(decodeRecord(record, "PS-1", "memo")).toEqual({ ref: "9", fingerprint: "abc" });
  expect(decodeRecord(record, "PS-1", "custbody_mark")).toEqual({ ref: "9", fingerprint: undefined });
  expect(decodeRecord(record, "PS-2", "memo")).toBeUndefined();
  expect(decodeRecord(answered(200, "<html>"), "PS-1", "memo")).toBeUndefined();
});

test("a fingerprint survives its field, also between the words of people", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (fingerprint, words) => {
      const note = words.replaceAll("[", "(");
      expect(decodeFingerprint(`${note}${encodeFingerprint(fingerprint)}${note}`)).toBe(fingerprint);
    }),
  );
});
