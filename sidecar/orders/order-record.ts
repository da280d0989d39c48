import { orderFingerprint, sha256 } from "../domain/fingerprint.ts";
import {
  customerSubject,
  type ErpRef,
  type ExternalId,
  orderExternalId,
  orderSubject,
  parseSubject,
} from "../domain/ids.ts";
import type { OrderBody } from "../domain/order.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpPort } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Claim } from "../queue/statements.ts";
import {
  type OrderLineRow,
  type OrderRow,
  readOrder,
  readOrderAddresses,
  readOrderLines,
} from "../shop/order-statements.ts";
import { decodeOrder } from "./decode-order.ts";
import { type Mapping, readMappings } from "./mapping-statements.ts";
import { type OperationRow, UNKNOWN_BODY_HASH } from "./operation-statements.ts";
import { type KnownRecord, type OrderFacts, planOrder } from "./plan-record.ts";
import type { Planner, RecordKind } from "./record.ts";

/** Hash of an order's body; its key order is fixed, so equal orders have equal hashes. */
export const hashOrder = (body: OrderBody): string => sha256(JSON.stringify(body));

/** What orders are read with. */
export interface OrderRecordDeps {
  readonly db: Database;
  readonly erp: ErpPort;
  readonly scope: () => ExportScope;
  /** State that an exported order gets in the shop; undefined leaves it alone. */
  readonly stateAfterExport: number | undefined;
}

/** Orders, as the executor works them. */
export function orderRecord(deps: OrderRecordDeps): RecordKind<OrderBody> {
  return {
    kind: "order",
    look: (claim) => lookAtOrder(deps, claim),
    hash: hashOrder,
    find: deps.erp.findOrder,
    create: deps.erp.createOrder,
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

async function lookAtOrder(deps: OrderRecordDeps, claim: Claim): Promise<Planner<OrderBody>> {
  const { db } = deps;
  const scope = deps.scope();
  const parsed = parseSubject(claim.subject);
  if (parsed.kind !== "order") return () => ({ kind: "nothing" });
  const [row, addresses, lines] = await Promise.all([
    readOrder(db, parsed.id),
    readOrderAddresses(db, parsed.id),
    readOrderLines(db, parsed.id),
  ]);
  if (row === undefined) return () => ({ kind: "nothing" });
  const mappings = await readMappings(db, mappingKeys(row, lines));
  const mapping = mappings.get(`order:${String(row.id_order)}`);
  const presence = decidePresence(row, claim.released);
  const facts = {
    subject: orderSubject(parsed.id),
    presence,
    inScope: claim.requested || parsed.id > scope.exportAfterOrder,
    fingerprint: orderFingerprint(row),
    customerSubject: customerSubject(row.id_customer as Parameters<typeof customerSubject>[0]),
    customerRef: mappings.get(`customer:${String(row.id_customer)}`)?.ref,
    customerExists: row.customer_exists === 1,
    itemRefs: itemRefs(lines, mappings),
    order: presence === "whole" ? decodeOrder(row, addresses, lines) : undefined,
    // A record keeps the key that it has in the ERP, whatever epoch its id belongs to now.
    externalId: keptKey(mapping) ?? orderExternalId(scope.shopKey, parsed.id, scope.epochs),
  };
  return (operations) => {
    const known = knownRecord(mapping, operations);
    const status = statusFacts(deps.stateAfterExport, row.current_state, operations);
    return planOrder({ ...facts, known, status } satisfies OrderFacts, hashOrder);
  };
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
