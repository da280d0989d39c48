import { describe, expect, test } from "vitest";
import type { MovementAnswer } from "../../../sidecar/stock/writer/channel-movements.ts";
import { encodeAnswers } from "../../../sidecar/stock/writer/encode-movement-answers.ts";

const of = { channel: "pos", key: "1" };
const written: MovementAnswer = { ...of, outcome: "written", write: 7, quantityAfter: 3 };
const known: MovementAnswer = { ...of, outcome: "known", write: 7, quantityAfter: 3 };
const fails = (outcome: "conflict" | "refused" | "busy", code: string): MovementAnswer => ({
  ...of,
  outcome,
  fault: { code, message: "m", remedy: "r" },
});

describe("the answer to a channel", () => {
  test("is the movement's own where it asked for one", () => {
    expect(encodeAnswers([written], true)).toEqual({ status: 200, body: written });
    const statuses = [
      fails("conflict", "key_used"),
      fails("busy", "busy"),
      fails("refused", "unknown_reference"),
      fails("refused", "not_managed"),
    ].map((answer) => encodeAnswers([answer], true).status);
    expect(statuses).toEqual([409, 503, 404, 422]);
    expect(encodeAnswers([fails("busy", "busy")], true).body).toEqual({
      ...of,
      outcome: "busy",
      error: { code: "busy", message: "m", remedy: "r" },
    });
  });

  test("is 200 for a list only where every movement stands, and else says each one's own status", () => {
    expect(encodeAnswers([written, known], false)).toMatchObject({ status: 200 });
    expect(encodeAnswers([written, fails("busy", "busy")], false)).toMatchObject({
      status: 207,
      body: { movements: [{ status: 200 }, { status: 503, outcome: "busy" }] },
    });
    expect(encodeAnswers([written], false).body).toEqual({ movements: [{ status: 200, ...written }] });
  });
});
