import { expect, test } from "vitest";
import {
  decideIdentity,
  type Remembered,
  type RememberedRow,
  type ShopNow,
} from "../../../sidecar/identity/decide-identity.ts";

const file: Remembered = {
  installation: "one",
  server: "s",
  shopUrl: "shop.example/",
  orderHighWater: 100,
  orderFingerprint: "print-100",
  customerHighWater: 20,
  epoch: 1,
};
const row: RememberedRow = file;
const now: ShopNow = {
  server: "s",
  shopUrl: "shop.example/",
  orderMax: 100,
  customerMax: 20,
  nextOrderId: 101,
  fingerprintAtHighWater: "print-100",
};

test("the same shop is recognised, with new orders, with deleted ones, and after a crash between row and file", () => {
  expect(decideIdentity(row, file, now).kind).toBe("same");
  expect(decideIdentity(row, file, { ...now, orderMax: 130 }).kind).toBe("same");
  const deleted = { ...now, orderMax: 90, fingerprintAtHighWater: undefined, nextOrderId: 101 };
  expect(decideIdentity(row, file, deleted).kind).toBe("same");
  expect(decideIdentity({ ...row, orderHighWater: 101 }, file, { ...now, orderMax: 101 }).kind).toBe("same");
  expect(decideIdentity(undefined, undefined, now).kind).toBe("first-start");
});

test.each([
  ["the dump is older than the last order", { ...row, orderHighWater: 90 }, file, { ...now, orderMax: 95 }],
  ["the id of the last order is another order's", row, file, { ...now, fingerprintAtHighWater: "other" }],
  [
    "the orders were cleared, and the ids begin again",
    row,
    file,
    { ...now, orderMax: 0, nextOrderId: 1, fingerprintAtHighWater: undefined },
  ],
  ["the database knows nothing any more", undefined, file, now],
] as const)("writing stops as restored where %s", (_why, remembered, onDisk, shop) => {
  expect(decideIdentity(remembered, onDisk, shop)).toMatchObject({ kind: "stop", code: "restored" });
});

test.each([
  ["the address is another", row, file, { ...now, shopUrl: "staging.example/" }],
  ["the server is another", row, file, { ...now, server: "t" }],
  ["this machine has no state file", row, undefined, now],
  ["the state file is another installation's", row, { ...file, installation: "two" }, now],
] as const)("writing stops as moved where %s", (_why, remembered, onDisk, shop) => {
  expect(decideIdentity(remembered, onDisk, shop)).toMatchObject({ kind: "stop", code: "moved" });
});
