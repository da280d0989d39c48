import { expect, test } from "vitest";
import type { LineRecord } from "../../../sidecar/stock/ledger/decide-lines.ts";
import { decideSettledLines } from "../../../sidecar/stock/ledger/decide-settlement.ts";

/** Three units of a line, none of them moved. */
const LINE: LineRecord = {
  detailId: 7,
  row: 1,
  orderId: 70,
  factor: 1,
  whole: 3,
  units: 3,
  moved: 0,
  settled: 0,
  cause: "sale",
  changeId: 10,
  isAnnounced: true,
  firstSeenAt: "2026-12-01 10:00:00.000",
};
const moved = (row: number, units: number) => ({ detailId: 7, row, moved: units, settled: 0, changeId: 12 });

test("a line that is moved whole keeps its place", () => {
  expect(decideSettledLines([LINE], [moved(1, -3)])).toEqual([{ ...LINE, moved: -3 }]);
});

test("what a line still owes is named after the change that moved the rest", () => {
  expect(decideSettledLines([LINE], [moved(1, -2)])).toEqual([{ ...LINE, moved: -2, changeId: 12 }]);
});

test("units that nobody moves are settled, and leave the place as it is", () => {
  const dropped = { detailId: 7, row: 1, moved: 0, settled: -2, changeId: 0 };
  expect(decideSettledLines([LINE], [dropped])).toEqual([{ ...LINE, settled: -2 }]);
});

test("a pack's line on two rows is settled on each by itself, and a line that is gone is left out", () => {
  const other = { ...LINE, row: 2 };
  const sums = [moved(2, -3), { ...moved(1, -3), detailId: 8 }];
  expect(decideSettledLines([LINE, other], sums)).toEqual([{ ...other, moved: -3 }]);
});
