import fc from "fast-check";
import { expect, test } from "vitest";
import { dayBeside, type Entry, FIRST_DAY, LAST_DAY } from "../../../sidecar/domain/mapping-entry.ts";
import { findGaps, findOverlaps } from "../../../sidecar/orders/check-entries.ts";
import { planEntryImport } from "../../../sidecar/orders/plan-entry-import.ts";
import { entry } from "./entries.ts";

const france = (firstDay: string, lastDay: string, ref = "20"): Entry =>
  entry("tax", { country: "FR" }, ref, { firstDay, lastDay });
const placed = (entries: readonly Entry[]) => entries.map((one, index) => ({ entry: one, line: index + 2 }));

test("entries of one selector overlap where they share a day, also where one lies within another", () => {
  const apart = [france(FIRST_DAY, "2026-12-31"), france("2027-01-01", LAST_DAY)];
  expect(findOverlaps(placed(apart))).toEqual([]);
  const touching = [france(FIRST_DAY, "2027-01-01"), france("2027-01-01", LAST_DAY)];
  expect(findOverlaps(placed(touching))).toHaveLength(1);
  const within = [
    france(FIRST_DAY, LAST_DAY),
    france("2026-01-01", "2026-01-02"),
    france("2026-03-01", "2026-03-02"),
  ];
  expect(findOverlaps(placed(within)).map(({ later }) => later.line)).toEqual([3, 4]);
});

test("entries of other selectors never overlap, however much they match the same orders", () => {
  const entries = [france(FIRST_DAY, LAST_DAY), entry("tax", {}, "0"), entry("tax", { category: "7" }, "7")];
  expect(findOverlaps(placed(entries))).toEqual([]);
});

const anyDays = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, length]) => france(isoDay(from), isoDay(from + length)));
const isoDay = (day: number): string => new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10);

test("an overlap is found if and only if a day is held twice, and a gap is every day between that none holds", () => {
  fc.assert(
    fc.property(fc.array(anyDays, { minLength: 1, maxLength: 6 }), (entries) => {
      const held = Array.from({ length: 90 }, (_, day) => {
        const iso = isoDay(day);
        return entries.filter((one) => one.firstDay <= iso && iso <= one.lastDay).length;
      });
      const isTwice = held.some((count) => count > 1);
      expect(findOverlaps(placed(entries)).length > 0).toBe(isTwice);
      if (isTwice) return;
      const first = held.findIndex((count) => count > 0);
      const last = held.findLastIndex((count) => count > 0);
      const free = held.flatMap((count, day) =>
        count === 0 && day > first && day < last ? [isoDay(day)] : [],
      );
      const told = findGaps(entries).flatMap((gap) => {
        const days: string[] = [];
        for (let day = gap.firstDay; day <= gap.lastDay; day = dayBeside(day, 1)) days.push(day);
        return days;
      });
      expect(told).toEqual(free);
    }),
  );
});

test("a gap names the row that would fill it, and entries that meet leave none", () => {
  expect(findGaps([france(FIRST_DAY, "2026-12-31"), france("2027-01-01", LAST_DAY)])).toEqual([]);
  const entries = [france("2027-02-01", LAST_DAY), france(FIRST_DAY, "2026-12-31")];
  expect(findGaps(entries)).toEqual([
    { row: "tax,FR,,,,2027-01-01,2027-01-31,", firstDay: "2027-01-01", lastDay: "2027-01-31" },
  ]);
});

test("an import replaces entries with the same selector and first day, and keeps the others", () => {
  const standing = [france(FIRST_DAY, LAST_DAY, "20"), entry("tax", { country: "DE" }, "19")];
  const file = placed([france(FIRST_DAY, "2026-12-31", "20"), france("2027-01-01", LAST_DAY, "21")]);
  const plan = planEntryImport(standing, file, false);
  expect(plan).toMatchObject({ faults: [], added: 1, changed: 1, same: 0, remove: [] });
  expect(plan.write).toHaveLength(2);
});

test("an entry that shares days with one that stands is refused with its line and both rows", () => {
  const plan = planEntryImport(
    [france(FIRST_DAY, LAST_DAY)],
    placed([france("2027-01-01", LAST_DAY, "21")]),
    false,
  );
  expect(plan.faults).toEqual([
    "line 2: tax,FR,,,,2027-01-01,,21 holds on days of an entry that stands, tax,FR,,,,,,20: end one before the other begins",
  ]);
});

test("a file that is the whole list removes what it does not hold, and may rearrange the days", () => {
  const standing = [france(FIRST_DAY, LAST_DAY), entry("tax", { country: "DE" }, "19")];
  const plan = planEntryImport(standing, placed([france("2027-01-01", LAST_DAY, "21")]), true);
  expect(plan).toMatchObject({ faults: [], added: 1, changed: 0, same: 0 });
  expect(plan.remove).toEqual(standing);
});

test("an import of what stands already writes nothing", () => {
  const standing = [france(FIRST_DAY, LAST_DAY)];
  expect(planEntryImport(standing, placed(standing), true)).toMatchObject({ write: [], remove: [], same: 1 });
});
