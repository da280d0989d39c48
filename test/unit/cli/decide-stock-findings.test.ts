import { describe, expect, test } from "vitest";
import { decideStock, type StockSetup } from "../../../sidecar/cli/decide-stock-findings.ts";

const SETUP: StockSetup = {
  ...{ keepsLedger: true, owner: "shop", captureMode: "auto", rowImage: "FULL", shopId: 1 },
  source: { mode: "binlog", flavour: "mariadb", server: "s", warnings: [] },
  settings: { PS_STOCK_MANAGEMENT: "1", ERPSYNC_LOCK_CHECKOUT: "1", ERPSYNC_CAPTURE_STOCK: "1" },
  ...{ hasMappings: true, shopExists: true, hasApiToken: true },
};
/** What is not well, as `check level`. */
const faults = (change: Partial<StockSetup>): readonly string[] =>
  decideStock({ ...SETUP, ...change })
    .filter(({ level }) => level !== "ok")
    .map(({ check, level, remedy }) => `${check} ${level}${remedy === "" ? " without a remedy" : ""}`);

describe("the findings about stock", () => {
  test("are none where the binlog tells all, the shop locks, and the API has its token", () => {
    expect(faults({})).toEqual([]);
    expect(faults({ owner: "erp" })).toEqual([]);
  });

  test("say that a ledger without binlog costs repairs, and where the ERP owns the figure everything", () => {
    const source = { mode: "polling", reasons: ["turn it on", "grant it"] } as const;
    expect(faults({ source })).toEqual(["stock-ledger warning", "stock-ledger warning"]);
    expect(faults({ source, owner: "erp" })).toEqual(["stock-ledger fault", "stock-ledger fault"]);
    expect(faults({ rowImage: "MINIMAL" })).toEqual(["stock-ledger warning"]);
    expect(faults({ rowImage: "MINIMAL", owner: "erp" })).toEqual(["stock-ledger fault"]);
    expect(faults({ captureMode: "polling" })).toEqual(["stock-ledger warning"]);
    expect(faults({ keepsLedger: false })).toEqual(["stock-ledger warning"]);
  });

  test("name each setting of the shop that costs something, also one that an older module has not", () => {
    expect(faults({ settings: { PS_STOCK_MANAGEMENT: "0", ERPSYNC_CAPTURE_STOCK: "1" } })).toEqual([
      "stock-management warning",
      "stock-lock warning",
    ]);
    expect(faults({ settings: { ...SETUP.settings, ERPSYNC_CAPTURE_STOCK: "0" } })).toEqual([
      "stock-declared warning",
    ]);
    expect(faults({ hasApiToken: false })).toEqual(["api-token warning"]);
  });

  test("stop an owner erp whose figures would find no row", () => {
    expect(faults({ owner: "erp", hasMappings: false, shopExists: false })).toEqual([
      "stock-shop fault",
      "stock-mappings fault",
    ]);
    expect(faults({ hasMappings: false, shopExists: false })).toEqual([]);
  });
});
