import { ShopCommandError } from "../domain/errors.ts";
import type { ExternalId, Subject } from "../domain/ids.ts";
import type { ErpExchange } from "../erp/port.ts";
import type { SetInvoice, SetStatus, SetTracking } from "../shop/commands.ts";
import type { Intent } from "./operation-statements.ts";
import type { ShopCommand } from "./plan.ts";

/** The commands that orders give to the shop. */
export interface OrderCommands {
  readonly setStatus: SetStatus;
  readonly setTracking: SetTracking;
  readonly setInvoice: SetInvoice;
}

/** The body that a command is stored with: all of it but its kind, which is the operation's. */
export function encodeCommand({ kind: _kind, ...body }: ShopCommand): string {
  return JSON.stringify(body);
}

/** Gives a stored command to the shop, which executes each id once. */
export async function sendCommand(
  shop: OrderCommands,
  subject: Subject,
  intent: Intent,
  note: (exchange: ErpExchange) => void,
  signal: AbortSignal,
): Promise<void> {
  const to = { commandId: intent.key, subject };
  // Written by `encodeCommand` for the operation's kind.
  const command = { kind: intent.kind, ...(JSON.parse(intent.body) as object) } as ShopCommand;
  switch (command.kind) {
    case "set_status":
      await shop.setStatus({ ...to, state: command.state }, note, signal);
      return;
    case "set_tracking":
      await shop.setTracking({ ...to, parcels: command.parcels }, note, signal);
      return;
    case "set_invoice":
      await shop.setInvoice({ ...to, number: command.number }, note, signal);
      return;
  }
}

/** What the sync log calls the effect of a command. */
export function effectOfCommand(intent: Intent): string {
  return intent.kind === "set_status"
    ? String((JSON.parse(intent.body) as { readonly state: number }).state)
    : intent.kind;
}

/** True where the shop says that it can never carry the command out. */
export const isRefused = (thrown: unknown): boolean =>
  thrown instanceof ShopCommandError && thrown.advice.kind === "park";

/** Commands have no key in the ERP; the order's stands beside them. */
export const commandExternalId = (last: { readonly externalId: ExternalId } | undefined): ExternalId =>
  last?.externalId ?? ("" as ExternalId);
