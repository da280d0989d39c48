import { describe, expect, test } from "vitest";
import { SchemaError } from "../../../sidecar/domain/errors.ts";
import {
  decidePending,
  parseMigration,
  splitStatements,
} from "../../../sidecar/platform/decide-migrations.ts";

const file = (id: number, checksum = `sum${id}`) =>
  parseMigration(`000${id}_topic.sql`, "--! additive\n-- Why it is there.\nSELECT 1;\n", checksum);

describe("pending migrations", () => {
  test("are those that have not finished, in order", () => {
    const applied = [{ id: 1, checksum: "sum1", finished: true }];
    expect(decidePending([file(1), file(2), file(3)], applied).map((one) => one.id)).toEqual([2, 3]);
  });

  test("include one that broke off, even where its text has changed since", () => {
    const applied = [{ id: 1, checksum: "older", finished: false }];
    expect(decidePending([file(1)], applied)).toHaveLength(1);
  });

  test("are refused where the database is newer than the program", () => {
    expect(() => decidePending([file(1)], [{ id: 2, checksum: "x", finished: true }])).toThrow(SchemaError);
  });

  test("are refused where a released file was changed after it ran", () => {
    expect(() => decidePending([file(1)], [{ id: 1, checksum: "x", finished: true }])).toThrow(/was changed/);
  });
});

describe("a migration's text", () => {
  test("needs its header and a numbered name", () => {
    expect(() => parseMigration("0001_topic.sql", "SELECT 1;", "x")).toThrow(SchemaError);
    expect(() => parseMigration("topic.sql", "--! additive\n-- Why.\n", "x")).toThrow(SchemaError);
  });

  test("is split at semicolons that end a line, and comments are left out", () => {
    expect(splitStatements("-- a; b\nSELECT ';' AS x;\n\nSELECT 2;\n")).toEqual([
      "SELECT ';' AS x",
      "SELECT 2",
    ]);
  });
});
