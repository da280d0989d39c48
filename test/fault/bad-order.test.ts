import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { oneServer } from "../support/each-server.ts";
import { ageRows } from "../support/in-process.ts";
import { itemOf } from "../support/sidecar.ts";
import { until } from "../support/until.ts";
import type { World } from "../support/world.ts";
import { expectAgreement, jobStates, keyOf, untilArrived, untilQuiet } from "./agreement.ts";
import { placeOrders, Rig } from "./rig.ts";

const ORDERS = 200;
/** The order with the bad product; products 1 to 19 are everybody's. */
const BAD = 77;
const BAD_PRODUCT = 20;
const productOf = (index: number): number => (index === BAD ? BAD_PRODUCT : 1 + (index % 19));

async function job(world: World, orderId: number) {
  const [row] = await world.rows<Record<"state" | "reason_code" | "reason" | "attempts", string>>(
    `SELECT state, reason_code, reason, attempts FROM ${world.table("erpsync_job")} WHERE subject = ?`,
    [`order:${String(orderId)}`],
  );
  return row;
}

async function orderOf(world: World, productId: number): Promise<number> {
  const [row] = await world.rows<{ id: number }>(
    `SELECT id_order AS id FROM ${world.table("order_detail")} WHERE product_id = ?`,
    [productId],
  );
  return Number(row?.id);
}

oneServer("one bad order among 200", (server) => {
  test("that lacks a mapping is parked with the row to add, and arrives when the mapping appears", async () => {
    const unmapped = [`${String(BAD_PRODUCT)}:0`];
    await using rig = await Rig.open({ server, unmapped });
    const { world, erp } = rig;
    const sidecar = await rig.start();
    const orders = await placeOrders(world, ORDERS, { productOf });
    const bad = await orderOf(world, BAD_PRODUCT);
    await untilArrived(
      erp,
      orders.filter((id) => id !== bad),
    );
    await untilQuiet(world);
    expect(await jobStates(world)).toMatchObject({ parked: 1 });
    expect(await job(world, bad)).toMatchObject({
      state: "parked",
      reason_code: "E_MAPPING_MISSING",
      attempts: 0,
    });
    expect((await job(world, bad))?.reason).toContain(`product,${String(BAD_PRODUCT)}:0`);
    expect(erp.calls().some((call) => call.externalId === keyOf(bad))).toBe(false);

    const item = itemOf({ id_product: BAD_PRODUCT, id_product_attribute: 0 });
    const csv = join(dirname(rig.installation.configFile), "products.csv");
    writeFileSync(csv, `shop_key,external_id,erp_ref\n${String(BAD_PRODUCT)}:0,ITEM-${item},${item}\n`);
    const imported = await rig.installation.command("mapping", "import", "product", csv);
    expect(imported).toMatchObject({ code: 0 });
    await untilArrived(erp, orders);
    await untilQuiet(world);
    await expectAgreement(world, erp, orders);
    expect(
      sidecar.log.filter((line) => line.event === "erp.breaker" || line.event === "loop.failed"),
    ).toEqual([]);
  });

  test("that the ERP refuses is parked with the ERP's sentence, and arrives when it is put back", async () => {
    await using rig = await Rig.open({ server });
    const { world, erp } = rig;
    const itemId = itemOf({ id_product: BAD_PRODUCT, id_product_attribute: 0 });
    const detail = "The item is inactive.";
    const refusal = erp.faults.add({ kind: "reject", detail, match: { itemId } });
    const sidecar = await rig.start();
    const orders = await placeOrders(world, ORDERS, { productOf });
    const bad = await orderOf(world, BAD_PRODUCT);
    await untilArrived(
      erp,
      orders.filter((id) => id !== bad),
    );
    await untilQuiet(world);
    expect(await job(world, bad)).toMatchObject({ state: "parked", reason_code: "E_ERP_REJECTED" });
    expect((await job(world, bad))?.reason).toContain(detail);
    const [attempt] = await world.rows<{ outcome: string; message: string }>(
      `SELECT outcome, message FROM ${world.table("erpsync_attempt")}
        WHERE subject = ? AND outcome <> 'ok' ORDER BY id DESC LIMIT 1`,
      [`order:${String(bad)}`],
    );
    expect(attempt?.message).toContain(detail);

    erp.faults.remove(refusal);
    const resubmitted = await rig.installation.command(
      ...[
        "dlq",
        "resubmit",
        `order:${String(bad)}`,
        "--actor",
        "test",
        "--reason",
        "the item is active again",
      ],
    );
    expect(resubmitted).toMatchObject({ code: 0 });
    await untilArrived(erp, orders);
    await untilQuiet(world);
    await expectAgreement(world, erp, orders);
    expect(
      sidecar.log.filter((line) => line.event === "erp.breaker" || line.event === "loop.failed"),
    ).toEqual([]);
  });

  test("that always gets a 500 is dead after five attempts, and the lane stays open for the others", async () => {
    await using rig = await Rig.open({ server });
    const { world, erp } = rig;
    const itemId = itemOf({ id_product: BAD_PRODUCT, id_product_attribute: 0 });
    erp.faults.add({ kind: "server-error", match: { itemId } });
    const sidecar = await rig.start();
    const orders = await placeOrders(world, ORDERS, { productOf });
    const bad = await orderOf(world, BAD_PRODUCT);
    await untilArrived(
      erp,
      orders.filter((id) => id !== bad),
    );
    // Its retries are hurried: each back-off is made as old as it is long.
    for (let attempts = 1; attempts < 5; attempts += 1) {
      await until(async () => Number((await job(world, bad))?.attempts) === attempts, {
        what: `attempt ${String(attempts)}`,
        timeoutMs: 20_000,
      });
      expect(await job(world, bad)).toMatchObject({ state: "retrying", reason_code: "E_ERP_FAILED" });
      await ageRows(world, 700_000);
    }
    await until(async () => (await job(world, bad))?.state === "dead", {
      what: "the dead order",
      timeoutMs: 20_000,
    });
    expect(await job(world, bad)).toMatchObject({ attempts: 5 });
    const creations = erp.calls().filter((call) => call.externalId === keyOf(bad) && call.method === "POST");
    expect(creations).toHaveLength(5);
    await untilQuiet(world);
    await expectAgreement(
      world,
      erp,
      orders.filter((id) => id !== bad),
    );
    expect(
      sidecar.log.filter((line) => line.event === "erp.breaker" || line.event === "loop.failed"),
    ).toEqual([]);
  });
});
