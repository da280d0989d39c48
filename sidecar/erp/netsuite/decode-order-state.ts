import { z } from "zod";
import { DecodeError } from "../../domain/errors.ts";
import { type Answer, json } from "./decode-answer.ts";

/** Letters of a sales order's status; what they mean is in the folder's README. */
export const ORDER_STATUSES = ["A", "B", "C", "D", "E", "F", "G", "H"] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** How a sales order stands. */
export interface OrderState {
  readonly status: OrderStatus;
  readonly lines: readonly OrderLineState[];
}

interface OrderLineState {
  /** NetSuite's own number of the line, which an update matches by. */
  readonly line: number;
  readonly isClosed: boolean;
  /** Pieces that have left; halves are possible. */
  readonly fulfilled: number;
}

/** SuiteQL writes the letter alone, and searches of older services `SalesOrd:B`. */
export const Status = z
  .string()
  .transform((text) => text.replace(/^SalesOrd:/, ""))
  .pipe(z.enum(ORDER_STATUSES));

const SalesOrder = z.looseObject({
  orderStatus: z.union([Status, z.looseObject({ id: Status }).transform(({ id }) => id)]),
  item: z.looseObject({
    items: z.array(
      z.looseObject({
        line: z.int(),
        isClosed: z.boolean().default(false),
        quantityFulfilled: z.number().default(0),
      }),
    ),
  }),
});

/**
 * Reads how an order stands from the record, its sublists expanded.
 * @throws DecodeError where the answer does not tell it.
 */
export function decodeOrderState(answer: Answer): OrderState {
  const parsed = SalesOrder.safeParse(json(answer.body));
  if (!parsed.success)
    throw new DecodeError("NetSuite's answer is not a sales order with its status and lines");
  const { orderStatus, item } = parsed.data;
  return {
    status: orderStatus,
    lines: item.items.map(({ line, isClosed, quantityFulfilled }) => ({
      line,
      isClosed,
      fulfilled: quantityFulfilled,
    })),
  };
}

/** Called off as a whole: cancelled, or closed before anything left. */
export const isCalledOff = ({ status, lines }: OrderState): boolean =>
  status === "C" || (status === "H" && lines.every(({ fulfilled }) => fulfilled === 0));
