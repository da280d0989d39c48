import type { Sleep } from "../domain/clock.ts";
import { PeriodClosedError } from "../domain/errors.ts";
import { orderFingerprint } from "../domain/fingerprint.ts";
import {
  customerSubject,
  type ErpRef,
  type ExternalId,
  orderExternalId,
  orderSubject,
  parseSubject,
  type ShopOrderId,
  shopCustomerId,
} from "../domain/ids.ts";
import type { OperationKind } from "../domain/operation.ts";
import type { NeutralOrder } from "../domain/order.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpPort } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Claim } from "../queue/statements.ts";
import { isAnonymousCustomer } from "../shop/anonymous-statements.ts";
import {
  type OrderLineRow,
  type OrderRow,
  type OrderTaxRow,
  readOrder,
  readOrderAddresses,
  readOrderCustomisations,
  readOrderDiscounts,
  readOrderLines,
  readOrderTaxes,
} from "../shop/order-statements.ts";
import { sentContent, withoutAnonymised } from "./decide-anonymised.ts";
import { decideMappings, type MappingDecision } from "./decide-mapping.ts";
import { mustWithdraw } from "./decide-withdrawal.ts";
import { factsOfOrder } from "./decode-mapping-facts.ts";
import { type DecodedOrder, decodeOrder, type OrderRows } from "./decode-order.ts";
import type { OrderProgress } from "./decode-progress.ts";
import { MappingBook, type MappingView } from "./mapping-book.ts";
import { type Mapping, readMappings } from "./mapping-statements.ts";
import { type OperationRow, UNKNOWN_BODY_HASH } from "./operation-statements.ts";
import { hashOrder, hashOrderContent, orderEffects } from "./order-effects.ts";
import {
  decideCarried,
  isUnpaid,
  type LifeRules,
  lifeFacts,
  moneyKeys,
  type OrderMoney,
  readMoney,
  withInvoices,
  withPayments,
} from "./order-money.ts";
import { planLife } from "./plan-life.ts";
import { type KnownRecord, type OrderFacts, planOrder } from "./plan-record.ts";
import { readProgress } from "./progress-statements.ts";
import type { Planner, RecordKind } from "./record.ts";

/** What people decided about orders; see the section `orders` of the configuration. */
export interface OrderRules extends LifeRules {
  /** How far amounts of an order that have to agree may be apart, in minor units of its currency. */
  readonly totalsToleranceMinor: number;
  readonly unpaid: "export" | "hold";
  /** Order states that call an order off. */
  readonly cancelledStates: readonly number[];
}

/** What orders are read with. */
export interface OrderRecordDeps {
  readonly db: Database;
  readonly sleep: Sleep;
  readonly erp: ErpPort;
  readonly scope: () => ExportScope;
  /** State that an exported order gets in the shop; undefined leaves it alone. */
  readonly stateAfterExport: number | undefined;
  readonly rules: OrderRules;
}

/** Orders, as the executor works them. */
export function orderRecord(deps: OrderRecordDeps): RecordKind {
  const book = new MappingBook(deps.db);
  return {
    kind: "order",
    look: (claim) => lookAtOrder(deps, book, claim),
    effects: orderEffects(deps.erp),
  };
}

async function lookAtOrder(deps: OrderRecordDeps, book: MappingBook, claim: Claim): Promise<Planner> {
  const { db, erp, rules, sleep } = deps;
  const parsed = parseSubject(claim.subject);
  if (parsed.kind !== "order") return () => ({ kind: "nothing" });
  const [rows, money, progress] = await Promise.all([
    readOrderRows(db, parsed.id, sleep),
    readMoney(db, parsed.id, erp.capabilities, rules),
    readProgress(db, parsed.id),
  ]);
  if (rows === undefined) return () => ({ kind: "nothing" });
  const { order: row, lines } = rows;
  const [mappings, view] = await Promise.all([
    readMappings(db, [...mappingKeys(row, lines), ...moneyKeys(parsed.id, money)]),
    book.view(),
  ]);
  // Asked of orders that the ERP has only, where nobody waits for the answer.
  const isExported = mappings.has(`order:${String(row.id_order)}`);
  const isAnonymous = isExported && (await isAnonymousCustomer(db, shopCustomerId(row.id_customer)));
  const facts = {
    ...factsOf(deps, claim, rows, { mappings, money, view }),
    progress,
    isExported,
    isAnonymous,
  };
  return (operations) => planAll(facts, { ...rules, stateAfterExport: deps.stateAfterExport }, operations);
}

/** Beside the shop's rows. */
interface Surroundings {
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly money: OrderMoney;
  readonly view: MappingView;
}

