import fc from "fast-check";
import { expect, test } from "vitest";
import { erpRef } from "../../../sidecar/domain/ids.ts";
import { erasedBody, personOfBody } from "../../../sidecar/orders/decide-erased-body.ts";
import { decodeSentLines } from "../../../sidecar/stock/snapshot/decode-sent-lines.ts";
import { ADDRESS, customerBody, line, orderBody } from "../../contract/sample-bodies.ts";

const order = orderBody(7, {
  customerRef: erpRef("77"),
  items: ["501", "502"],
  change: { lines: [line("5:0", 3, 3_000)] },
});

test("an erased order keeps what a look-up and its acknowledgement need, and its units", () => {
  const erased = JSON.parse(erasedBody(JSON.stringify(order))) as typeof order;
  expect(Object.keys(erased).sort()).toEqual(["externalId", "fingerprint", "order"]);
  expect(erased).toMatchObject({ externalId: order.externalId, fingerprint: order.fingerprint });
  expect(Object.keys(erased.order).sort()).toEqual(["id", "lines"]);
  expect(erased.order.id).toBe(7);
  const hash = "a".repeat(64);
  expect(decodeSentLines(JSON.stringify(erased), hash)).toEqual(decodeSentLines(JSON.stringify(order), hash));
});

test("an erased customer keeps his number and nothing that he is called by", () => {
  const body = customerBody(9, { company: "Crème & Fils" });
  expect(JSON.parse(erasedBody(JSON.stringify(body)))).toEqual({
    externalId: body.externalId,
    fingerprint: body.fingerprint,
    customer: { id: 9 },
  });
});

test("a field that joins bodies later is left out, wherever it stands", () => {
  const secret = "Hyacinth";
  fc.assert(
    fc.property(fc.constantFrom("order", "line", "body"), fc.string({ minLength: 1 }), (where, name) => {
      const [sold] = order.order.lines;
      const at = (place: string) => (place === where ? { [`x${name}`]: { deep: [secret] } } : {});
      const body = {
        ...order,
        ...at("body"),
        order: { ...order.order, ...at("order"), lines: [{ ...sold, ...at("line") }] },
      };
      expect(erasedBody(JSON.stringify(body))).not.toContain(secret);
    }),
  );
});

test("a command to the shop stays, and what cannot be read goes as a whole", () => {
  expect(erasedBody('{"state":5}')).toBe('{"state":5}');
  expect(erasedBody('{"state":5,"to":"Ann"}')).toBe("{}");
  expect(erasedBody("not JSON")).toBe("{}");
});

test("a body says whose it is, and what he is called by", () => {
  const { customerId, words } = personOfBody(JSON.stringify(order));
  expect(customerId).toBe(order.order.customerId);
  expect(words).toContain(`${ADDRESS.firstName} ${ADDRESS.lastName}`);
  expect(words).toContain(ADDRESS.line1);
  expect(words).toContain(ADDRESS.phone);
  expect(personOfBody(JSON.stringify(customerBody(9))).customerId).toBe(9);
  expect(personOfBody(erasedBody(JSON.stringify(order)))).toEqual({ customerId: undefined, words: [] });
  expect(personOfBody('{"state":5}')).toEqual({ customerId: undefined, words: [] });
});

test("of a payment and of a credit slip only what they belong to stays", () => {
  const payment = { id: 3, orderId: 12, method: "Card of Zoë", transactionId: "tx-1", amountMinor: 3_000 };
  const names = { externalId: "PS-main-12-PAY-3", fingerprint: "f" };
  expect(JSON.parse(erasedBody(JSON.stringify({ ...names, payment })))).toEqual({
    ...names,
    payment: { id: 3, orderId: 12 },
  });
  const slip = { id: 5, issuedAtShopTime: "2026-11-25 09:00:00" };
  expect(JSON.parse(erasedBody(JSON.stringify({ ...names, slip })))).toEqual({ ...names, slip: { id: 5 } });
  const tracking = { parcels: [{ ref: "3", trackingNumber: "1Z" }] };
  expect(JSON.parse(erasedBody(JSON.stringify(tracking)))).toEqual({
    parcels: [{ ref: "3", trackingNumber: "" }],
  });
  const invoice = JSON.stringify({ number: "INV-1" });
  expect(erasedBody(invoice)).toBe(invoice);
});
