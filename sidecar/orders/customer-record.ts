import { customerFingerprint, sha256 } from "../domain/fingerprint.ts";
import { customerExternalId, parseSubject, type ShopCustomerId } from "../domain/ids.ts";
import type { CustomerBody } from "../domain/order.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpPort } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import type { Claim } from "../queue/statements.ts";
import { isAnonymousCustomer } from "../shop/anonymous-statements.ts";
import { type CustomerRow, readCustomer } from "../shop/order-statements.ts";
import { withoutErased } from "./decide-anonymised.ts";
import { decodeCustomer } from "./decode-order.ts";
import { type Mapping, readMappings } from "./mapping-statements.ts";
import { keptKey, knownRecord } from "./order-record.ts";
import { planCustomer } from "./plan-record.ts";
import type { Planner, RecordKind } from "./record.ts";

const hashCustomer = (body: CustomerBody): string => sha256(JSON.stringify(body));

/** What customers are read with. */
export interface CustomerRecordDeps {
  readonly db: Database;
  readonly erp: ErpPort;
  readonly scope: () => ExportScope;
}

/** Customers, as the executor works them. */
export function customerRecord(deps: CustomerRecordDeps): RecordKind<CustomerBody> {
  return {
    kind: "customer",
    look: (claim) => lookAtCustomer(deps, claim),
    hash: hashCustomer,
    contentHash: () => null,
    find: deps.erp.findCustomer,
    create: deps.erp.createCustomer,
    amend: deps.erp.amendCustomer,
    mapping: (body, ref) => ({
      kind: "customer",
      shopKey: String(body.customer.id),
      externalId: body.externalId,
      ref,
      fingerprint: body.fingerprint,
      origin: "sync",
    }),
    confirmedOrder: () => undefined,
  };
}

async function lookAtCustomer(deps: CustomerRecordDeps, claim: Claim): Promise<Planner<CustomerBody>> {
  const parsed = parseSubject(claim.subject);
  if (parsed.kind !== "customer") return () => ({ kind: "nothing" });
  const [row, mappings, isAnonymous] = await Promise.all([
    readCustomer(deps.db, parsed.id),
    readMappings(deps.db, [{ kind: "customer", shopKey: String(parsed.id) }]),
    isAnonymousCustomer(deps.db, parsed.id),
  ]);
  const mapping = mappings.get(`customer:${String(parsed.id)}`);
  const body = row === undefined ? undefined : customerBody(row, parsed.id, deps.scope(), mapping);
  return (operations) => {
    const plan = planCustomer(claim.subject, body, knownRecord(mapping, operations), hashCustomer);
    return withoutErased(plan, isAnonymous, operations);
  };
}

function customerBody(
  row: CustomerRow,
  id: ShopCustomerId,
  scope: ExportScope,
  mapping: Mapping | undefined,
): CustomerBody {
  return {
    externalId: keptKey(mapping) ?? customerExternalId(scope.shopKey, id, scope.epochs),
    fingerprint: customerFingerprint(row),
    customer: decodeCustomer(row),
  };
}
