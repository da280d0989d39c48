/**
 * What a PrestaShop 8.2 checkout writes, statement by statement, in order; each statement commits alone, but
 * for the two pairs that the module puts around the order and its history row. The list is data, so that the
 * simulator's trace and the general log of a real shop can both be held against it.
 */
export const CHECKOUT_STEPS = [
  { name: "order-begin", verb: "START TRANSACTION", table: null, each: "order", when: "hooks" },
  // current_state is 0 here; from this row's commit on the order can be torn.
  { name: "order", verb: "INSERT", table: "orders", each: "order", when: "always" },
  { name: "order-event", verb: "INSERT", table: "erpsync_outbox", each: "order", when: "hooks" },
  { name: "order-commit", verb: "COMMIT", table: null, each: "order", when: "hooks" },
  { name: "cart-prices", verb: "DELETE", table: "specific_price", each: "order", when: "always" },
  // The quantity was read before and is written as an absolute value, with every other column of the row.
  { name: "line-stock", verb: "UPDATE", table: "stock_available", each: "line", when: "always" },
  { name: "line-parent-stock", verb: "UPDATE", table: "stock_available", each: "line", when: "combination" },
  { name: "line-product-shop", verb: "UPDATE", table: "product_shop", each: "line", when: "always" },
  { name: "line-product", verb: "UPDATE", table: "product", each: "line", when: "always" },
  { name: "line", verb: "INSERT", table: "order_detail", each: "line", when: "always" },
  { name: "line-tax", verb: "INSERT", table: "order_detail_tax", each: "line", when: "taxed" },
  { name: "carrier", verb: "INSERT", table: "order_carrier", each: "order", when: "always" },
  { name: "payment", verb: "INSERT", table: "order_payment", each: "order", when: "paid" },
  { name: "payment-order", verb: "UPDATE", table: "orders", each: "order", when: "paid" },
  // actionValidateOrder fires here.
  { name: "sale", verb: "INSERT", table: "product_sale", each: "line", when: "paid" },
  { name: "state-order", verb: "UPDATE", table: "orders", each: "order", when: "always" },
  { name: "invoice", verb: "INSERT", table: "order_invoice", each: "order", when: "paid" },
  { name: "invoice-tax", verb: "INSERT", table: "order_invoice_tax", each: "order", when: "paid-taxed" },
  { name: "invoice-number", verb: "UPDATE", table: "order_invoice", each: "order", when: "paid" },
  { name: "invoice-carrier", verb: "UPDATE", table: "order_carrier", each: "order", when: "paid" },
  { name: "invoice-lines", verb: "UPDATE", table: "order_detail", each: "order", when: "paid" },
  { name: "invoice-payment", verb: "INSERT", table: "order_invoice_payment", each: "order", when: "paid" },
  { name: "invoice-cart-rule", verb: "UPDATE", table: "order_cart_rule", each: "order", when: "paid" },
  { name: "invoice-order", verb: "UPDATE", table: "orders", each: "order", when: "paid" },
  // actionOrderStatusPostUpdate fires here, before the history row exists.
  { name: "state-reserved", verb: "UPDATE", table: "stock_available", each: "order", when: "always" },
  { name: "state-physical", verb: "UPDATE", table: "stock_available", each: "order", when: "always" },
  { name: "history-begin", verb: "START TRANSACTION", table: null, each: "order", when: "hooks" },
  { name: "history", verb: "INSERT", table: "order_history", each: "order", when: "always" },
  { name: "history-event", verb: "INSERT", table: "erpsync_outbox", each: "order", when: "hooks" },
  // The commit that makes the order whole.
  { name: "history-commit", verb: "COMMIT", table: null, each: "order", when: "hooks" },
  { name: "history-order", verb: "UPDATE", table: "orders", each: "order", when: "always" },
  { name: "final-tax-delete", verb: "DELETE", table: "order_detail_tax", each: "order", when: "taxed" },
  { name: "final-tax", verb: "INSERT", table: "order_detail_tax", each: "order", when: "taxed" },
  { name: "final-reserved", verb: "UPDATE", table: "stock_available", each: "order", when: "always" },
  { name: "final-physical", verb: "UPDATE", table: "stock_available", each: "order", when: "always" },
] as const satisfies readonly CheckoutStep[];

export interface CheckoutStep {
  readonly name: string;
  readonly verb: "INSERT" | "UPDATE" | "DELETE" | "START TRANSACTION" | "COMMIT";
  /** Without the shop's prefix. */
  readonly table: string | null;
  /** Neighbours with `line` repeat together, once a line. */
  readonly each: "order" | "line";
  readonly when: "always" | "hooks" | "paid" | "taxed" | "paid-taxed" | "combination";
}

export type CheckoutStepName = (typeof CHECKOUT_STEPS)[number]["name"];

/** What decides which steps an order takes. */
export interface CheckoutShape {
  readonly hooks: boolean;
  readonly paid: boolean;
  readonly taxed: boolean;
  /** One entry a line: is it a combination? */
  readonly combinations: readonly boolean[];
}

/** The names of the steps that a checkout of this shape takes, repeats included. */
export function expectedSteps(shape: CheckoutShape): readonly CheckoutStepName[] {
  const names: CheckoutStepName[] = [];
  let index = 0;
  while (index < CHECKOUT_STEPS.length) {
    const block = CHECKOUT_STEPS.slice(index);
    const end = block.findIndex((step) => step.each !== block[0]?.each);
    const group = end === -1 ? block : block.slice(0, end);
    const repeats = group[0]?.each === "line" ? shape.combinations : [false];
    for (const combination of repeats) {
      names.push(...group.filter((step) => applies(step, shape, combination)).map((step) => step.name));
    }
    index += group.length;
  }
  return names;
}

function applies(step: CheckoutStep, shape: CheckoutShape, combination: boolean): boolean {
  switch (step.when) {
    case "always":
      return true;
    case "hooks":
      return shape.hooks;
    case "paid":
      return shape.paid;
    case "taxed":
      return shape.taxed;
    case "paid-taxed":
      return shape.paid && shape.taxed;
    case "combination":
      return combination;
  }
}
