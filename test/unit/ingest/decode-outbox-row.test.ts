import fc from "fast-check";
import { expect, test } from "vitest";
import { orderSubject, shopOrderId } from "../../../sidecar/domain/ids.ts";
import type { Mark } from "../../../sidecar/domain/job.ts";
import { decodeOutboxRow, mergeMarks } from "../../../sidecar/ingest/decode-outbox-row.ts";

const ROW = {
  id: 1,
  event_id: "0b6f6f7e-0000-4000-8000-000000000000",
  type: "order.status_changed",
  version: 1,
  subject: "order:12",
  id_shop: 1,
  occurred_at: "2026-11-21 10:00:00.000000",
  traceparent: "00-aa-bb-01",
  payload: null,
};

test("a status row makes its order worked at once, and a new order waits for its status row", () => {
  expect(decodeOutboxRow(ROW)).toMatchObject({ kind: "mark", mark: { subject: "order:12", when: "now" } });
  const placed = decodeOutboxRow({ ...ROW, type: "order.placed" });
  expect(placed).toMatchObject({ kind: "mark", mark: { when: "whole" } });
});

test("an edited customer is marked only where the customer has a job", () => {
  const row = decodeOutboxRow({ ...ROW, type: "customer.changed", subject: "customer:9" });
  expect(row.kind).toBe("mark-known");
});

test("stock and product events are recorded for the stages that read them", () => {
  expect(decodeOutboxRow({ ...ROW, type: "stock.moved", subject: "stock:1:0:1" })).toEqual({
    kind: "record",
  });
  expect(decodeOutboxRow({ ...ROW, type: "product.changed", subject: "product:1" })).toEqual({
    kind: "record",
  });
});

test("an unknown type, version or subject is quarantined with the reason and never guessed", () => {
  expect(decodeOutboxRow({ ...ROW, version: 2 })).toMatchObject({ kind: "quarantine" });
  expect(decodeOutboxRow({ ...ROW, type: "order.exploded" })).toMatchObject({ kind: "quarantine" });
  expect(decodeOutboxRow({ ...ROW, subject: "order:x" })).toMatchObject({ kind: "quarantine" });
  expect(decodeOutboxRow({ ...ROW, subject: "product:4" })).toMatchObject({ kind: "quarantine" });
});

test("no row whatever stops the ingest by an exception", () => {
  fc.assert(
    fc.property(fc.anything(), (row) => {
      expect(() => decodeOutboxRow(row)).not.toThrow();
    }),
  );
});

test("several events of one subject are one mark, the most urgent", () => {
  const mark = fc.record({
    subject: fc.integer({ min: 1, max: 4 }).map((id) => orderSubject(shopOrderId(id))),
    when: fc.constantFrom("now" as const, "soon" as const, "whole" as const),
    traceparent: fc.constant(null),
  });
  fc.assert(
    fc.property(fc.array(mark), (marks: Mark[]) => {
      const merged = mergeMarks(marks);
      expect(new Set(merged.map((one) => one.subject)).size).toBe(merged.length);
      for (const one of merged) {
        const same = marks.filter((other) => other.subject === one.subject);
        const most = (["now", "whole", "soon"] as const).find((when) =>
          same.some((other) => other.when === when),
        );
        expect(one.when).toBe(most);
      }
    }),
  );
});
