import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeSignature, percentEncode } from "../../../../sidecar/erp/netsuite/encode-signature.ts";

/** Oracle's example credentials (section_1534941088); they belong to nobody. */
const ORACLE = {
  account: "123456",
  consumerKey: "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
  consumerSecret: "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
  tokenId: "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
  tokenSecret: "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
};
const MOMENT = { nonce: "fjaLirsIcCGVZWzBX0pg", timestampSeconds: 1_508_242_306 };

const signatureOf = (header: string): string =>
  decodeURIComponent(/oauth_signature="([^"]+)"/.exec(header)?.[1] ?? "");

test("Oracle's example for REST gives Oracle's signature", () => {
  // The vector of section_1534941088 for GET …/record/v1/employee/40; computed again with openssl.
  const header = encodeSignature(
    "GET",
    "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
    ORACLE,
    MOMENT,
  );
  expect(signatureOf(header)).toBe("B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=");
  expect(header).toContain('oauth_signature="B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"');
});

test("query parameters are signed, in whatever order they stand", () => {
  const base = "https://123456.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql";
  const sign = (query: string): string => signatureOf(encodeSignature("POST", base + query, ORACLE, MOMENT));
  expect(sign("?limit=1&offset=2")).toBe(sign("?offset=2&limit=1"));
  expect(sign("?limit=1")).not.toBe(sign("?limit=2"));
  expect(sign("?limit=1")).not.toBe(sign(""));
});

test("a sandbox's realm is written with an underscore and in capitals, and is not signed", () => {
  const url = "https://x.test/a";
  const sandbox = encodeSignature("GET", url, { ...ORACLE, account: "5256042-sb1" }, MOMENT);
  expect(sandbox).toContain('realm="5256042_SB1"');
  expect(signatureOf(sandbox)).toBe(signatureOf(encodeSignature("GET", url, ORACLE, MOMENT)));
});

test("percent-encoding keeps the unreserved signs alone and is undone by decoding", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = percentEncode(text);
      expect(encoded).toMatch(/^([A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encoded)).toBe(text);
    }),
  );
});
