import type { IncomingMessage, ServerResponse } from "node:http";
import type { EmulatorCore, Shipment, StockSeed, StockSetting, StockView } from "./netsuite-emulator.ts";
import type { AuthKind } from "./netsuite-emulator-auth.ts";
import type { Fault } from "./netsuite-emulator-faults.ts";

/**
 * The control endpoint, for tests and demos in other processes:
 *
 * | request | does |
 * |---|---|
 * | `GET /_emulator/state` | `{url, orders, customers, calls, inFlight, maxInFlight, tokensIssued}`, counts only |
 * | `GET /_emulator/orders`, `/customers`, `/deposits`, `/credits`, `/duplicates`, `/calls[?since=SEQ]` | the records, the log |
 * | `GET /_emulator/settings[?auth=oauth2-es256]` | the section `erp.netsuite` to configure |
 * | `POST /_emulator/faults` with a fault | switches it on, answers `{id}` |
 * | `DELETE /_emulator/faults[/ID]` | switches all off, or one |
 * | `POST /_emulator/down`, `/up`, `/expire-tokens`, `/reset-log` | as the functions of the same name |
 * | `POST /_emulator/items` with `{"ids": [...]}` | adds items to the account |
 * | `POST /_emulator/ship` with `{"order": ID, "shipment": {...}}` | fulfils an order, answers `{id}` |
 * | `POST /_emulator/bill` with `{"order": ID}` | invoices what was fulfilled, answers `{number}` |
 * | `POST /_emulator/books` with `{"until": "2026-10-31"}`, or without | closes the books up to that day, or opens them |
 * | `POST /_emulator/stock/seed` with a `StockSeed` | stock of many items at once; 50,000 at three locations take less than a second |
 * | `POST /_emulator/stock` with `{"settings": [...]}` | sets the stock of items at locations |
 * | `POST /_emulator/stock/remove` with `{"items": [...]}` | takes the rows of items away |
 * | `POST /_emulator/stock/view` with `{"view": "all"}` | changes what queries see of the stock |
 * | `GET /_emulator/stock[?item=ID]`, `DELETE /_emulator/stock` | the rows, removes them all |
 */
export function createControl(
  emulator: EmulatorCore,
): (request: IncomingMessage, response: ServerResponse) => void {
  const commands = commandsOf(emulator);
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://control");
    answer(`${request.method ?? "GET"} ${url.pathname}`, url, request, commands).then(
      (body) => {
        response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(body ?? { error: "there is no such command" }));
      },
      (thrown: unknown) => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: String(thrown) }));
      },
    );
  };
}

type Command = (url: URL, body: unknown) => unknown;

async function answer(
  route: string,
  url: URL,
  request: IncomingMessage,
  commands: Readonly<Record<string, Command>>,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString("utf8");
  const command = commands[route.replace(/\/faults\/\d+$/, "/faults/ID")];
  return command === undefined
    ? undefined
    : ((await command(url, text === "" ? {} : JSON.parse(text))) ?? {});
}

function commandsOf(emulator: EmulatorCore): Readonly<Record<string, Command>> {
  return {
    "GET /_emulator/state": () => ({
      url: emulator.url,
      orders: emulator.orders().length,
      customers: emulator.customers().length,
      calls: emulator.calls().length,
      inFlight: emulator.inFlight(),
      maxInFlight: emulator.maxInFlight(),
      tokensIssued: emulator.tokensIssued(),
    }),
    "GET /_emulator/orders": () => emulator.orders(),
    "GET /_emulator/customers": () => emulator.customers(),
    "GET /_emulator/deposits": () => emulator.deposits(),
    "GET /_emulator/credits": () => emulator.credits(),
    "POST /_emulator/ship": (_url, body) => {
      const { order, shipment } = body as { order: string; shipment: Shipment };
      return { id: emulator.life.ship(order, shipment) };
    },
    "POST /_emulator/bill": (_url, body) => ({
      number: emulator.life.bill((body as { order: string }).order),
    }),
    "POST /_emulator/books": (_url, body) => {
      emulator.closeBooks((body as { until?: string }).until);
    },
    "GET /_emulator/duplicates": () => emulator.duplicates(),
    "GET /_emulator/calls": (url) => {
      const since = Number(url.searchParams.get("since") ?? 0);
      return emulator.calls().filter((call) => call.seq > since);
    },
    "GET /_emulator/settings": (url) =>
      emulator.settings((url.searchParams.get("auth") ?? "oauth2-es256") as AuthKind),
    "POST /_emulator/faults": (_url, body) => ({ id: emulator.faults.add(body as Fault) }),
    "DELETE /_emulator/faults": () => {
      emulator.faults.clear();
    },
    "DELETE /_emulator/faults/ID": (url) => {
      emulator.faults.remove(Number(url.pathname.split("/").at(-1)));
    },
    "POST /_emulator/down": () => emulator.down(),
    "POST /_emulator/up": () => emulator.up(),
    "POST /_emulator/expire-tokens": () => {
      emulator.expireTokens();
    },
    "POST /_emulator/reset-log": () => {
      emulator.resetLog();
    },
    "POST /_emulator/items": (_url, body) => {
      emulator.addItems((body as { ids: string[] }).ids.map(String));
    },
    "POST /_emulator/stock/seed": (_url, body) => {
      emulator.seedStock(body as StockSeed);
    },
    "POST /_emulator/stock": (_url, body) => {
      emulator.setStock((body as { settings: StockSetting[] }).settings);
    },
    "POST /_emulator/stock/remove": (_url, body) => {
      emulator.removeStock((body as { items: string[] }).items);
    },
    "POST /_emulator/stock/view": (_url, body) => {
      emulator.viewStock((body as { view: StockView }).view);
    },
    "GET /_emulator/stock": (url) => emulator.stock(url.searchParams.get("item") ?? undefined),
    "DELETE /_emulator/stock": () => {
      emulator.clearStock();
    },
  };
}
