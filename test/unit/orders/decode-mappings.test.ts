import { expect, test } from "vitest";
import { readMappingFile } from "../../../sidecar/orders/mapping-file.ts";

const keysOf = (kind: "product" | "customer", text: string): readonly string[] =>
  readMappingFile(kind, text).mappings.map((mapping) => mapping.shopKey);

test("a product's key may leave out the combination that it has not", () => {
  expect(keysOf("product", "shop_key,external_id,erp_ref\n12,SKU-12,7001\n13:4,SKU-13,7002\n")).toEqual([
    "12:0",
    "13:4",
  ]);
});

test("files of spreadsheets are read: byte order mark, semicolons, carriage returns and quotes", () => {
  const text = '\uFEFFshop_key;external_id;erp_ref\r\n9;"CUST-9";"12;3"\r\n';
  expect(readMappingFile("customer", text)).toMatchObject({
    faults: [],
    mappings: [{ kind: "customer", shopKey: "9", externalId: "CUST-9", ref: "12;3", origin: "import" }],
  });
});

test("every faulty row is named with its line, and then nothing of the file is used", () => {
  const text = [
    "shop_key,external_id,erp_ref",
    "12,A,1",
    "twelve,B,2",
    "13,has blank,3",
    "14,C,",
    "12:0,D,5",
    "15,E",
    "",
  ].join("\n");

  const { faults, mappings } = readMappingFile("product", text);

  expect(mappings).toEqual([]);
  expect(faults.map((fault) => /^line (\d+)/.exec(fault)?.[1])).toEqual(["3", "4", "5", "6", "7", "7"]);
  expect(faults[3]).toContain("stands on line 2 already");
});

test("a file without the header, or with an open quote, is refused as a whole", () => {
  expect(readMappingFile("product", "12,A,1\n").faults).toEqual([
    'line 1: the header must be "shop_key,external_id,erp_ref"',
  ]);
  expect(readMappingFile("product", 'shop_key,external_id,erp_ref\n"12,A,1\n').faults).toHaveLength(1);
});
