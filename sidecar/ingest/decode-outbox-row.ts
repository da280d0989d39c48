import { z } from "zod";
import { parseSubject, type Subject } from "../domain/ids.ts";
import { type Mark, type MarkWhen, urgentOf } from "../domain/job.ts";

/** Events of version 1, and how soon each wants its subject looked at. */
const WHEN = {
  // The order's own INSERT; its status row completes it within the second, so it starts held.
  "order.placed": "whole",
  "order.status_changed": "now",
  "order.changed": "now",
  "customer.changed": "now",
  "stock.moved": undefined,
  "product.changed": undefined,
} as const satisfies Record<string, MarkWhen | undefined>;

const KnownEvent = z.object({
  event_id: z.string().min(1),
  type: z.enum(Object.keys(WHEN) as [keyof typeof WHEN, ...(keyof typeof WHEN)[]]),
  version: z.literal(1),
  subject: z.string().regex(/^[a-z_]+:[0-9:]+$/),
  traceparent: z.string(),
});

/**
 * What an outbox row asks for. A row of an unknown type or version is quarantined: recorded as an event, marked for
 * nobody, and the sweep still finds its order.
 */
export type DecodedRow =
  | { readonly kind: "mark"; readonly mark: Mark }
  /** A customer's edit matters only where the customer has a job already. */
  | { readonly kind: "mark-known"; readonly mark: Mark }
  /** Recorded for a stage that reads events itself. */
  | { readonly kind: "record" }
  | { readonly kind: "quarantine"; readonly reason: string };

/** Reads one row; never throws, because a bad row stops only itself. */
export function decodeOutboxRow(row: unknown): DecodedRow {
  const parsed = KnownEvent.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      kind: "quarantine",
      reason: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unreadable"}`,
    };
  }
  const { type, subject, traceparent } = parsed.data;
  const when = WHEN[type];
  if (when === undefined) return { kind: "record" };
  if (parseSubject(subject).kind === "other") {
    return { kind: "quarantine", reason: `subject: ${type} needs an order or a customer` };
  }
  const mark: Mark = { subject: subject as Subject, when, traceparent };
  return type === "customer.changed" ? { kind: "mark-known", mark } : { kind: "mark", mark };
}

/** One mark a subject, the most urgent: a batch may hold several events of one order. */
export function mergeMarks(marks: readonly Mark[]): readonly Mark[] {
  const bySubject = new Map<Subject, Mark>();
  for (const mark of marks) bySubject.set(mark.subject, urgentOf(bySubject.get(mark.subject), mark));
  return [...bySubject.values()];
}
