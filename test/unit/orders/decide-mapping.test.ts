import fc from "fast-check";
import { expect, test } from "vitest";
import { MappingMissingError } from "../../../sidecar/domain/errors.ts";
import type { ErpRef } from "../../../sidecar/domain/ids.ts";
import { ENTRY_COLUMNS, type Entry, FIRST_DAY, LAST_DAY } from "../../../sidecar/domain/mapping-entry.ts";
import { taxRefKey } from "../../../sidecar/domain/order.ts";
import {
  decideMappings,
  indexEntries,
  type KindIndex,
  type MappingFacts,
  type Taxed,
} from "../../../sidecar/orders/decide-mapping.ts";
import { entryHeader } from "../../../sidecar/orders/encode-entry.ts";
import { readEntryFile } from "../../../sidecar/orders/mapping-file.ts";
import { planEntryImport } from "../../../sidecar/orders/plan-entry-import.ts";
import { decide, entry, facts, lacked } from "./entries.ts";

const tax = (
  named: Parameters<typeof entry>[1],
  ref: string,
  days: Parameters<typeof entry>[3] = {},
): Entry => entry("tax", named, ref, days);

/** The tax code of the one line that `facts` has. */
function taxOf(entries: readonly Entry[], about: Partial<MappingFacts> = {}): ErpRef | undefined {
  const decision = decide(entries, about);
  return decision.kind === "found" ? decision.refs.taxes?.["7:12"] : undefined;
}

test("what a column names outweighs all columns to its right", () => {
  const country = tax({ country: "FR" }, "country");
  const rest = tax({ category: "7", tax_rules_group: "12", subsidiary: "S" }, "rest of the world");
  const category = tax({ country: "FR", category: "7" }, "category");
  const group = tax({ country: "FR", tax_rules_group: "12" }, "group");
  const both = tax({ country: "FR", category: "7", tax_rules_group: "12" }, "both");
  const anything = tax({}, "anything");
  const shop = entry("subsidiary", {}, "S");

  expect(taxOf([anything, shop])).toBe("anything");
  expect(taxOf([anything, rest, shop])).toBe("rest of the world");
  expect(taxOf([anything, rest, country, shop])).toBe("country");
  expect(taxOf([anything, rest, country, group, shop])).toBe("group");
  expect(taxOf([anything, rest, country, group, category, shop])).toBe("category");
  expect(taxOf([anything, rest, country, group, category, both, shop])).toBe("both");
});

test("an entry holds from its first day to its last, both included", () => {
  const old = tax({ country: "FR" }, "20", { lastDay: "2026-12-31" });
  const young = tax({ country: "FR" }, "21", { firstDay: "2027-01-01", lastDay: "2027-06-30" });
  expect(taxOf([young, old], { day: "2026-12-31" })).toBe("20");
  expect(taxOf([young, old], { day: "2027-01-01" })).toBe("21");
  expect(taxOf([young, old], { day: "2027-06-30" })).toBe("21");
  expect(lacked([young, old], { day: "2027-07-01" })).toEqual(["tax,FR,,12,,,,"]);
});

test("a less specific entry holds on the days on which a more specific one does not", () => {
  const special = tax({ country: "FR", category: "7" }, "special", {
    firstDay: "2026-12-01",
    lastDay: "2026-12-31",
  });
  const usual = tax({ country: "FR" }, "usual");
  expect(taxOf([special, usual], { day: "2026-11-30" })).toBe("usual");
  expect(taxOf([special, usual], { day: "2026-12-01" })).toBe("special");
});

test("a kind without an entry is not in use, and an order needs all the others", () => {
  expect(decide([])).toEqual({ kind: "found", refs: {} });
  expect(decide([entry("currency", { currency: "EUR" }, "1")])).toEqual({
    kind: "found",
    refs: { currency: "1" },
  });
  expect(lacked([entry("currency", { currency: "USD" }, "2")])).toEqual(["currency,EUR,"]);
});

test("every kind is looked up by its own columns", () => {
  const entries = [
    entry("subsidiary", { shop: "1" }, "S1"),
    entry("currency", { currency: "EUR" }, "1"),
    tax({ country: "FR", category: "shipping" }, "T-ship"),
    tax({ country: "FR", tax_rules_group: "12", subsidiary: "S1" }, "T-12"),
    entry("payment", { module: "mollie" }, "P-any"),
    entry("payment", { module: "mollie", method: "iDEAL" }, "P-ideal"),
    entry("carrier", { carrier: "2" }, "C-2"),
    entry("state", { state: "5" }, "delivered"),
  ];
  const decision = decide(entries, {
    paymentModule: "mollie",
    paymentMethod: "iDEAL",
    stateId: 5,
    taxed: ["shipping", { categoryId: 7, taxRulesGroupId: 12 }],
  });
  expect(decision).toEqual({
    kind: "found",
    refs: {
      subsidiary: "S1",
      currency: "1",
      payment: "P-ideal",
      carrier: "C-2",
      state: "delivered",
      taxes: { "7:12": "T-12", "shipping:": "T-ship" },
    },
  });
});

