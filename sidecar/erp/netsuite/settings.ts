import { z } from "zod";

const internalId = z.string().regex(/^-?[0-9]{1,18}$/, "an internal id of NetSuite is a whole number");
const itemId = z.string().regex(/^[1-9][0-9]{0,14}$/, "an item's internal id is a whole number above 0");
const fieldName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9_]{0,59}$/, "a field's internal name has letters, digits and _ only");

const oauth2 = z.strictObject({
  kind: z.literal("oauth2"),
  clientId: z.string().min(1).describe("Client id (consumer key) of the integration record."),
  certificateId: z
    .string()
    .min(1)
    .describe(
      "Id that NetSuite gave the certificate under OAuth 2.0 Client Credentials Setup; sent as `kid`.",
    ),
  privateKey: z
    .string()
    .regex(/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "expected the text of a PEM file")
    .describe("Private key of that certificate, PKCS #8 PEM text: RSA of 3072 or 4096 bits, or EC P-256."),
  algorithm: z
    .enum(["PS256", "ES256"])
    .default("PS256")
    .describe("PS256 for an RSA key, ES256 for an EC key."),
});

const tba = z.strictObject({
  kind: z.literal("tba"),
  consumerKey: z.string().min(1).describe("Consumer key of the integration record."),
  consumerSecret: z.string().min(1).describe("Consumer secret of the integration record."),
  tokenId: z.string().min(1).describe("Token id of the access token."),
  tokenSecret: z.string().min(1).describe("Token secret of the access token."),
});

const deposits = z
  .strictObject({
    account: internalId.optional().describe("Internal id of the account that the money lies on."),
    undepositedFunds: z
      .boolean()
      .default(false)
      .describe("Whether the money is filed under undeposited funds instead, until people deposit it."),
    fingerprintField: fieldName
      .default("memo")
      .describe(
        "Body field of the deposit that carries the fingerprint: `memo` or a `custbody_…` text field.",
      ),
  })
  .refine(
    ({ account, undepositedFunds }) => (account !== undefined) !== undepositedFunds,
    "set either account or undepositedFunds",
  );

const credits = z.strictObject({
  itemId: itemId
    .optional()
    .describe(
      "Internal id of the item that all credited products are booked to (an other charge item), so that a credit moves no stock. Left out, NetSuite puts each credited product back on stock at `locationId`, whether it came back or not.",
    ),
  fingerprintField: fieldName
    .default("memo")
    .describe(
      "Body field of the credit memo that carries the fingerprint: `memo` or a `custbody_…` text field.",
    ),
});