function factsOf(
  { erp, rules, scope: scopeNow }: OrderRecordDeps,
  claim: Claim,
  rows: OrderRows,
  { mappings, money, view }: Surroundings,
) {
  const { order: row, lines } = rows;
  const scope = scopeNow();
  const orderId = row.id_order as ShopOrderId;
  const mapping = mappings.get(`order:${String(row.id_order)}`);
  const presence = decidePresence(row, claim.released);
  const decoded = presence === "whole" ? decodeOrder(rows, rules.totalsToleranceMinor) : undefined;
  const order: DecodedOrder | undefined =
    decoded?.kind === "agreed"
      ? { kind: "agreed", order: withInvoices(decoded.order, money, rules) }
      : decoded;
  return {
    subject: orderSubject(orderId),
    orderId,
    presence,
    heldMs: claim.heldMs,
    inScope: claim.requested || orderId > scope.exportAfterOrder,
    fingerprint: orderFingerprint(row),
    customerSubject: customerSubject(row.id_customer as Parameters<typeof customerSubject>[0]),
    customerRef: mappings.get(`customer:${String(row.id_customer)}`)?.ref,
    customerExists: row.customer_exists === 1,
    itemRefs: itemRefs(lines, mappings),
    order,
    mapped: order?.kind === "agreed" ? lookUp(order.order, view) : undefined,
    // A record keeps the key that it has in the ERP, whatever epoch its id belongs to now.
    externalId: keptKey(mapping) ?? orderExternalId(scope.shopKey, orderId, scope.epochs),
    shopState: row.current_state,
    isCalledOff: rules.cancelledStates.includes(row.current_state),
    waitsForPayment: rules.unpaid === "hold" && isUnpaid(row, money),
    booksClosedUntil: rules.booksClosedUntil,
    requested: claim.requested,
    mapping,
    mappings,
    money,
    erp: erp.capabilities,
  };
}

type AllFacts = ReturnType<typeof factsOf> & {
  readonly progress: OrderProgress | undefined;
  readonly isExported: boolean;
  readonly isAnonymous: boolean;
};

/** The order's own record first, then what hangs on it; pure. */
function planAll(
  facts: AllFacts,
  rules: LifeRules & { readonly stateAfterExport: number | undefined },
  operations: readonly OperationRow[],
): ReturnType<Planner> {
  const { externalId, fingerprint, orderId } = facts;
  const known = knownRecord(facts.mapping, operations);
  if (known !== undefined && mustWithdraw(operations)) {
    return { kind: "withdraw", ref: known.ref, body: { externalId, fingerprint, orderId } };
  }
  const plan = withoutAnonymised(
    planOrder({ ...facts, known } satisfies OrderFacts, hashOrder),
    facts,
    sentContent(operations),
    hashOrderContent,
  );
  const carried = decideCarried(facts, operations);
  const afterwards = (ref: ErpRef): ReturnType<Planner> =>
    planLife(lifeFacts({ ...facts, carried }, ref, rules, operations));
  if (plan.kind === "create") {
    const goesOn = goesOnAfter(facts, rules, afterwards);
    return withPayments(plan, { ...facts, carried }, rules.booksClosedUntil, goesOn);
  }
  if (known === undefined) return plan;
  if (plan.kind === "nothing") return afterwards(known.ref);
  if (isStuck(plan, operations)) return insteadOf(plan, afterwards(known.ref));
  if (plan.kind === "amend") return { ...plan, goesOn: afterwards(plan.ref).kind !== "nothing" };
  return plan;
}

/** What the ERP said no to, or a closed period keeps back: it is asked again, but what else is due does not wait for it. */
function isStuck(plan: ReturnType<Planner>, [last]: readonly OperationRow[]): boolean {
  if (plan.kind === "park") return plan.error instanceof PeriodClosedError;
  if (plan.kind !== "amend" && plan.kind !== "cancel") return false;
  return last?.kind === plan.kind && last.state === "refused";
}

/** What can be done in the place of what is stuck; nothing of it is lost, since it is planned again afterwards. */
const insteadOf = (stuck: ReturnType<Planner>, next: ReturnType<Planner>): ReturnType<Planner> =>
  next.kind === "nothing" || next.kind === "hold" || next.kind === "park" ? stuck : next;

/** Whether a creation is followed by another operation: the claim is then kept. */
function goesOnAfter(
  facts: AllFacts,
  { stateAfterExport }: { readonly stateAfterExport: number | undefined },
  afterwards: (ref: ErpRef) => ReturnType<Planner>,
): boolean {
  return (
    facts.isCalledOff ||
    (stateAfterExport !== undefined && stateAfterExport !== facts.shopState) ||
    afterwards("0" as ErpRef).kind !== "nothing"
  );
}

