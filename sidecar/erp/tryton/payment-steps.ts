import { z } from "zod";
import { ErpFailedError } from "../port.ts";
import { decodePayments, isPaymentOf, paymentFields, type TrytonPayment } from "./decode-payment.ts";
import { decodeRows } from "./decode-record.ts";
import { encodeOrigin } from "./encode-values.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import type { TrytonSettings } from "./settings.ts";

/** What the steps of this file need: without the companion each is a request of its own. */
interface Parts {
  readonly ask: Ask;
  readonly settings: TrytonSettings;
}

/** Approves, processes and succeeds a payment, as far as the settings say and as is left to do. */
export async function bringPaymentOn(
  { ask, settings }: Parts,
  { id, state }: Pick<TrytonPayment, "id" | "state">,
  errand: Errand,
): Promise<void> {
  if (state === "draft") doneOrThrow(await ask("model.account.payment.approve", [[id]], errand));
  if (settings.paymentState === "approved") return;
  if (state === "draft" || state === "approved") await processPayment(ask, id, errand);
  if (["draft", "approved", "processing"].includes(state)) {
    doneOrThrow(await ask("model.account.payment.succeed", [[id]], errand));
  }
}

const Wizard = z.tuple([z.int()], z.unknown());

/** Processing is open to Tryton's wizard alone, whose session is made, run and thrown away. */
async function processPayment(ask: Ask, id: number, errand: Errand): Promise<void> {
  const wizard = "wizard.account.payment.process";
  const made = Wizard.safeParse(doneOrThrow(await ask(`${wizard}.create`, [], errand)));
  if (!made.success) throw new ErpFailedError("Tryton's answer is no session of a wizard");
  const [session] = made.data;
  const context = { active_model: "account.payment", active_id: id, active_ids: [id] };
  doneOrThrow(await ask(`${wizard}.execute`, [session, {}, "process"], errand, context));
  doneOrThrow(await ask(`${wizard}.delete`, [session], errand));
}

/** The payments of an order, also those that hang on no sale since an amendment was cut short. */
export async function ownPayments(
  { ask, settings }: Parts,
  order: string,
  errand: Errand,
): Promise<readonly TrytonPayment[]> {
  const domain = [["description", "like", `${order}-PAY-%`]];
  const params = [domain, 0, null, [["id", "ASC"]], paymentFields(settings.companion)];
  const found = doneOrThrow(await ask("model.account.payment.search_read", params, errand));
  return decodePayments(decodeRows(found, "payments")).filter(({ key }) => isPaymentOf(order, key));
}

/** Takes payments off their sale for a while: Tryton neither opens nor cancels one that has any. */
export async function detachPayments(
  { ask }: Parts,
  payments: readonly TrytonPayment[],
  errand: Errand,
): Promise<void> {
  await writeOrigin(
    ask,
    payments.filter(({ hasOrigin }) => hasOrigin),
    null,
    errand,
  );
}

export async function attachPayments(
  { ask }: Parts,
  payments: readonly TrytonPayment[],
  saleId: number,
  errand: Errand,
): Promise<void> {
  await writeOrigin(ask, payments, encodeOrigin(saleId), errand);
}

async function writeOrigin(
  ask: Ask,
  payments: readonly TrytonPayment[],
  origin: string | null,
  errand: Errand,
): Promise<void> {
  if (payments.length === 0) return;
  const ids = payments.map(({ id }) => id);
  doneOrThrow(await ask("model.account.payment.write", [ids, { origin }], errand));
}

/**
 * Takes payments back, so that their keys are free. What was processed Tryton never deletes: it stays as failed, its key
 * no longer the first word.
 */
export async function releasePayments(
  { ask }: Parts,
  payments: readonly Pick<TrytonPayment, "id" | "state" | "description">[],
  errand: Errand,
): Promise<void> {
  for (const { id, state, description } of payments) {
    if (state === "approved") doneOrThrow(await ask("model.account.payment.draft", [[id]], errand));
    if (state === "approved" || state === "draft") {
      doneOrThrow(await ask("model.account.payment.delete", [[id]], errand));
      continue;
    }
    // The key goes last: until then a further attempt still finds it.
    if (state !== "failed") doneOrThrow(await ask("model.account.payment.fail", [[id]], errand));
    const values = { origin: null, description: `Taken back: ${description}` };
    doneOrThrow(await ask("model.account.payment.write", [[id], values], errand));
  }
}