/** Schema of the section `erp.netsuite`; the documentation of the configuration is made from its descriptions. */
export const settings = z
  .strictObject({
    account: z
      .string()
      .regex(/^[0-9a-zA-Z]+([_-][0-9a-zA-Z]+)?$/)
      .describe("Account id, for instance `5256042` or `5256042_SB1` for a sandbox."),
    baseUrl: z
      .url()
      .optional()
      .describe(
        "Address of the REST services without path; `https://<account>.suitetalk.api.netsuite.com` unless set.",
      ),
    tokenUrl: z
      .url()
      .optional()
      .describe("Address of the OAuth 2.0 token endpoint; below `baseUrl` unless set."),
    auth: z
      .discriminatedUnion("kind", [oauth2, tba])
      .describe(
        "How to log in: `oauth2` (client credentials) or `tba` (token-based, which takes no new integrations from 2027.1).",
      ),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(300_000)
      .default(30_000)
      .describe("Milliseconds that one operation on NetSuite may take, log-in and confirmation included."),
    subsidiaryId: internalId.optional().describe("Internal id of the subsidiary (OneWorld accounts only)."),
    currencies: z
      .record(z.string().regex(/^[A-Z]{3}$/), internalId)
      .describe("Internal id of each currency that the shop sells in, by ISO code."),
    exchangeRate: z
      .enum(["shop", "netsuite"])
      .default("shop")
      .describe(
        "`shop` sends the order's own rate (right only where the shop's default currency is the subsidiary's base currency); `netsuite` leaves it to NetSuite's rate table.",
      ),
    shippingItemId: internalId
      .optional()
      .describe("Internal id of the shipping item (`shipMethod`) that carries the shipping cost."),
    shippingLineItemId: itemId
      .optional()
      .describe(
        "Internal id of the item that shipping is booked to as a line of its own; needed with `tax: lineTaxCode`, which leaves the shipping cost field at 0.",
      ),
    wrappingItemId: itemId
      .optional()
      .describe("Internal id of the item that gift wrapping is booked to (an other charge item)."),
    discountItemId: itemId
      .optional()
      .describe(
        "Internal id of the item that vouchers are booked to, one line for each tax code (a discount item).",
      ),
    roundingItemId: itemId
      .optional()
      .describe(
        "Internal id of the item for what the shop's rows miss of its total by rounding (an other charge item).",
      ),
    tax: z
      .enum(["none", "lineTaxCode", "taxDetails"])
      .default("none")
      .describe(
        "How taxes are sent. `none`: not at all, and only totals without tax agree. `taxDetails`: to the cent, for accounts with SuiteTax. `lineTaxCode`: a tax code and the gross amount on each line, for accounts with legacy tax; not tried at NetSuite.",
      ),
    taxCodes: z
      .record(
        z
          .string()
          .regex(
            /^(none|([1-9][0-9]*|0@[0-9]+\.[0-9]{3})(\+([1-9][0-9]*|0@[0-9]+\.[0-9]{3}))*)$/,
            "write an `id_tax` of the shop, several joined by +, `0@<rate>` or `none`",
          ),
        z.strictObject({ taxCode: internalId, taxType: internalId.optional() }),
      )
      .default({})
      .describe(
        "Internal ids of the tax code and (for `taxDetails`) the tax type for each tax of the shop, by `id_tax`. `0@20.000` is a tax of 20 % that the shop names no id of (shipping, wrapping or ecotax at a rate of their own). With `lineTaxCode` several taxes on one line are `2+3`, and a line without tax is `none`.",
      ),
    taxTypes: z
      .record(internalId, internalId)
      .default({})
      .describe(
        "Internal id of the tax type of each tax code that `erpsync mapping import tax` names; needed with `tax: taxDetails`.",
      ),
    deposits: deposits
      .optional()
      .describe(
        "Payments are carried, as customer deposits of their sales orders. Left out, they are not carried.",
      ),
    credits: credits
      .optional()
      .describe("Credit slips are carried, as credit memos. Left out, they are not carried."),
    locationId: internalId.optional().describe("Internal id of the location that orders ship from."),
    customFormId: internalId.optional().describe("Internal id of the sales order form to use."),
    orderStatus: z
      .enum(["A", "B"])
      .default("B")
      .describe("Status of a new order: `A` pending approval, `B` pending fulfillment."),
    fingerprintField: fieldName
      .default("memo")
      .describe(
        "Body field of the sales order that carries the fingerprint: `memo` or a `custbody_…` text field.",
      ),
    invoiceNumberField: fieldName
      .optional()
      .describe(
        "Body field of the sales order that takes the shop's invoice numbers, a `custbody_…` text field; needed with `orders.invoiceNumbers: shop`.",
      ),
    customerFingerprintField: fieldName
      .default("comments")
      .describe(
        "Field of the customer that carries the fingerprint: `comments` or a `custentity_…` text field.",
      ),
    customerVatNumberField: fieldName
      .optional()
      .describe(
        "Field of the customer that takes a company's VAT number: `vatRegNumber` where the account has no SuiteTax, or a `custentity_…` text field. Left out, the number is not sent.",
      ),
    customerName: z
      .enum(["external-id", "automatic"])
      .default("external-id")
      .describe(
        "Name (`entityId`) of a new customer: the external id, so that two John Smiths do not collide, or NetSuite's own numbering.",
      ),
    stockLocations: z
      .array(internalId)
      .max(200)
      .default([])
      .describe(
        "Internal ids of the locations whose available stock is summed up for the shop; none for all locations.",
      ),
    stockPartitions: z
      .record(
        z.string().regex(/^[a-z0-9_-]{1,32}$/),
        z
          .strictObject({ fromItem: itemId, toItem: itemId.optional() })
          .refine(
            ({ fromItem, toItem }) => toItem === undefined || Number(fromItem) <= Number(toItem),
            "fromItem is above toItem",
          ),
      )
      .refine(areApart, "two partitions share items")
      .default({})
      .describe(
        "Parts that the stock can be read in, each a range of items' internal ids, both ends included; the last one may be left open by leaving out `toItem`.",
      ),
    stockCommitsAtEntry: z
      .boolean()
      .default(true)
      .describe(
        "Whether NetSuite commits stock to an order when it is saved (the accounting preference _Perform Item Commitment after Transaction Entry_).",
      ),
  })
  .describe("NetSuite by SuiteTalk REST web services.");

/** An item in two partitions would be counted twice where a share of the catalogue decides. */
function areApart(
  partitions: Readonly<Record<string, { readonly fromItem: string; readonly toItem?: string | undefined }>>,
): boolean {
  const ranges = Object.values(partitions)
    .map(({ fromItem, toItem }) => ({ from: Number(fromItem), to: Number(toItem ?? Number.MAX_VALUE) }))
    .sort((a, b) => a.from - b.from);
  return ranges.every(({ from }, index) => index === 0 || from > (ranges[index - 1]?.to ?? 0));
}

/** The section `erp.netsuite` as read. */
export type NetSuiteSettings = z.infer<typeof settings>;

/** How deposits are booked. */
export type DepositSettings = z.infer<typeof deposits>;

/** How credit memos are booked. */
export type CreditSettings = z.infer<typeof credits>;

/** `https://…` of the account's REST services, without a slash at the end. The host writes `_` as `-`, in small letters. */
export function baseUrlOf(from: Pick<NetSuiteSettings, "account" | "baseUrl">): string {
  const host = from.account.toLowerCase().replaceAll("_", "-");
  return (from.baseUrl ?? `https://${host}.suitetalk.api.netsuite.com`).replace(/\/+$/, "");
}

/** The token endpoint; it is the audience of the assertion too. */
export function tokenUrlOf(from: Pick<NetSuiteSettings, "account" | "baseUrl" | "tokenUrl">): string {
  return from.tokenUrl ?? `${baseUrlOf(from)}/services/rest/auth/oauth2/v1/token`;
}
