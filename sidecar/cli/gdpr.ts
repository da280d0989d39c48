import type { Command } from "commander";
import { type ErasedRows, eraseCustomer, type Receipt } from "../ops/gdpr-erase.ts";
import { erasedBody, personOfBody } from "../orders/decide-erased-body.ts";
import { systemClock, systemSleep } from "../platform/system-clock.ts";
import {
  type ActionOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withActionOptions,
  withDatabase,
} from "./command-line.ts";

const ID_MAX = 999_999_999;

/** `erpsync gdpr erase`. */
export function registerGdpr(program: Command, terminal: Terminal): void {
  const gdpr = program.command("gdpr").description("what the law asks for people's data");
  withActionOptions(gdpr.command("erase <customer>"))
    .description("remove what tells of a customer from all that erpsync keeps, and print a receipt")
    .action(async (text: string, options: ActionOptions) => {
      const { actor, reason } = options;
      const customer = parseCount("<customer>", text, ID_MAX);
      await withDatabase(options, async (db) => {
        const bodies = { erased: erasedBody, person: personOfBody };
        const deps = { db, bodies, clock: systemClock, sleep: systemSleep };
        const erasedAt = new Date(systemClock.nowMs()).toISOString();
        const receipt = { erasedAt, ...(await eraseCustomer(deps, customer, { actor, reason })), ...REMARKS };
        say(terminal, options, receipt, receiptSentences(receipt));
        if (receipt.busy.length > 0) terminal.fail();
      });
    });
}

/** What the receipt says beside its figures: it is shown to the person who asked, or to an authority. */
const REMARKS = {
  stays: [
    "Hashes, outcomes and times of operations and attempts, and the ids of customer and orders in the shop and in the ERP: evidence of what was sent, which tells of nobody by itself.",
    "Quantities and products of his orders, from which the stock is reckoned.",
    "The record of this erasure.",
  ],
  notOurs: [
    "The shop: its own GDPR module (psgdpr) erases the customer there.",
    "The ERP: its customer and orders stay as they are; what the law lets go of there is for its people.",
    "Binary logs and backups of the database hold old rows until they expire. erpsync's own logs hold ids and codes only.",
  ],
} as const;

type Printed = Receipt & typeof REMARKS & { readonly erasedAt: string };

function receiptSentences(receipt: Printed): readonly string[] {
  const { actor, busy, customer, erased, erasedAt, notInErp, reason, sameEmail, subjects } = receipt;
  return [
    `Receipt: personal data of customer ${String(customer)} was erased from erpsync's tables.`,
    `${erasedAt}, by ${actor}: ${reason}`,
    `Looked at: ${subjects.join(", ")}`,
    `Erased: ${erasedSentence(erased)}`,
    ...warnings({ busy, notInErp, sameEmail }),
    "What stays, and why:",
    ...receipt.stays.map((line) => `  ${line}`),
    "What is not erpsync's to erase:",
    ...receipt.notOurs.map((line) => `  ${line}`),
  ];
}

function erasedSentence(erased: ErasedRows): string {
  return [
    `bodies of ${counted(erased.operations, "operation")}`,
    `requests and answers of ${counted(erased.attempts, "attempt")}`,
    `messages of ${counted(erased.jobs, "job")}`,
    `payloads of ${counted(erased.events, "event")} and ${counted(erased.outbox, "row")} of the outbox`,
    `names in the reasons of ${counted(erased.actions, "action")}.`,
  ].join(", ");
}

function warnings({ busy, notInErp, sameEmail }: Pick<Receipt, "busy" | "notInErp" | "sameEmail">) {
  return [
    ...(busy.length === 0
      ? []
      : [`NOT YET erased, as erpsync is at work on them: ${busy.join(", ")}. Run the command again.`]),
    ...(notInErp.length === 0
      ? []
      : [
          `Not in the ERP yet: ${counted(notInErp.length, "order")} (${notInErp.map(String).join(", ")}). They go there as the shop has them then; run the command again after that.`,
        ]),
    ...(sameEmail.length === 0
      ? []
      : [
          `The same e-mail has: ${sameEmail.map((id) => `customer ${String(id)}`).join(", ")}. Each is erased by its own id.`,
        ]),
  ];
}
