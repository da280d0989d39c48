import { expect, test } from "vitest";
import { COUNTRY_ZONES, CountryCalendar } from "../../../sidecar/domain/country-time.ts";
import { DecodeError } from "../../../sidecar/domain/errors.ts";

const PARIS = "Europe/Paris";
const dayIn = (country: string, shopTime: string, zone = PARIS): string =>
  new CountryCalendar().dayIn(country, shopTime, zone);

test("every zone of the table is one that Node knows, and every country of the Union has one", () => {
  const zones = new Map(COUNTRY_ZONES);
  for (const zone of zones.values()) {
    expect(() => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }), zone).not.toThrow();
  }
  const union = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split(" ");
  expect(union.filter((country) => !zones.has(country))).toEqual([]);
  expect(zones.size).toBeGreaterThan(240);
});

test("a day begins at midnight of the country, in winter and in summer", () => {
  // 00:30 in Paris is 23:30 of the day before in Lisbon and 01:30 in Athens.
  expect(dayIn("PT", "2027-01-01 00:30:00")).toBe("2026-12-31");
  expect(dayIn("PT", "2027-01-01 01:00:00")).toBe("2027-01-01");
  expect(dayIn("GR", "2026-12-31 22:59:59")).toBe("2026-12-31");
  expect(dayIn("GR", "2026-12-31 23:00:00")).toBe("2027-01-01");
  expect(dayIn("GR", "2026-06-30 23:00:00")).toBe("2026-07-01");
  expect(dayIn("FR", "2026-12-31 23:59:59")).toBe("2026-12-31");
  expect(dayIn("US", "2027-01-01 05:59:59")).toBe("2026-12-31");
  expect(dayIn("JP", "2026-12-31 16:00:00")).toBe("2027-01-01");
});

test("a country that never moves its clock is an hour further away from Paris in summer", () => {
  expect(dayIn("IS", "2027-01-01 00:59:59")).toBe("2026-12-31");
  expect(dayIn("IS", "2027-01-01 01:00:00")).toBe("2027-01-01");
  expect(dayIn("IS", "2026-07-01 01:59:59")).toBe("2026-06-30");
  expect(dayIn("IS", "2026-07-01 02:00:00")).toBe("2026-07-01");
});

test("the hour that the shop lives twice in autumn counts as the first of the two", () => {
  // 02:30 in Paris is 00:30 UTC, and 01:30 UTC an hour later; Cape Verde is an hour behind UTC.
  expect(dayIn("CV", "2026-10-25 02:30:00")).toBe("2026-10-24");
  expect(dayIn("CV", "2026-10-25 03:00:00")).toBe("2026-10-25");
});

test("a time in the hour that the shop skips in spring is read as if the clock had not been put forward", () => {
  expect(dayIn("CV", "2026-03-29 02:30:00")).toBe("2026-03-29");
  expect(dayIn("CV", "2026-03-29 01:59:59")).toBe("2026-03-28");
  expect(dayIn("CV", "2026-03-29 03:00:00")).toBe("2026-03-29");
});

test("an unknown country has the shop's own days", () => {
  expect(dayIn("ZZ", "2026-12-31 23:59:59")).toBe("2026-12-31");
  expect(dayIn("", "2026-12-31 23:59:59")).toBe("2026-12-31");
});

test("a time zone that does not exist is an error, and so is a time that is none", () => {
  expect(() => dayIn("FR", "2026-12-31 23:59:59", "Europe/Atlantis")).toThrow(DecodeError);
  expect(() => dayIn("PT", "yesterday")).toThrow(DecodeError);
});
