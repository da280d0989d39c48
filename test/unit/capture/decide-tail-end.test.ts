import { expect, test } from "vitest";
import { decideTailEnd } from "../../../sidecar/capture/decide-tail-end.ts";

const failure = (message: string, fields: object = {}): Error => Object.assign(new Error(message), fields);

test.each<[string, unknown]>([
  [
    "lost",
    failure("Connection lost: The server closed the connection.", { code: "PROTOCOL_CONNECTION_LOST" }),
  ],
  ["lost", failure("read ECONNRESET", { code: "ECONNRESET", errno: -104 })],
  ["lost", failure("Access denied", { code: "ER_SPECIFIC_ACCESS_DENIED_ERROR", errno: 1227 })],
  ["gap", failure("Could not find first log file name in binary log index file", { errno: 1236 })],
  ["gap", failure("Client requested master to start replication from impossible position", { errno: 1236 })],
  [
    "clash",
    failure("A replica with the same server_uuid/server_id as this replica has connected", { errno: 1236 }),
  ],
  ["clash", failure("a slave with the same server_uuid/server_id as this slave", { errno: 4052 })],
  ["decode", failure("Transaction_payload events cannot be decoded")],
  ["decode", "a text was thrown"],
])("a tail that failed ends as %s: %s", (kind, thrown) => {
  expect(decideTailEnd(thrown).kind).toBe(kind);
});