/** What the ERP calls the things that the order names. Its state is not asked for: it would amend at each change. */
function lookUp(order: NeutralOrder, view: MappingView): MappingDecision {
  const rules = view.rulesOf(order.shopId);
  const dayIn = (country: string, at: string): string => view.dayIn(country, at, rules.timeZone);
  return decideMappings(view.index, factsOfOrder(order, rules, dayIn, undefined));
}

/**
 * All that the shop has of an order; undefined where it was deleted. Vouchers and what customers had made are read only
 * where the order has any.
 */
export async function readOrderRows(
  db: Database,
  id: ShopOrderId,
  sleep: Sleep,
): Promise<OrderRows | undefined> {
  const [order, addresses, lines, found] = await Promise.all([
    readOrder(db, id),
    readOrderAddresses(db, id),
    readOrderLines(db, id),
    readOrderTaxes(db, id),
  ]);
  if (order === undefined) return undefined;
  let taxes = found;
  for (let looks = 1; looks < TAX_LOOKS.times && lacksTaxes(lines, taxes); looks += 1) {
    await sleep(TAX_LOOKS.afterMs);
    taxes = await readOrderTaxes(db, id);
  }
  const isMade = lines.some((line) => (line.id_customization ?? 0) !== 0);
  const [discounts, customisations] = await Promise.all([
    Number(order.total_discounts_tax_incl) === 0 ? [] : readOrderDiscounts(db, id),
    isMade ? readOrderCustomisations(db, id) : [],
  ]);
  return { order, addresses, lines, taxes, discounts, customisations };
}

/**
 * At the end of a checkout, when the order has long been announced, PrestaShop deletes the taxes of its lines and inserts
 * them anew, without a transaction (`Order::updateOrderDetailTax`, 8.2.1). An import may have none for good.
 */
const TAX_LOOKS = { times: 4, afterMs: 50 } as const;

function lacksTaxes(lines: readonly OrderLineRow[], taxes: readonly OrderTaxRow[]): boolean {
  const known = new Set(taxes.map((tax) => tax.id_order_detail));
  return lines.some(
    (line) => line.total_price_tax_incl !== line.total_price_tax_excl && !known.has(line.id_order_detail),
  );
}

/** The key that a record of ours has in the ERP; undefined where we never sent it. */
export function keptKey(mapping: Mapping | undefined): ExternalId | undefined {
  return mapping === undefined || mapping.origin === "import"
    ? undefined
    : (mapping.externalId as ExternalId);
}

function decidePresence(row: OrderRow, released: boolean): OrderFacts["presence"] {
  const whole = row.current_state !== 0 && row.has_history === 1;
  return whole || released ? "whole" : "torn";
}

function mappingKeys(row: OrderRow, lines: readonly OrderLineRow[]) {
  return [
    { kind: "order" as const, shopKey: String(row.id_order) },
    { kind: "customer" as const, shopKey: String(row.id_customer) },
    ...lines.map((line) => ({ kind: "product" as const, shopKey: productKey(line) })),
  ];
}

const productKey = (line: OrderLineRow): string =>
  `${String(line.product_id)}:${String(line.product_attribute_id)}`;

function itemRefs(
  lines: readonly OrderLineRow[],
  mappings: ReadonlyMap<string, Mapping>,
): Readonly<Record<string, ErpRef>> {
  const refs: Record<string, ErpRef> = {};
  for (const line of lines) {
    const mapping = mappings.get(`product:${productKey(line)}`);
    if (mapping !== undefined) refs[productKey(line)] = mapping.ref;
  }
  return refs;
}

/**
 * What we know of a record in the ERP, from its mapping and its last acknowledged body. While an amendment is open that
 * may have been executed, what stands there is not known, and the next plan amends it.
 */
export function knownRecord(
  mapping: Mapping | undefined,
  operations: readonly OperationRow[],
): KnownRecord | undefined {
  if (mapping === undefined) return undefined;
  const bodies = operations.filter(({ kind }) => BODIED.has(kind));
  const sent = bodies.find(({ kind, state }) => state === "acknowledged" && kind !== "cancel");
  const isCancelled = bodies.find(({ state }) => state === "acknowledged")?.kind === "cancel";
  const [last] = bodies;
  const unsure =
    last !== undefined &&
    last.kind !== "create" &&
    (last.state === "open" || (last.state === "refused" && last.ambiguous));
  const bodyHash = unsure ? UNKNOWN_BODY_HASH : sent?.bodyHash;
  return { ref: mapping.ref, fingerprint: mapping.fingerprint ?? undefined, bodyHash, isCancelled };
}

/** The operations that say what stands in the ERP as the record itself. */
const BODIED: ReadonlySet<OperationKind> = new Set(["create", "amend", "cancel"]);
