import { z } from "zod";

const Words = z.record(z.string(), z.unknown());

/** The parts of stored bodies that are looked at when a person is erased; see `OrderBody` and `CustomerBody`. */
const Body = z.looseObject({
  externalId: z.string(),
  fingerprint: z.string(),
  order: z
    .looseObject({
      id: z.int(),
      customerId: z.int().optional(),
      lines: z.array(z.looseObject({ id: z.int(), productKey: z.string(), quantity: z.number() })),
      billing: Words.optional(),
      delivery: Words.optional(),
    })
    .optional(),
  customer: z.looseObject({ id: z.int() }).optional(),
  payment: z.looseObject({ id: z.int(), orderId: z.int() }).optional(),
  slip: z.looseObject({ id: z.int() }).optional(),
});

/** The bodies of commands about an order's state and its invoice, which name nobody. */
const Command = z.union([
  z.strictObject({ state: z.int(), stage: z.string().optional() }),
  z.strictObject({ number: z.string() }),
]);
/** The body of a command about parcels. A tracking number leads to an address. */
const Tracking = z.strictObject({ parcels: z.array(z.looseObject({ ref: z.string() })) });

/**
 * A stored body without its person: what a look-up and its acknowledgement need, and what tells which units the ERP has.
 * Made of what is known to tell of nobody, so a field that joins bodies later is left out until somebody decides on it.
 * What cannot be read is left out as a whole.
 */
export function erasedBody(text: string): string {
  const json = parsed(text);
  if (Command.safeParse(json).success) return text;
  const tracking = Tracking.safeParse(json);
  if (tracking.success) {
    return JSON.stringify({ parcels: tracking.data.parcels.map(({ ref }) => ({ ref, trackingNumber: "" })) });
  }
  const body = Body.safeParse(json);
  if (!body.success) return "{}";
  const { customer, externalId, fingerprint, order, payment, slip } = body.data;
  const lines = order?.lines.map(({ id, productKey, quantity }) => ({ id, productKey, quantity }));
  return JSON.stringify({
    externalId,
    fingerprint,
    ...(customer === undefined ? {} : { customer: { id: customer.id } }),
    ...(order === undefined ? {} : { order: { id: order.id, lines } }),
    ...(payment === undefined ? {} : { payment: { id: payment.id, orderId: payment.orderId } }),
    ...(slip === undefined ? {} : { slip: { id: slip.id } }),
  });
}

/** Whose body it is, and what it calls the person by. */
export interface BodyPerson {
  /** `id_customer`; undefined where the body does not say. */
  readonly customerId: number | undefined;
  /** Names, addresses, numbers; each as it stands in the body. */
  readonly words: readonly string[];
}

/** Fields that name a person or where he is to be found; towns, countries and the like are everybody's. */
const NAMING = ["email", "firstName", "lastName", "company", "line1", "line2", "phone", "vatNumber"] as const;

/** Reads whose body it is; a body of another form is nobody's. */
export function personOfBody(text: string): BodyPerson {
  const body = Body.safeParse(parsed(text));
  if (!body.success) return { customerId: undefined, words: [] };
  const { customer, order } = body.data;
  const parts = [customer, order?.billing, order?.delivery].filter((part) => part !== undefined);
  return { customerId: customer?.id ?? order?.customerId, words: parts.flatMap(wordsOf) };
}

function wordsOf(part: Readonly<Record<string, unknown>>): readonly string[] {
  const named = NAMING.map((name) => part[name]);
  const full = `${textOf(part["firstName"])} ${textOf(part["lastName"])}`;
  return [...named.map(textOf), full.trim()].filter((word) => word !== "");
}

const textOf = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
