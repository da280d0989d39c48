import { describe, expect, test } from "vitest";
import {
  type DriftFacts,
  decideDriftCause,
  type Suspect,
} from "../../../sidecar/stock/reconcile/decide-drift-cause.ts";

const FACTS: DriftFacts = {
  ...{ excessUnits: 3, ledgerDiffers: false, ordersUnderWay: [], suspects: [], openKinds: [] },
};
const suspect = (cause: string, delta: number): Suspect => ({
  ...{ movementId: 1, cause, delta, orderId: 12, actor: "employee:3", at: "2026-11-21 10:00:00.000" },
});

describe("the probable cause of a drift", () => {
  test("is what is certain before what is likely", () => {
    const facts = { ...FACTS, suspects: [suspect("employee", 3)], ordersUnderWay: [12, 13] };
    expect(decideDriftCause({ ...facts, ledgerDiffers: true }).code).toBe("ledger_differs");
    expect(decideDriftCause(facts)).toEqual({
      code: "order_under_way",
      says: "order 12, 13 is on its way to the ERP",
    });
  });

  test("is the movement with the drift's units before a more suspicious one with others", () => {
    const suspects = [suspect("overwrite", 1), suspect("employee", 3)];
    expect(decideDriftCause({ ...FACTS, suspects })).toEqual({
      code: "employee",
      says: "employee:3 changed it in the shop, which the ERP does not hear of (+3, 2026-11-21 10:00:00 UTC)",
    });
  });

  test("is a forgotten restock before a movement with other units", () => {
    const facts = { ...FACTS, suspects: [suspect("unexplained", -1)] };
    expect(decideDriftCause({ ...facts, openKinds: ["forgotten_restock"] }).code).toBe("forgotten_restock");
    expect(decideDriftCause({ ...facts, openKinds: ["oversell"] }).code).toBe("unexplained");
  });

  test("lies in the ERP where the ledger knows of nothing", () => {
    expect(decideDriftCause(FACTS).code).toBe("erp_moved");
  });
});
