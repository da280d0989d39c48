import { z } from "zod";

const recordId = z.string().regex(/^[1-9][0-9]{0,8}$/, "an id of Tryton is a whole number above 0");

/** Schema of the section `erp.tryton`; the documentation of the configuration is made from its descriptions. */
export const settings = z
  .strictObject({
    url: z.url().describe("Address of the Tryton server without path, for instance `http://127.0.0.1:8000`."),
    database: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,63}$/)
      .describe("Name of the database on that server."),
    user: z
      .string()
      .regex(/^[^:]{1,64}$/, "a login name without a colon")
      .describe("Login of a user of its own, whose company is the one that orders are for."),
    password: z.string().min(1).describe("Its password."),
    timeoutMs: z
      .int()
      .min(1_000)
      .max(300_000)
      .default(30_000)
      .describe("Milliseconds that one operation on Tryton may take, log-in and all its requests included."),
    companion: z
      .boolean()
      .default(false)
      .describe(
        "Whether Tryton has the companion module `erpsync`: a unique key, orders in one transaction, and stock less what is ordered.",
      ),
    saleState: z
      .enum(["draft", "quotation", "confirmed"])
      .default("quotation")
      .describe("State that an order is brought to; from `confirmed` on Tryton ships and invoices it."),
    taxes: z
      .record(z.string().regex(/^[0-9]{1,3}\.[0-9]{3}$/, "write the rate with three decimals"), recordId)
      .default({})
      .describe('Id of Tryton\'s tax for each rate in per cent of the shop, for instance `"20.000": "3"`.'),
    taxDifference: z
      .strictObject({
        productId: recordId.describe("A service that carries nothing but tax."),
        taxId: recordId.describe("A tax of type _fixed_ whose amount is `unit`."),
        unit: z
          .string()
          .regex(/^0\.0{0,3}1$|^1$/, "use 1, 0.1, 0.01, 0.001 or 0.0001")
          .default("0.01")
          .describe("The amount of that tax; a currency with more decimals needs a smaller one."),
      })
      .optional()
      .describe(
        "What the cents are booked to by which Tryton's reckoning of taxes differs from the shop's; without it such an order is refused.",
      ),
    shippingProductId: recordId.optional().describe("The service that shipping is booked to."),
    wrappingProductId: recordId.optional().describe("The service that gift wrapping is booked to."),
    discountProductId: recordId.optional().describe("The service that vouchers are booked to."),
    roundingProductId: recordId
      .optional()
      .describe("The service that the difference is booked to where the shop's own rows do not add up."),
    paymentJournals: z
      .record(z.string().regex(/^[A-Z]{3}$/, "write the currency as in ISO 4217, `EUR`"), recordId)
      .default({})
      .describe(
        'Id of Tryton\'s payment journal for each currency, for instance `EUR: "1"`; a payment method may be mapped to another one. Without any, payments are not carried.',
      ),
    paymentState: z
      .enum(["approved", "succeeded"])
      .default("succeeded")
      .describe(
        "State that a payment is brought to; a sale that is covered by succeeded ones confirms itself, so that Tryton ships and invoices it.",
      ),
    priceDecimals: z
      .int()
      .min(3)
      .max(8)
      .default(4)
      .describe("Decimals of Tryton's prices (`price_decimal` in trytond.conf, 4 unless set there)."),
    warehouseId: recordId
      .optional()
      .describe("The warehouse that orders ship from; Tryton's own choice unless set."),
    stockLocations: z
      .array(recordId)
      .max(200)
      .default([])
      .describe(
        "Ids of the locations whose stock is summed up for the shop, with all below them; none for the storage zones of all warehouses.",
      ),
    shipsFromStockLocations: z
      .boolean()
      .default(true)
      .describe("Whether orders are shipped from within `stockLocations`."),
    stockPartitions: z
      .record(
        z.string().regex(/^[a-z0-9_-]{1,32}$/),
        z
          .strictObject({ fromProduct: recordId, toProduct: recordId.optional() })
          .refine(
            ({ fromProduct, toProduct }) =>
              toProduct === undefined || Number(fromProduct) <= Number(toProduct),
            "fromProduct is above toProduct",
          ),
      )
      .refine(areApart, "two partitions share products")
      .default({})
      .describe(
        "Parts that the stock can be read in, each a range of products' ids, both ends included; the last one may be left open by leaving out `toProduct`.",
      ),
  })
  .refine(({ saleState, paymentJournals }) => saleState !== "draft" || isEmpty(paymentJournals), {
    path: ["saleState"],
    message: "Tryton takes no payment of a draft: use quotation, or leave out paymentJournals",
  })
  .refine(
    ({ saleState, paymentJournals, companion }) =>
      saleState !== "confirmed" || companion || isEmpty(paymentJournals),
    {
      path: ["saleState"],
      message:
        "without the companion a sale must not be confirmed before its payment is there: use quotation, which payments confirm by themselves",
    },
  )
  .describe("Tryton 6.0 by JSON-RPC.");

const isEmpty = (record: object): boolean => Object.keys(record).length === 0;

/** A product in two partitions would be counted twice where a share of the catalogue decides. */
function areApart(
  partitions: Readonly<
    Record<string, { readonly fromProduct: string; readonly toProduct?: string | undefined }>
  >,
): boolean {
  const ranges = Object.values(partitions)
    .map(({ fromProduct, toProduct }) => ({
      from: Number(fromProduct),
      to: Number(toProduct ?? Number.MAX_VALUE),
    }))
    .sort((a, b) => a.from - b.from);
  return ranges.every(({ from }, index) => index === 0 || from > (ranges[index - 1]?.to ?? 0));
}

/** The section `erp.tryton` as read. */
export type TrytonSettings = z.infer<typeof settings>;

/** Whether payments are carried. */
export const carriesPayments = ({ paymentJournals }: TrytonSettings): boolean => !isEmpty(paymentJournals);

/** The address that all requests go to. */
export const rpcUrl = (from: Pick<TrytonSettings, "url" | "database">): string =>
  `${from.url.replace(/\/+$/, "")}/${from.database}/`;
