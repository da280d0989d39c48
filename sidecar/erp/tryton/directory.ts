import { z } from "zod";
import { MappingMissingError } from "../../domain/errors.ts";
import type { Currency } from "../../domain/money.ts";
import { ErpFailedError } from "../port.ts";
import { decodeRows } from "./decode-record.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";

/** Tryton's own ids of what an order names by code; asked for once each, since ids of Tryton stay. */
export interface Directory {
  /** @throws MappingMissingError where Tryton does not have the currency. */
  readonly currencyId: (currency: Currency, errand: Errand) => Promise<number>;
  /** By ISO code. @throws MappingMissingError where Tryton's list lacks one. */
  readonly countryIds: (codes: readonly string[], errand: Errand) => Promise<(code: string) => number>;
  /** The currency's code of a payment journal. @throws MappingMissingError where Tryton does not have the journal. */
  readonly journalCurrency: (journalId: number, errand: Errand) => Promise<string>;
  /** The unit of sale of each product; products that Tryton does not have are missing. */
  readonly units: (productIds: readonly string[], errand: Errand) => Promise<ReadonlyMap<string, number>>;
}

const Journal = z.object({ "currency.": z.object({ code: z.string() }) });
const Unit = z.object({ sale_uom: z.int().positive().nullable(), default_uom: z.int().positive() });

export function createDirectory(ask: Ask): Directory {
  const currencies = new Map<string, number>();
  const countries = new Map<string, number>();
  const units = new Map<string, number>();
  const journals = new Map<number, string>();
  const byCode = async (
    known: Map<string, number>,
    model: string,
    codes: readonly string[],
    errand: Errand,
  ): Promise<void> => {
    const missing = codes.filter((code) => !known.has(code));
    if (missing.length === 0) return;
    const domain = [["code", "in", [...new Set(missing)]]];
    const params = [domain, 0, null, [["id", "ASC"]], ["code"]];
    const result = doneOrThrow(await ask(`model.${model}.search_read`, params, errand));
    for (const row of decodeRows(result, model)) known.set(String(row["code"]), row.id);
  };
  return {
    currencyId: async ({ code }, errand) => {
      await byCode(currencies, "currency.currency", [code], errand);
      return requireCode(currencies, code, `currency ${code} is missing in Tryton`);
    },
    countryIds: async (codes, errand) => {
      await byCode(countries, "country.country", codes, errand);
      return (code) =>
        requireCode(
          countries,
          code,
          `country ${code} is missing in Tryton; trytond_import_countries fills its list`,
        );
    },
    journalCurrency: async (journalId, errand) => {
      const known = journals.get(journalId);
      if (known !== undefined) return known;
      const params = [[["id", "=", journalId]], 0, 1, null, ["currency.code"]];
      const result = doneOrThrow(await ask("model.account.payment.journal.search_read", params, errand));
      const [row] = decodeRows(result, "payment journals");
      if (row === undefined) {
        throw new MappingMissingError(`Tryton has no payment journal ${String(journalId)}`);
      }
      const code = journalCode(row);
      journals.set(journalId, code);
      return code;
    },
    units: async (productIds, errand) => {
      const missing = [...new Set(productIds)].filter((id) => !units.has(id));
      if (missing.length > 0) {
        const domain = [
          ["id", "in", missing.map(Number)],
          ["active", "in", [true, false]],
        ];
        const params = [domain, 0, null, null, ["sale_uom", "default_uom"]];
        const result = doneOrThrow(await ask("model.product.product.search_read", params, errand));
        for (const row of decodeRows(result, "products")) units.set(String(row.id), unitOf(row));
      }
      return units;
    },
  };
}

function journalCode(row: unknown): string {
  const read = Journal.safeParse(row);
  if (!read.success) throw new ErpFailedError("Tryton's answer is no payment journal with its currency");
  return read.data["currency."].code;
}

function unitOf(row: unknown): number {
  const read = Unit.safeParse(row);
  if (!read.success) throw new ErpFailedError("Tryton's answer is no product with its unit");
  return read.data.sale_uom ?? read.data.default_uom;
}

function requireCode(known: ReadonlyMap<string, number>, code: string, sentence: string): number {
  const id = known.get(code);
  if (id === undefined) throw new MappingMissingError(sentence);
  return id;
}
