import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { adapterNames, erpKit, harnesses } from "./erp-kit.ts";

test("every folder below sidecar/erp is an adapter with a harness", () => {
  const names = readdirSync(new URL("harness/", import.meta.url)).map((name) => name.replace(/\.ts$/, ""));
  expect(names.sort()).toEqual([...adapterNames].sort());
});

// Adapters whose ERP itself is there are tried on it: test/erp/kit.test.ts.
for (const [name, harness] of await harnesses(true)) await erpKit(name, harness);
