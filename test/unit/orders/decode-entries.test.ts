import fc from "fast-check";
import { expect, test } from "vitest";
import { ENTRY_KINDS, FIRST_DAY, LAST_DAY } from "../../../sidecar/domain/mapping-entry.ts";
import { encodeEntry, entryHeader } from "../../../sidecar/orders/encode-entry.ts";
import { readEntryFile } from "../../../sidecar/orders/mapping-file.ts";
import { entry } from "./entries.ts";

const TAX = "kind,country,category,tax_rules_group,subsidiary,from,to,erp_ref";

test("a row is read with what it names, what it leaves open, and its days", () => {
  const { entries, faults } = readEntryFile(
    "tax",
    `${TAX}\ntax,fr,,12,,2026-01-01,2026-12-31,FR20\ntax,,,,,,,ZERO\n`,
  );
  expect(faults).toEqual([]);
  const days = { firstDay: "2026-01-01", lastDay: "2026-12-31" };
  expect(entries).toEqual([
    { line: 2, entry: entry("tax", { country: "FR", tax_rules_group: "12" }, "FR20", days) },
    { line: 3, entry: entry("tax", {}, "ZERO") },
  ]);
});

test("every faulty row is told at once with its line, overlaps too, and nothing of the file is used", () => {
  const rows = [
    "tax,France,,12,,,,A",
    "tax,DE,shoes,x,,,,B",
    "tax,ES,,,,2026-02-30,1.1.2027,C",
    "tax,IT,,,,2027-01-01,2026-12-31,D",
    "tax,PT,,,,,,",
    "tax,PT,,,",
    "carrier,PT,,,,,,E",
    "tax,GR,,,,,2026-12-31,F",
    "tax,GR,,,,2026-12-31,,G",
  ];
  const { entries, faults } = readEntryFile("tax", `${[TAX, ...rows].join("\n")}\n`);
  expect(entries).toEqual([]);
  expect(faults).toEqual([
    'line 2: country "FRANCE" must be an ISO code such as FR, or empty for any',
    'line 3: category "shoes" must be a category\'s id, shipping or wrapping, or empty for any',
    'line 3: tax_rules_group "x" must be the id of a tax rules group, or empty for any',
    'line 4: from "2026-02-30" must be a day such as 2027-01-01, or empty',
    'line 4: to "1.1.2027" must be a day such as 2026-12-31, the last one, or empty',
    "line 5: from 2027-01-01 is after to 2026-12-31",
    'line 6: erp_ref "" must be the ERP\'s own id, 1 to 96 characters',
    "line 7: 5 fields instead of 8; a field with a comma needs quotes",
    'line 8: kind "carrier" must be tax',
    "line 10: tax,GR,,,,2026-12-31,,G holds on days of line 9, tax,GR,,,,,2026-12-31,F: end one before the other begins",
  ]);
});

test("each kind has its own columns, and a file of another kind is refused as a whole", () => {
  expect(ENTRY_KINDS.map((kind) => entryHeader(kind).join(","))).toEqual([
    "kind,shop,country,erp_ref",
    "kind,currency,erp_ref",
    TAX,
    "kind,module,method,subsidiary,erp_ref",
    "kind,carrier,subsidiary,erp_ref",
    "kind,state,erp_ref",
  ]);
  expect(readEntryFile("carrier", `${TAX}\n`).faults).toEqual([
    'line 1: the header must be "kind,carrier,subsidiary,erp_ref"',
  ]);
  expect(readEntryFile("carrier", 'kind,carrier,subsidiary,erp_ref\ncarrier,"2,,A\n').faults).toHaveLength(1);
});

test("a currency must be named, since no two are the same to an ERP", () => {
  expect(readEntryFile("currency", "kind,currency,erp_ref\ncurrency,,1\n").faults).toEqual([
    "line 2: currency must be named: no two are the same",
  ]);
});

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({
      minLength: 1,
      maxLength,
      unit: fc.constantFrom("a", "é", ",", ";", '"', "'", " ", "|", "€", "-"),
    })
    .map((value) => value.trim())
    .filter((value) => value !== "");

test("what is written is read again as it was", () => {
  fc.assert(
    fc.property(text(60), text(40), text(90), (method, subsidiary, ref) => {
      const one = entry("payment", { module: "ps_checkout", method, subsidiary }, ref);
      const written = `${entryHeader("payment").join(",")}\n${encodeEntry(one)}\n`;
      expect(readEntryFile("payment", written)).toEqual({ faults: [], entries: [{ line: 2, entry: one }] });
    }),
  );
  expect(encodeEntry(entry("tax", {}, "0", { firstDay: FIRST_DAY, lastDay: LAST_DAY }))).toBe("tax,,,,,,,0");
});
