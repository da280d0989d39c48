import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Candidate,
  decideEpochStart,
  decideGenuineUpTo,
  decideProof,
  decideRetire,
  shopTimeAfter,
} from "../../../sidecar/identity/decide-adoption.ts";

const plain: Candidate = {
  id: 7,
  fingerprint: "now",
  mapping: undefined,
  erp: undefined,
  openFingerprint: undefined,
};

test("a record is proven by its mapping, found by the ERP, or another one's namesake", () => {
  const mapped = (fingerprint: string): Candidate => ({
    ...plain,
    mapping: { kind: "fingerprint", fingerprint },
  });
  const inErp = (fingerprint: string | undefined): Candidate => ({
    ...plain,
    erp: { kind: "record", fingerprint },
  });

  expect(decideProof(mapped("now"))).toBe("proven");
  expect(decideProof(mapped("before"))).toBe("stranger");
  expect(decideProof({ ...plain, mapping: { kind: "trusted" } })).toBe("proven");
  expect(decideProof({ ...plain, mapping: { kind: "untrusted" } })).toBe("unknown");
  expect(decideProof(inErp("now"))).toBe("found");
  expect(decideProof(inErp("before"))).toBe("stranger");
  expect(decideProof(inErp(undefined))).toBe("stranger");
  expect(decideProof({ ...plain, erp: { kind: "nothing" } })).toBe("unknown");
});

test("an open operation of the record itself is never put away, and all traces of others are", () => {
  const nothing = { ...plain, erp: { kind: "nothing" } } as const;
  expect(decideRetire({ ...nothing, openFingerprint: "now" })).toBe(false);
  expect(decideRetire({ ...nothing, openFingerprint: "before" })).toBe(true);
  expect(
    decideRetire({ ...plain, erp: { kind: "record", fingerprint: "before" }, openFingerprint: "now" }),
  ).toBe(true);
  expect(decideRetire({ ...plain, mapping: { kind: "fingerprint", fingerprint: "now" } })).toBe(false);
  expect(decideRetire(undefined)).toBe(true);
});

test("marks vouch for ids only up to what was certainly not handed out again", () => {
  const marks = { rowHighWater: 100, fileHighWater: 110, max: 120, sameAtHighWater: false };
  expect(decideGenuineUpTo(marks, true)).toBe(100);
  const cleared = { rowHighWater: 110, fileHighWater: 110, max: 5, sameAtHighWater: undefined };
  expect(decideGenuineUpTo(cleared, false)).toBe(0);
  expect(decideGenuineUpTo({ ...cleared, max: 130, sameAtHighWater: false }, false)).toBe(0);
  expect(decideGenuineUpTo({ ...cleared, max: 130, sameAtHighWater: true }, false)).toBe(110);
});

test("the new epoch begins above all that is proven, and never above a stranger", () => {
  const id = fc.integer({ min: 1, max: 1_000 });
  fc.assert(
    fc.property(
      fc.nat(1_000),
      fc.nat(1_000),
      fc.option(id, { nil: undefined }),
      (proven, genuine, stranger) => {
        const start = decideEpochStart({
          highestProven: proven,
          genuineUpTo: genuine,
          lowestStranger: stranger,
        });
        expect(start).toBeGreaterThanOrEqual(1);
        expect(start).toBeLessThanOrEqual(Math.max(proven, genuine) + 1);
        if (stranger === undefined) expect(start).toBe(Math.max(proven, genuine) + 1);
        else expect(start).toBeLessThanOrEqual(stranger);
      },
    ),
  );
});

test("a time of the database is told in the shop's time zone, summer time included", () => {
  expect(shopTimeAfter("2026-01-10 12:00:00.123456", "Europe/Paris")).toBe("2026-01-10 13:01:00");
  expect(shopTimeAfter("2026-07-10 12:00:00.123456", "Europe/Paris")).toBe("2026-07-10 14:01:00");
  expect(shopTimeAfter("2026-07-10 23:59:30.000000", "UTC")).toBe("2026-07-11 00:00:30");
});
