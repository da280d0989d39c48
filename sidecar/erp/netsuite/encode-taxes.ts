import { MappingMissingError } from "../../domain/errors.ts";
import type { ErpRef } from "../../domain/ids.ts";
import { type Currency, fromMinor, toMicros } from "../../domain/money.ts";
import type { OrderTax } from "../../domain/order.ts";
import { taxKey } from "../../domain/order-taxes.ts";
import type { NetSuiteSettings } from "./settings.ts";

interface Reference {
  readonly id: string;
}

/** An amount with its taxes, as it goes into a sales order. */
export interface TaxedAmount {
  /** Ties a line to its tax details; once in an order. */
  readonly reference: string;
  /** Negative for what is taken off. */
  readonly taxExclMinor: number;
  readonly taxMinor: number;
  /** They add up to `taxMinor`. */
  readonly taxes: readonly OrderTax[];
  /** Amounts of one group bear one tax code: what people mapped it to, or else its key in the settings. */
  readonly codeGroup: string;
  /** The tax code that people mapped it to; undefined where they mapped no taxes. */
  readonly codeRef: ErpRef | undefined;
}

/** An entry of `taxDetails.items`: what one tax makes of one line (SuiteTax). */
export interface TaxDetail {
  readonly taxDetailsReference: string;
  readonly taxType: Reference;
  readonly taxCode: Reference;
  readonly taxBasis: number;
  /** Percent. */
  readonly taxRate: number;
  readonly taxAmount: number;
}

/** What a line of the sublist `item` says about its tax. */
export interface LineTax {
  readonly taxCode?: Reference;
  /** With tax; NetSuite takes the difference to the amount for the tax. */
  readonly grossAmt?: number;
  readonly taxDetailsReference?: string;
}

/** The key under which the settings hold the tax code of an amount with these taxes. */
export const codeGroup = (taxes: readonly OrderTax[]): string =>
  taxes.length === 0 ? NO_TAX : taxes.map(taxKey).join("+");

const NO_TAX = "none";

/**
 * The tax fields of a charge that is a line.
 * @throws MappingMissingError where the settings have no code for it; the message names the setting.
 */
export function encodeLineTax(charge: TaxedAmount, currency: Currency, settings: NetSuiteSettings): LineTax {
  switch (settings.tax) {
    case "none":
      return {};
    case "taxDetails":
      return { taxDetailsReference: charge.reference };
    case "lineTaxCode":
      return {
        taxCode: { id: charge.codeRef ?? codeOf(charge.codeGroup, settings).taxCode },
        grossAmt: Number(fromMinor(charge.taxExclMinor + charge.taxMinor, currency)),
      };
  }
}

/**
 * The tax details of a charge, one for each tax on it. They override what NetSuite would reckon.
 * @throws MappingMissingError where the settings have no code or type for one of them; the message names the setting.
 */
export function encodeTaxDetails(
  charge: TaxedAmount,
  currency: Currency,
  settings: NetSuiteSettings,
): readonly TaxDetail[] {
  if (charge.codeRef !== undefined) return mappedDetails(charge, charge.codeRef, currency, settings);
  return charge.taxes.map((tax) => {
    const key = taxKey(tax);
    const { taxCode, taxType } = codeOf(key, settings);
    if (taxType === undefined) throw missing(`${setting(key)}.taxType`);
    return {
      taxDetailsReference: charge.reference,
      taxType: { id: taxType },
      taxCode: { id: taxCode },
      taxBasis: Number(fromMinor(charge.taxExclMinor, currency)),
      taxRate: Number(tax.ratePercent),
      taxAmount: Number(fromMinor(tax.amountMinor, currency)),
    };
  });
}

/** The one code that people mapped the amount to stands for all taxes on it. */
function mappedDetails(
  charge: TaxedAmount,
  taxCode: ErpRef,
  currency: Currency,
  settings: NetSuiteSettings,
): readonly TaxDetail[] {
  const taxType = settings.taxTypes[taxCode];
  if (taxType === undefined) throw missing(`erp.netsuite.taxTypes["${taxCode}"]`);
  if (charge.taxes.length === 0 && charge.taxMinor === 0) return [];
  const ratePercent = charge.taxes.reduce((sum, tax) => sum + toMicros(tax.ratePercent), 0n);
  return [
    {
      taxDetailsReference: charge.reference,
      taxType: { id: taxType },
      taxCode: { id: taxCode },
      taxBasis: Number(fromMinor(charge.taxExclMinor, currency)),
      taxRate: Number(ratePercent) / 1_000_000,
      taxAmount: Number(fromMinor(charge.taxMinor, currency)),
    },
  ];
}

function codeOf(key: string, settings: NetSuiteSettings): NetSuiteSettings["taxCodes"][string] {
  const code = settings.taxCodes[key];
  if (code === undefined) throw missing(setting(key));
  return code;
}

const setting = (key: string): string => `erp.netsuite.taxCodes["${key}"]`;

const missing = (name: string): MappingMissingError =>
  new MappingMissingError(`${name} is not set: a tax of this order has no code in NetSuite`);
