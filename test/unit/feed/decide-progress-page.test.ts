import fc from "fast-check";
import { expect, test } from "vitest";
import { DecodeError } from "../../../sidecar/domain/errors.ts";
import { type ErpRef, type ExternalId, erpRef, shopOrderId } from "../../../sidecar/domain/ids.ts";
import { ERP_STAGES, type ErpProgress } from "../../../sidecar/domain/progress.ts";
import {
  ErpFailedError,
  ErpRejectedError,
  ErpThrottledError,
  ErpUnavailableError,
} from "../../../sidecar/erp/port.ts";
import { decideAfterFailure } from "../../../sidecar/feed/decide-after-failure.ts";
import { decideProgressPage } from "../../../sidecar/feed/decide-progress-page.ts";
import { encodeProgress } from "../../../sidecar/feed/encode-progress.ts";
import { decodeProgress } from "../../../sidecar/orders/decode-progress.ts";

const externalId = (order: number): ExternalId => `PS-main-${String(order)}` as ExternalId;

function saying(order: number, more: Partial<ErpProgress> = {}): ErpProgress {
  return {
    orderExternalId: externalId(order),
    orderRef: erpRef(String(100 + order)),
    stage: "shipped",
    parcels: [],
    invoiceNumbers: [],
    ...more,
  };
}

function knowing(order: number, ref: ErpRef | undefined = erpRef(String(100 + order))) {
  return { orderId: shopOrderId(order), externalId: externalId(order), ref };
}

const anyProgress: fc.Arbitrary<ErpProgress> = fc.record({
  orderExternalId: fc.nat(6).map(externalId),
  orderRef: fc.nat(3).map((ref) => erpRef(String(100 + ref))),
  stage: fc.constantFrom(...ERP_STAGES),
  parcels: fc.array(
    fc.record({ ref: fc.string().map(erpRef), trackingNumber: fc.string(), carrier: fc.string() }),
    { maxLength: 3 },
  ),
  invoiceNumbers: fc.array(fc.string(), { maxLength: 2 }),
});

test("a page that was applied comes to nothing when it is read again", () => {
  fc.assert(
    fc.property(fc.array(anyProgress), fc.uniqueArray(fc.nat(6)), (page, ours) => {
      const known = ours.map((order) => knowing(order));
      const { changed, unknown } = decideProgressPage(page, known, new Map());
      const hashes = new Map(changed.map((row) => [row.id_order, row.content_hash]));
      expect(decideProgressPage(page, known, hashes)).toEqual({ changed: [], unknown });
      expect(changed.map(({ id_order }) => id_order)).toEqual(
        [...new Set(changed.map(({ id_order }) => id_order))].sort((a, b) => a - b),
      );
    }),
  );
});

test("what is written is what an order's job reads", () => {
  fc.assert(
    fc.property(anyProgress, ({ orderExternalId, ...said }) => {
      const row = encodeProgress(shopOrderId(7), { orderExternalId, ...said });
      expect(decodeProgress(7, row)).toEqual(said);
    }),
  );
});

test("any difference in what the ERP says is a change, and the order of an object's fields is none", () => {
  const hash = (progress: ErpProgress): string => encodeProgress(shopOrderId(1), progress).content_hash;
  const parcel = { ref: erpRef("S1"), trackingNumber: "T1", carrier: "DPD" };
  const turned = { carrier: "DPD", trackingNumber: "T1", ref: erpRef("S1") };
  expect(hash(saying(1, { parcels: [turned] }))).toBe(hash(saying(1, { parcels: [parcel] })));
  const sayings = [
    saying(1),
    saying(1, { stage: "closed" }),
    saying(1, { orderRef: erpRef("9") }),
    saying(1, { parcels: [parcel] }),
    saying(1, { parcels: [{ ...parcel, trackingNumber: "T2" }] }),
    saying(1, { parcels: [parcel, { ...parcel, ref: erpRef("S2") }] }),
    saying(1, { invoiceNumbers: ["I1"] }),
    saying(1, { invoiceNumbers: ["I1", "I2"] }),
  ];
  expect(new Set(sayings.map(hash)).size).toBe(sayings.length);
});

test("of two words on one order the later counts, and orders of others are counted only", () => {
  const page = [
    saying(1, { stage: "open" }),
    saying(2),
    saying(1, { stage: "closed" }),
    saying(3, { orderRef: erpRef("9") }),
  ];
  const { changed, unknown } = decideProgressPage(page, [knowing(1), knowing(3)], new Map());
  expect(changed).toMatchObject([{ id_order: 1, stage: "closed" }]);
  expect(unknown).toBe(2);
});

test("an order whose record nobody knows yet is known by its key", () => {
  const known = [{ ...knowing(1), ref: undefined }];
  expect(decideProgressPage([saying(1)], known, new Map()).changed).toMatchObject([{ erp_ref: "101" }]);
});

test("a row that another version wrote, or a hand, is told apart by its order", () => {
  const row = encodeProgress(shopOrderId(7), saying(7));
  const foreign = [
    { ...row, stage: "lost" },
    { ...row, parcels: "[" },
    { ...row, parcels: '[{"ref":"S1"}]' },
    { ...row, invoice_numbers: "{}" },
  ];
  for (const one of foreign) expect(() => decodeProgress(7, one)).toThrow(/order 7/);
});

test("failures in a row are waited out longer and longer, for ten minutes at most", () => {
  const pauses = [1, 2, 3, 4, 8, 50].map(
    (failures) => decideAfterFailure(new ErpUnavailableError("x"), failures).pauseMs,
  );
  expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 600_000, 600_000]);
});

test("a reading is given up where its cursor may be the cause, and never for an ERP that is away or busy", () => {
  expect(decideAfterFailure(new ErpFailedError("x"), 4)).toMatchObject({ restart: false });
  expect(decideAfterFailure(new ErpFailedError("x"), 5)).toMatchObject({ restart: true });
  expect(decideAfterFailure(new DecodeError("x"), 1)).toMatchObject({ restart: true });
  expect(decideAfterFailure(new ErpUnavailableError("x"), 9)).toMatchObject({ restart: false });
  expect(decideAfterFailure(new ErpThrottledError("x", 7), 9)).toEqual({
    kind: "again",
    pauseMs: 7,
    restart: false,
  });
  expect(decideAfterFailure(new ErpRejectedError("x"), 1)).toEqual({ kind: "refused", pauseMs: 3_600_000 });
});
