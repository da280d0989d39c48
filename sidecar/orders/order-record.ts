import { orderFingerprint, sha256 } from "../domain/fingerprint.ts";
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
import type { NeutralOrder, OrderBody, OrderTax } from "../domain/order.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpPort } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Claim } from "../queue/statements.ts";
import { isAnonymousCustomer } from "../shop/anonymous-statements.ts";
import {
  type OrderLineRow,
  type OrderRow,
  readOrder,
  readOrderAddresses,
  readOrderCustomisations,
  readOrderDiscounts,
  readOrderLines,
  readOrderTaxes,
} from "../shop/order-statements.ts";
import { sentContent, withoutAnonymised } from "./decide-anonymised.ts";
import { decideMappings, type MappingDecision } from "./decide-mapping.ts";
import { factsOfOrder } from "./decode-mapping-facts.ts";
import { decodeOrder, type OrderRows } from "./decode-order.ts";
import { MappingBook, type MappingView } from "./mapping-book.ts";
import { type Mapping, readMappings } from "./mapping-statements.ts";
import { type OperationRow, UNKNOWN_BODY_HASH } from "./operation-statements.ts";
import { type KnownRecord, type OrderFacts, planOrder } from "./plan-record.ts";
import type { Planner, RecordKind } from "./record.ts";

/**
 * Hash of an order's body; its key order is fixed, so equal orders have equal hashes. What is looked up in the shop's
 * catalogue of today is not the order's content: a tax renamed, a voucher deleted or a product moved to another category
 * later must not amend orders that were placed before.
 */
export function hashOrder(body: OrderBody): string {
  return sha256(JSON.stringify({ ...body, order: lasting(body.order) }));
}

/** The same of an order without its person: an erasure changes customer and addresses, and no more. */
export function hashOrderContent(order: NeutralOrder): string {
  return sha256(JSON.stringify({ ...lasting(order), customerId: 0, billing: null, delivery: null }));
}

function lasting(order: NeutralOrder): NeutralOrder {
  const lines = order.lines.map((line) => ({ ...line, categoryId: 0, taxes: unnamed(line.taxes) }));
  const taxes = {
    discountsTaxes: unnamed(order.discountsTaxes),
    shippingTaxes: unnamed(order.shippingTaxes),
    wrappingTaxes: unnamed(order.wrappingTaxes),
    roundingTaxes: unnamed(order.roundingTaxes),
    taxes: unnamed(order.taxes),
  };
  const discounts = order.discounts.map((discount) => ({ ...discount, code: "" }));
  return { ...order, lines, ...taxes, discounts };
}

const unnamed = (taxes: readonly OrderTax[]): readonly OrderTax[] =>
  taxes.map((tax) => ({ ...tax, name: "" }));

/** What orders are read with. */
export interface OrderRecordDeps {
  readonly db: Database;
  readonly erp: ErpPort;
  readonly scope: () => ExportScope;
  /** State that an exported order gets in the shop; undefined leaves it alone. */
  readonly stateAfterExport: number | undefined;
  /** How far amounts of an order that have to agree may be apart, in minor units of its currency. */
  readonly totalsToleranceMinor: number;
}

/** Orders, as the executor works them. */
export function orderRecord(deps: OrderRecordDeps): RecordKind<OrderBody> {
  const book = new MappingBook(deps.db);
  return {
    kind: "order",
    look: (claim) => lookAtOrder(deps, book, claim),
    hash: hashOrder,
    contentHash: (body) => hashOrderContent(body.order),
    find: deps.erp.findOrder,
    create: (body, call) => deps.erp.createOrder(body, [], call),
    amend: deps.erp.amendOrder,
    mapping: (body, ref) => ({
      kind: "order",
      shopKey: String(body.order.id),
      externalId: body.externalId,
      ref,
      fingerprint: body.fingerprint,
      origin: "sync",
    }),
    confirmedOrder: (body) => body.order.id,
  };
}

