import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ComparedRow,
  type CorrectionBounds,
  decideCorrections,
  decideDrift,
  rowsAllowed,
} from "../../../sidecar/stock/reconcile/decide-reconciliation.ts";

const BOUNDS: CorrectionBounds = { units: 2, share: 0.05, rowsMax: 50, rowsShareMax: 0.01 };
const quiet = (shopUnits: number, targetUnits: number | null, ledgerUnits = shopUnits): ComparedRow => ({
  ...{ row: 7, shopUnits, ledgerUnits, targetUnits, isSettled: true, hasOrderUnderWay: false },
});

describe("a row's drift", () => {
  test("is none where shop, ledger and ERP agree, or shop and ledger where the ERP has no say", () => {
    expect(decideDrift(quiet(40, 40), BOUNDS)).toBeUndefined();
    expect(decideDrift(quiet(40, null), BOUNDS)).toBeUndefined();
    expect(decideDrift(quiet(40, null, 41), BOUNDS)).toMatchObject({
      excessUnits: -1,
      leftBecause: "ledger-differs",
    });
    // The shop agrees with the ERP, but the ledger cannot tell how it came to it.
    expect(decideDrift(quiet(40, 40, 41), BOUNDS)).toMatchObject({
      excessUnits: 0,
      leftBecause: "ledger-differs",
    });
  });

  test.each([
    [1, 19, "too-large-a-share"],
    [1, 20, undefined],
    [2, 39, "too-large-a-share"],
    [2, 40, undefined],
    [3, 1_000, "too-many-units"],
    [1, 0, "too-large-a-share"],
    [1, -30, "too-large-a-share"],
  ])("of %i units at a figure of %i is %s with 2 units and 5 %%", (units, figure, because) => {
    expect(decideDrift(quiet(figure + units, figure), BOUNDS)?.leftBecause).toBe(because);
    expect(decideDrift(quiet(figure - units, figure), BOUNDS)?.leftBecause).toBe(because);
  });

  test("is no smaller for a share that binary fractions cannot hold", () => {
    expect(decideDrift(quiet(71, 100), { ...BOUNDS, units: 100, share: 0.29 })?.leftBecause).toBeUndefined();
  });

  test("is left alone while the row is not quiet or an order is under way", () => {
    expect(decideDrift({ ...quiet(99, 100), isSettled: false }, BOUNDS)?.leftBecause).toBe("not-quiet");
    expect(decideDrift({ ...quiet(99, 100), hasOrderUnderWay: true }, BOUNDS)?.leftBecause).toBe(
      "order-under-way",
    );
  });
});

const bounds: fc.Arbitrary<CorrectionBounds> = fc.record({
  units: fc.integer({ min: 0, max: 20 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  rowsMax: fc.integer({ min: 0, max: 60 }),
  rowsShareMax: fc.double({ min: 0, max: 1, noNaN: true }),
});
const figure = fc.integer({ min: -50, max: 500 });
const row: fc.Arbitrary<ComparedRow> = fc
  .record({
    shopUnits: figure,
    ledgerOff: fc.constantFrom(0, 0, 0, 0, 1, -3),
    off: fc.integer({ min: -6, max: 6 }),
    hasSay: fc.boolean(),
    isSettled: fc.boolean(),
    hasOrderUnderWay: fc.boolean(),
  })
  .map(({ hasSay, ledgerOff, off, ...rest }) => ({
    ...rest,
    row: 0,
    ledgerUnits: rest.shopUnits + ledgerOff,
    targetUnits: hasSay ? rest.shopUnits - off : null,
  }));

describe("a run of reconciliation", () => {
  test("never corrects beyond its bounds, and its undo restores every figure", () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 120 }), bounds, (rows, limits) => {
        const compared = rows.map((one, index) => ({ ...one, row: index + 1 }));
        const drifts = compared.flatMap((one) => decideDrift(one, limits) ?? []);
        const withFigure = compared.filter(({ targetUnits }) => targetUnits !== null).length;
        const decided = decideCorrections(drifts, withFigure, limits);
        const corrections = decided.kind === "capped" ? [] : decided.drifts;

        expect(corrections.length).toBeLessThanOrEqual(limits.rowsMax);
        expect(corrections.length).toBeLessThan(withFigure * limits.rowsShareMax + 1);
        const figures = new Map(compared.map((one) => [one.row, one.shopUnits]));
        for (const drift of corrections) {
          expect(drift).toMatchObject({ isSettled: true, hasOrderUnderWay: false });
          expect(drift.ledgerUnits).toBe(drift.shopUnits);
          const units = Math.abs(drift.excessUnits);
          expect(units).toBeGreaterThan(0);
          expect(units).toBeLessThanOrEqual(limits.units);
          expect(units).toBeLessThanOrEqual((drift.targetUnits ?? 0) * limits.share + 1e-6);
          figures.set(drift.row, drift.shopUnits - drift.excessUnits);
          expect(figures.get(drift.row)).toBe(drift.targetUnits);
        }
        for (const drift of corrections) {
          figures.set(drift.row, (figures.get(drift.row) ?? 0) + drift.excessUnits);
        }
        expect([...figures.values()]).toEqual(compared.map((one) => one.shopUnits));
      }),
    );
  });

  test("corrects all that it wants or, beyond the cap, nothing at all", () => {
    const drifts = [1, 2, 3].flatMap((id) => decideDrift({ ...quiet(101, 100), row: id }, BOUNDS) ?? []);
    expect(decideCorrections(drifts, 300, BOUNDS)).toEqual({ kind: "correct", drifts });
    expect(decideCorrections(drifts, 200, BOUNDS)).toEqual({
      ...{ kind: "capped", wantedRows: 3, allowedRows: 2 },
    });
  });

  test("finds a drift wherever two sides differ, and nowhere else", () => {
    fc.assert(
      fc.property(row, bounds, (one, limits) => {
        const differ =
          one.shopUnits !== one.ledgerUnits || one.shopUnits !== (one.targetUnits ?? one.shopUnits);
        expect(decideDrift(one, limits) !== undefined).toBe(differ);
      }),
    );
  });

  test.each([
    [0, 0],
    [1, 1],
    [100, 1],
    [101, 2],
    [4_900, 49],
    [1_000_000, 50],
  ])("over %i rows may correct %i", (rows, allowed) => {
    expect(rowsAllowed(rows, BOUNDS)).toBe(allowed);
    expect(rowsAllowed(rows, { ...BOUNDS, rowsMax: 0 })).toBe(0);
    expect(rowsAllowed(rows, { ...BOUNDS, rowsShareMax: 0 })).toBe(0);
  });
});
