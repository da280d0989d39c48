import type { Database } from "../platform/database.ts";
import {
  accountsWithEmail,
  exportedOrders,
  pageBodies,
  pageOrdersOf,
  readAddressWords,
  readCustomerWords,
} from "./gdpr-statements.ts";

/** Rows of one read; a body is about 2 KB. */
const PAGE = 500;

/** What the erasure knows of stored bodies, which belong to another stage. */
export interface BodyRules {
  /** The body without its person. */
  readonly erased: (text: string) => string;
  /** Whose body it is, and what it calls the person by. */
  readonly person: (text: string) => {
    readonly customerId: number | undefined;
    readonly words: readonly string[];
  };
}

/** What there is of a customer. */
export interface Traces {
  /** The customer and his orders, by the shop's word and by ours; also those that an adoption put away. */
  readonly subjects: readonly string[];
  /** What he is called by, here and in the shop. */
  readonly words: readonly string[];
  readonly notInErp: readonly number[];
  readonly sameEmail: readonly number[];
}

/**
 * Finds what is kept of a customer. The shop may have given his orders to nobody already; then only the bodies that we
 * sent say whose they were, so every body that is kept is looked at. A namesake by number of an earlier epoch goes as well.
 */
export async function findTraces(db: Database, bodies: BodyRules, customerId: number): Promise<Traces> {
  const orders = await ordersOf(db, customerId);
  const kept = await keptOf(db, bodies, customerId);
  const inShop = await readCustomerWords(db, customerId);
  const inAddresses = await readAddressWords(db, customerId);
  const exported = orders.length === 0 ? new Set<number>() : await exportedOrders(db, orders);
  const subjects = [subjectOf(customerId), ...orders.map((id) => `order:${String(id)}`), ...kept.subjects];
  return {
    subjects: [...new Set(subjects)].sort(),
    words: [...kept.words, ...(inShop?.words ?? []), ...inAddresses],
    notInErp: orders.filter((id) => !exported.has(id)),
    sameEmail: inShop === undefined ? [] : await accountsWithEmail(db, inShop.email, customerId),
  };
}

const subjectOf = (customerId: number): string => `customer:${String(customerId)}`;

/** What the stored bodies know of a customer. */
async function keptOf(
  db: Database,
  bodies: BodyRules,
  customerId: number,
): Promise<{ readonly subjects: ReadonlySet<string>; readonly words: ReadonlySet<string> }> {
  const own = subjectOf(customerId);
  const subjects = new Set<string>();
  const words = new Set<string>();
  let afterKey = "";
  for (;;) {
    const page = await pageBodies(db, afterKey, PAGE);
    const last = page.at(-1);
    if (last === undefined) return { subjects, words };
    for (const { body, subject } of page) {
      const person = bodies.person(body ?? "");
      // The operations of an earlier epoch are kept as `customer:9@1`.
      if (person.customerId !== customerId && subject !== own && !subject.startsWith(`${own}@`)) continue;
      subjects.add(subject);
      for (const word of person.words) words.add(word);
    }
    afterKey = last.key;
  }
}

async function ordersOf(db: Database, customerId: number): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const page = await pageOrdersOf(db, customerId, ids.at(-1) ?? 0, PAGE);
    if (page.length === 0) return ids;
    ids.push(...page);
  }
}
