import { describe, expect, test } from "vitest";
import {
  encodeMovement,
  type Movement,
  type OwnWrite,
} from "../../../sidecar/stock/history/encode-movement.ts";

const movement = (cause: string, delta: number, more: Partial<Movement> = {}): Movement => ({
  ...{ id: 5, changeId: 1000, delta, after: 7, cause, source: null, orderId: null, actor: null },
  ...{ at: "2026-11-21 10:00:00.000", ...more },
});
const WRITE: OwnWrite = { id: 88, actor: "ada", reason: "counted", undoes: null, undoneBy: null };
const say = (one: Movement, write?: OwnWrite, repair?: OwnWrite, writer?: Movement): string =>
  encodeMovement(one, { write, repair, writer });
const LINE = { source: "line:7:12#1000", orderId: 1042 };

describe("a movement in words", () => {
  test.each([
    [movement("sale", -2, LINE), undefined, "order 1042 (line 7) took 2"],
    [
      movement("sale", -2, LINE),
      WRITE,
      "order 1042 (line 7) took 2: the shop had not, so erpsync did (write 88, can be undone)",
    ],
    [movement("sale", -2, { orderId: 12 }), undefined, "order 12 took 2"],
    [movement("edit", -1, LINE), undefined, "order 1042 (line 7) was edited: took 1 more"],
    [movement("edit", 1, LINE), undefined, "order 1042 (line 7) was edited: gave 1 back"],
    [movement("cancellation", 2, LINE), undefined, "order 1042 (line 7) was cancelled and gave 2 back"],
    [
      movement("cancellation", -2, LINE),
      undefined,
      "order 1042 (line 7) came back from its cancellation and took 2",
    ],
    [
      movement("return", 1, LINE),
      { ...WRITE, undoneBy: 90 },
      "1 of order 1042 (line 7) went back to stock; the shop forgot it, so erpsync did it (write 88, undone by write 90)",
    ],
    [
      movement("employee", 3, { actor: "AdminProducts", source: "event:0199" }),
      undefined,
      "the product page (AdminProducts) changed it",
    ],
    [movement("employee", 3, { actor: "WebserviceRequest" }), undefined, "the webservice changed it"],
    [movement("employee", 3), undefined, "somebody in the shop changed it"],
    [
      movement("channel", -2, { actor: "pos-lyon", source: "channel:pos-lyon:778:a" }),
      { ...WRITE, reason: "" },
      "pos-lyon sold 2 (key 778:a) (write 88, can be undone)",
    ],
    [
      movement("correction", -1, { source: "correction:5:12" }),
      WRITE,
      "reconciliation 5 set it right: counted (write 88, can be undone)",
    ],
    [
      movement("correction", -1, { source: "discrepancy:9" }),
      WRITE,
      "ada chose the ERP's figure for discrepancy 9: counted (write 88, can be undone)",
    ],
    [
      movement("undo", 1, { source: "undo:80" }),
      { ...WRITE, undoes: 80 },
      "write 80 was taken back by ada: counted (write 88)",
    ],
    [movement("pack", -1), undefined, "the items of the pack allow no other quantity"],
    [movement("gap", 4), undefined, "changed while nobody watched: the difference was adopted"],
    [movement("of a later version", 4), undefined, "of a later version"],
  ])("%o by %o", (one, write, sentence) => {
    expect(say(one, write)).toBe(sentence);
  });

  test("names the stale writer by its order or, without one, by who made the other part of the change", () => {
    expect(say(movement("overwrite", 1, { orderId: 1043 }))).toBe(
      "a stale write of order 1043 threw away -1; it has not been put back",
    );
    const page = movement("employee", 10, { actor: "AdminProducts" });
    expect(say(movement("overwrite", -200), undefined, WRITE, page)).toBe(
      "a stale write of the product page (AdminProducts) threw away +200; erpsync put it back (write 88, can be undone)",
    );
  });
});