test("what an order has no value for is named by no row that it matches", () => {
  const entries = [
    entry("subsidiary", {}, "S"),
    tax({ country: "FR" }, "country"),
    tax({ country: "FR", subsidiary: "S" }, "subsidiary"),
    // Names the group, which shipping has not, and must not lend its weight to the row with the country alone.
    tax({ country: "FR", tax_rules_group: "12" }, "group"),
  ];
  const decision = decide(entries, { taxed: ["shipping"] });
  expect(decision).toMatchObject({ refs: { taxes: { "shipping:": "subsidiary" } } });
});

test("the references have the same JSON whatever the order of the lines", () => {
  const lines: readonly Taxed[] = [
    { categoryId: 9, taxRulesGroupId: 1 },
    { categoryId: 10, taxRulesGroupId: 1 },
    "shipping",
  ];
  const entries = [tax({ country: "FR" }, "20")];
  const json = JSON.stringify(decide(entries, { taxed: lines }));
  expect(JSON.stringify(decide(entries, { taxed: [...lines].reverse() }))).toBe(json);
  expect(json).toContain('{"10:1":"20","9:1":"20","shipping:":"20"}');
});

test("an order without a carrier, or whose state nobody asks for, lacks neither", () => {
  const entries = [entry("carrier", { carrier: "9" }, "C"), entry("state", { state: "9" }, "Z")];
  expect(decide(entries, { carrierReference: 0 })).toEqual({ kind: "found", refs: {} });
  expect(lacked(entries, { stateId: 2 })).toEqual(["carrier,2,,", "state,2,"]);
});

test("an order that lacks entries parks with all rows to add, and waits for the first of the kinds", () => {
  const entries = [
    tax({ country: "DE" }, "19"),
    entry("payment", { module: "mollie" }, "P"),
    entry("carrier", { carrier: "2" }, "C-2"),
  ];
  const decision = decide(entries, {
    taxed: [
      { categoryId: 7, taxRulesGroupId: 12 },
      { categoryId: 8, taxRulesGroupId: 12 },
      { categoryId: 8, taxRulesGroupId: 0 },
      "shipping",
    ],
  });
  if (decision.kind !== "missing") throw new RangeError("found");
  expect(decision.rows).toEqual([
    "tax,FR,,12,,,,",
    "tax,FR,,0,,,,",
    "tax,FR,shipping,,,,,",
    "payment,ps_wirepayment,,,",
  ]);
  expect(decision.waitsFor).toBe("mapping:tax");
  expect(decision.error).toBeInstanceOf(MappingMissingError);
  expect(decision.error.message).toContain("tax,FR,,12,,,, ; tax,FR,,0,,,,");
});

test("a row to add names the subsidiary where the entries of its kind do", () => {
  const entries = [
    entry("subsidiary", { country: "FR" }, "S, 1"),
    tax({ country: "DE", subsidiary: "S2" }, "19"),
    entry("carrier", { carrier: "9" }, "C"),
  ];
  expect(lacked(entries)).toEqual(['tax,FR,,12,"S, 1",,,', "carrier,2,,"]);
});

test("where the subsidiary is missing, rows that would name it wait for it", () => {
  const entries = [
    entry("subsidiary", { country: "DE" }, "S2"),
    tax({ country: "DE", subsidiary: "S2" }, "19"),
    entry("carrier", { carrier: "9" }, "C"),
  ];
  expect(lacked(entries)).toEqual(["subsidiary,,FR,", "carrier,2,,"]);
  expect(decide(entries)).toMatchObject({ waitsFor: "mapping:subsidiary" });
});

test("a row for a day between two entries fills the days between them", () => {
  const before = tax({ country: "FR", tax_rules_group: "12" }, "a", { lastDay: "2026-10-31" });
  const after = tax({ country: "FR", tax_rules_group: "12" }, "b", { firstDay: "2026-12-01" });
  expect(lacked([before, after])).toEqual(["tax,FR,,12,,2026-11-01,2026-11-30,"]);
  expect(lacked([before])).toEqual(["tax,FR,,12,,2026-11-01,,"]);
  expect(lacked([after])).toEqual(["tax,FR,,12,,,2026-11-30,"]);
});

test("among 5,000 entries a look-up asks once for each combination of named columns", () => {
  const entries = Array.from({ length: 5_000 }, (_, n) =>
    tax(
      {
        country: n % 2 === 0 ? "FR" : "DE",
        category: n % 3 === 0 ? "" : String(n % 40),
        tax_rules_group: String(Math.floor(n / 10)),
      },
      `T${n}`,
      { firstDay: `${2000 + (n % 10)}-01-01`, lastDay: `${2000 + (n % 10)}-12-31` },
    ),
  );
  const asked: string[] = [];
  const index = indexEntries("tax", entries);
  class Counted extends Map<string, readonly Entry[]> {
    override get(key: string): readonly Entry[] | undefined {
      asked.push(key);
      return super.get(key);
    }
  }
  const counted: KindIndex = { ...index, slots: new Counted(index.slots) };
  for (const [n, one] of entries.entries()) {
    const category = one.selector[1] === "" ? 99 : Number(one.selector[1]);
    const taxed = [{ categoryId: category, taxRulesGroupId: Number(one.selector[2]) }];
    const about = facts({ country: one.selector[0]!, day: `${2000 + (n % 10)}-06-30`, taxed });
    const decision = decideMappings(new Map([["tax" as const, counted]]), about);
    expect(decision).toMatchObject({ kind: "found", refs: { taxes: { [taxRefKey(taxed[0]!)]: one.ref } } });
  }
  expect(asked.length).toBeLessThanOrEqual(entries.length * index.masks.length);
  expect(index.masks.length).toBe(2);
});

