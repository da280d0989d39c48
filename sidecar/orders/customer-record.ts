import { customerFingerprint, sha256 } from "../domain/fingerprint.ts";
import { customerExternalId, type ErpRef, parseSubject, type ShopCustomerId } from "../domain/ids.ts";
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
import { effect, type Outcome, type Planner, type RecordKind, requireRef } from "./record.ts";

const hashCustomer = (body: CustomerBody): string => sha256(JSON.stringify(body));

/** What customers are read with. */
export interface CustomerRecordDeps {
  readonly db: Database;
  readonly erp: ErpPort;
  readonly scope: () => ExportScope;
}

/** Customers, as the executor works them. */
export function customerRecord(deps: CustomerRecordDeps): RecordKind {
  const { erp } = deps;
  const outcome = (body: CustomerBody, ref: ErpRef): Outcome => ({
    resource: "customer",
    mappings: [
      {
        kind: "customer",
        shopKey: String(body.customer.id),
        externalId: body.externalId,
        ref,
        fingerprint: body.fingerprint,
        origin: "sync",
      },
    ],
  });
  const shared = { hash: hashCustomer, contentHash: () => null, outcome };
  return {
    kind: "customer",
    look: (claim) => lookAtCustomer(deps, claim),
    effects: {
      create: effect<CustomerBody>({
        ...shared,
        find: erp.findCustomer,
        send: (body, _ref, call) => erp.createCustomer(body, call),
      }),
      amend: effect<CustomerBody>({
        ...shared,
        send: async (body, ref, call) => {
          const known = requireRef(ref);
          await erp.amendCustomer(known, body, call);
          return known;
        },
      }),
    },
  };
}

async function lookAtCustomer(deps: CustomerRecordDeps, claim: Claim): Promise<Planner> {
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
