import { expect, test } from "vitest";
import { z } from "zod";
import { baseUrlOf, settings, tokenUrlOf } from "../../../../sidecar/erp/netsuite/settings.ts";

const TBA = { kind: "tba", consumerKey: "a", consumerSecret: "b", tokenId: "c", tokenSecret: "d" };
const GIVEN = { account: "5256042_SB1", auth: TBA, currencies: { EUR: "4" } };

test("a sandbox's host is written with a hyphen and in small letters", () => {
  expect(baseUrlOf(settings.parse(GIVEN))).toBe("https://5256042-sb1.suitetalk.api.netsuite.com");
  expect(tokenUrlOf(settings.parse(GIVEN))).toBe(
    "https://5256042-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token",
  );
});

test("another address takes the account's place, with or without a slash at its end", () => {
  expect(baseUrlOf(settings.parse({ ...GIVEN, baseUrl: "http://127.0.0.1:9/" }))).toBe("http://127.0.0.1:9");
});

test.each([
  [{ acount: "1" }],
  [{ currencies: { eur: "4" } }],
  [{ currencies: { EUR: "four" } }],
  [{ timeoutMs: 10 }],
  [{ fingerprintField: "memo; drop" }],
  [{ auth: { ...TBA, kind: "basic" } }],
  [{ stockLocations: ["1) OR (1 = 1"] }],
  [{ stockLocations: [1] }],
  [{ stockLocations: "1" }],
  [{ stockPartitions: { old: { fromItem: "1 OR 1 = 1" } } }],
  [{ stockPartitions: { old: { fromItem: "0" } } }],
  [{ stockPartitions: { old: { fromItem: "20", toItem: "10" } } }],
  [{ stockPartitions: { old: { toItem: "10" } } }],
  [{ stockPartitions: { "old'": { fromItem: "1" } } }],
  [{ stockPartitions: { old: { fromItem: "1" }, new: { fromItem: "10" } } }],
  [{ stockPartitions: { new: { fromItem: "10" }, old: { fromItem: "1", toItem: "10" } } }],
  [{ auth: { kind: "oauth2", clientId: "a", certificateId: "b", privateKey: "no key" } }],
])("%j is refused at the start, not at the first order", (change) => {
  expect(settings.safeParse({ ...GIVEN, ...change }).success).toBe(false);
});

test("partitions may follow each other and leave items out, and the last one may be open", () => {
  const stockPartitions = {
    new: { fromItem: "20001" },
    old: { fromItem: "1", toItem: "9" },
    middle: { fromItem: "10", toItem: "15000" },
  };
  expect(settings.parse({ ...GIVEN, stockPartitions }).stockPartitions).toEqual(stockPartitions);
});

test("every field says in a sentence what it is for", () => {
  const schema = z.toJSONSchema(settings, { io: "input" });
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    expect([name, typeof field === "object" && field.description]).toEqual([
      name,
      expect.stringMatching(/\.$/),
    ]);
  }
});