const DAYS = ["2026-01-01", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01"];
const anyEntry: fc.Arbitrary<Entry> = fc
  .record({
    country: fc.constantFrom("", "FR", "DE"),
    category: fc.constantFrom("", "7", "8", "shipping"),
    tax_rules_group: fc.constantFrom("", "12", "0"),
    subsidiary: fc.constantFrom("", "S", "R"),
    from: fc.constantFrom(FIRST_DAY, ...DAYS),
    to: fc.constantFrom(LAST_DAY, ...DAYS),
    ref: fc.integer({ min: 1, max: 1e6 }).map(String),
  })
  .map(({ from, to, ref, ...named }) =>
    tax(named, ref, { firstDay: from < to ? from : to, lastDay: from < to ? to : from }),
  );
const anyFacts: fc.Arbitrary<MappingFacts> = fc
  .record({
    country: fc.constantFrom("FR", "DE", "IT"),
    day: fc.constantFrom("2025-12-31", "2026-03-01", ...DAYS),
    taxed: fc
      .record({
        category: fc.constantFrom<7 | 8 | "shipping">(7, 8, "shipping"),
        taxRulesGroupId: fc.constantFrom(12, 0),
      })
      .map(({ category, taxRulesGroupId }) =>
        category === "shipping" ? [category] : [{ categoryId: category, taxRulesGroupId }],
      ),
  })
  .map(facts);

const isShared = (a: Entry, b: Entry): boolean =>
  a.selector.join("|") === b.selector.join("|") && a.firstDay <= b.lastDay && b.firstDay <= a.lastDay;

/** Entries none of which shares a day with another of its selector. */
const anyEntries = fc
  .array(anyEntry, { maxLength: 30 })
  .map((all) =>
    all.reduce<Entry[]>(
      (kept, one) => (kept.some((other) => isShared(one, other)) ? kept : [...kept, one]),
      [],
    ),
  );
const anySubsidiary = fc.constantFrom<readonly Entry[]>([], [entry("subsidiary", {}, "S")]);

/** The most specific entry, found by looking at all of them column by column. */
function naive(entries: readonly Entry[], about: MappingFacts, subsidiary: string): Entry | undefined {
  const [taxed] = about.taxed;
  const product =
    typeof taxed === "object" ? [String(taxed.categoryId), String(taxed.taxRulesGroupId)] : [taxed, ""];
  const values = [about.country, ...product, subsidiary];
  const matching = entries.filter(
    (one) =>
      one.firstDay <= about.day &&
      about.day <= one.lastDay &&
      one.selector.every((value, column) => value === "" || value === values[column]),
  );
  return matching.find((one) =>
    matching.every((other) => {
      const column = ENTRY_COLUMNS.tax.findIndex(
        (_, place) => (one.selector[place] === "") !== (other.selector[place] === ""),
      );
      return column === -1 || one.selector[column] !== "";
    }),
  );
}

test("the entry that is chosen is the most specific one that holds on the day", () => {
  fc.assert(
    fc.property(anyEntries, anySubsidiary, anyFacts, (entries, subsidiaries, about) => {
      fc.pre(entries.length > 0);
      const expected = naive(entries, about, subsidiaries.length > 0 ? "S" : "");
      const decision = decide([...entries, ...subsidiaries], about);
      const key = taxRefKey(about.taxed[0]!);
      const ref = decision.kind === "found" ? decision.refs.taxes?.[key] : undefined;
      expect(ref).toBe(expected?.ref);
      expect(decision.kind).toBe(expected === undefined ? "missing" : "found");
    }),
    { numRuns: 3_000 },
  );
});

test("the row that an order is told to add is taken by the import, and then the order lacks nothing", () => {
  let missed = 0;
  fc.assert(
    fc.property(anyEntries, anySubsidiary, anyFacts, (entries, subsidiaries, about) => {
      fc.pre(entries.length > 0);
      const rows = lacked([...entries, ...subsidiaries], about);
      missed += rows.length;
      const text = [entryHeader("tax").join(","), ...rows.map((row) => `${row}NEW`), ""].join("\n");
      const file = readEntryFile("tax", text);
      expect(file.faults).toEqual([]);
      const plan = planEntryImport(entries, file.entries, false);
      expect(plan.faults).toEqual([]);
      expect(plan.added).toBe(rows.length);
      const after = [...entries, ...plan.write, ...subsidiaries];
      expect(decide(after, about).kind).toBe("found");
    }),
    { numRuns: 2_000 },
  );
  expect(missed).toBeGreaterThan(100);
});