async function lookAtOrder(
  deps: OrderRecordDeps,
  book: MappingBook,
  claim: Claim,
): Promise<Planner<OrderBody>> {
  const { db } = deps;
  const scope = deps.scope();
  const parsed = parseSubject(claim.subject);
  if (parsed.kind !== "order") return () => ({ kind: "nothing" });
  const rows = await readOrderRows(db, parsed.id);
  if (rows === undefined) return () => ({ kind: "nothing" });
  const { order: row, lines } = rows;
  const [mappings, view] = await Promise.all([readMappings(db, mappingKeys(row, lines)), book.view()]);
  const mapping = mappings.get(`order:${String(row.id_order)}`);
  const presence = decidePresence(row, claim.released);
  const isExported = mapping !== undefined;
  // Asked of orders that the ERP has only, where nobody waits for the answer.
  const isAnonymous = isExported && (await isAnonymousCustomer(db, shopCustomerId(row.id_customer)));
  const order = presence === "whole" ? decodeOrder(rows, deps.totalsToleranceMinor) : undefined;
  const facts = {
    subject: orderSubject(parsed.id),
    presence,
    heldMs: claim.heldMs,
    inScope: claim.requested || parsed.id > scope.exportAfterOrder,
    fingerprint: orderFingerprint(row),
    customerSubject: customerSubject(row.id_customer as Parameters<typeof customerSubject>[0]),
    customerRef: mappings.get(`customer:${String(row.id_customer)}`)?.ref,
    customerExists: row.customer_exists === 1,
    itemRefs: itemRefs(lines, mappings),
    order,
    mapped: order?.kind === "agreed" ? lookUp(order.order, view) : undefined,
    // A record keeps the key that it has in the ERP, whatever epoch its id belongs to now.
    externalId: keptKey(mapping) ?? orderExternalId(scope.shopKey, parsed.id, scope.epochs),
  };
  return (operations) => {
    const known = knownRecord(mapping, operations);
    const status = statusFacts(deps.stateAfterExport, row.current_state, operations);
    const plan = planOrder({ ...facts, known, status } satisfies OrderFacts, hashOrder);
    const sent = sentContent(operations);
    return withoutAnonymised(plan, { ...facts, isExported, isAnonymous }, sent, hashOrderContent);
  };
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
export async function readOrderRows(db: Database, id: ShopOrderId): Promise<OrderRows | undefined> {
  const [order, addresses, lines, taxes] = await Promise.all([
    readOrder(db, id),
    readOrderAddresses(db, id),
    readOrderLines(db, id),
    readOrderTaxes(db, id),
  ]);
  if (order === undefined) return undefined;
  const isMade = lines.some((line) => (line.id_customization ?? 0) !== 0);
  const [discounts, customisations] = await Promise.all([
    Number(order.total_discounts_tax_incl) === 0 ? [] : readOrderDiscounts(db, id),
    isMade ? readOrderCustomisations(db, id) : [],
  ]);
  return { order, addresses, lines, taxes, discounts, customisations };
}

/** The key that a record of ours has in the ERP; undefined where we never sent it. */
export function keptKey(mapping: Mapping | undefined): ExternalId | undefined {
  return mapping === undefined || mapping.origin === "import"
    ? undefined
    : (mapping.externalId as ExternalId);
}

function statusFacts(
  wanted: number | undefined,
  now: number,
  operations: readonly OperationRow[],
): OrderFacts["status"] {
  const acknowledged = operations.filter(({ state }) => state === "acknowledged");
  return {
    wanted,
    now,
    whenCreated: acknowledged.find(({ kind }) => kind === "create")?.shopState,
    acknowledged: acknowledged.some(({ kind }) => kind === "set_status"),
  };
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
  const bodies = operations.filter((operation) => operation.kind !== "set_status");
  const sent = bodies.find((operation) => operation.state === "acknowledged");
  const [last] = bodies;
  const unsure =
    last?.kind === "amend" && (last.state === "open" || (last.state === "refused" && last.ambiguous));
  const bodyHash = unsure ? UNKNOWN_BODY_HASH : sent?.bodyHash;
  return { ref: mapping.ref, fingerprint: mapping.fingerprint ?? undefined, bodyHash };
}
