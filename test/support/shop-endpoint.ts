import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sign } from "../../sidecar/shop/commands.ts";
import { type EndpointCommand, EndpointOrders } from "./endpoint-orders.ts";

/** What the endpoint says of the shop; a test changes it. */
export interface EndpointState {
  secret: string;
  shopKey: string;
  hooksMissing: string[];
  losses: { count: number; byCause: Record<string, number> };
  /** Milliseconds that its clock is ahead. */
  aheadMs: number;
}

/**
 * The module's signed endpoint as far as `shop.describe` and the commands on orders go, with the module's own check of
 * the signature. It knows the orders that a test adds.
 */
export async function startShopEndpoint(secret: string): Promise<
  {
    readonly url: string;
    readonly state: EndpointState;
    readonly orders: EndpointOrders;
  } & AsyncDisposable
> {
  const orders = new EndpointOrders();
  const state: EndpointState = {
    secret,
    shopKey: "main",
    hooksMissing: [],
    losses: { count: 0, byCause: {} },
    aheadMs: 0,
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const header = (name: string): string => String(request.headers[name] ?? "");
      const expected = sign(state.secret, {
        path: request.url ?? "",
        timestamp: header("x-erpsync-timestamp"),
        nonce: header("x-erpsync-nonce"),
        body,
      });
      const accepted = header("x-erpsync-signature") === expected;
      const { commands } = JSON.parse(body) as { commands: readonly EndpointCommand[] };
      const { hooksMissing, losses, shopKey } = state;
      const data = { module: "1.0.0", prestashop: "8.2.1", php: "8.1.0", shopKey, hooksMissing, losses };
      response.sendDate = false;
      response.setHeader("date", new Date(Date.now() + state.aheadMs).toUTCString());
      response.statusCode = accepted ? 200 : 401;
      const answerOf = (command: EndpointCommand) =>
        command.type === "shop.describe"
          ? { id: command.id, outcome: "done", data }
          : (orders.execute(command) ?? { id: command.id, outcome: "rejected", code: "unknown_command" });
      response.end(
        JSON.stringify(accepted ? { results: commands.map(answerOf) } : { error: "bad_signature" }),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    state,
    orders,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
