// The way back of a whole installation: what the warehouse does in the ERP is seen in the shop.
import { expect, test } from "vitest";
import { oneServer } from "../../support/each-server.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { startShopEndpoint } from "../../support/shop-endpoint.ts";
import { Installation, mapProducts } from "../../support/sidecar.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const SECRET = "s".repeat(40);
const SHIPPED = 4;

oneServer("a running sidecar", (server) => {
  test("shows in the shop what was shipped and invoiced in the ERP: parcels, state and number, each once", {
    timeout: 120_000,
  }, async () => {
    await using world = await World.create({ server });
    await using endpoint = await startShopEndpoint(SECRET);
    const erp = await startNetSuiteEmulator();
    world.onDispose(() => erp.close());
    const installation = await Installation.create(world, {
      netsuite: erp.settings(),
      shop: { url: endpoint.url, secret: SECRET },
      orders: { progressEveryMs: 300, statesFromErp: { shipped: SHIPPED }, invoiceNumbers: "erp" },
    });
    await mapProducts(world, erp);
    const sidecar = await installation.start("erp.port_held");
    await sidecar.logged("capture.resumed");
    const { orderId } = await world
      .shop()
      .placeOrder({ customerId: 1, lines: [{ productId: 1, quantity: 2 }], paid: true });
    const order = endpoint.orders.add(orderId, { invoiceNote: "Thank you" });
    const inErp = await until(() => erp.orders()[0], { what: "the order in the ERP", timeoutMs: 20_000 });

    erp.life.ship(inErp.id, { trackingNumbers: ["1Z001", "1Z002"], carrier: "UPS" });
    await until(() => order.state === SHIPPED, { what: "the shipped order", timeoutMs: 20_000 });
    // The mail of the state names the tracking number, so that comes first.
    expect(order.carriers.map(({ tracking }) => tracking)).toEqual(["1Z001", "1Z002"]);

    const number = erp.life.bill(inErp.id);
    await until(() => order.invoiceNote !== "Thank you", { what: "the ERP's number", timeoutMs: 20_000 });
    expect(order.invoiceNote).toBe(`Thank you\nERP invoice: ${number}`);
    expect(order.told).toBe(1);

    const commands = `SELECT kind FROM ${world.table("erpsync_operation")}
      WHERE subject = ? AND kind LIKE 'set%' ORDER BY number`;
    const kinds = (await world.rows<{ kind: string }>(commands, [`order:${orderId}`])).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(["set_tracking", "set_status", "set_invoice"]);
    expect(await sidecar.stop()).toBe(0);
  });
});
