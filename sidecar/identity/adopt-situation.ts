import type { ErpRef, ExternalId, Subject } from "../domain/ids.ts";
import { customerSubject, type Epoch, orderSubject, shopCustomerId, shopOrderId } from "../domain/ids.ts";
import type { ExportScope } from "../domain/scope.ts";
import type { ErpCall, ErpRecord } from "../erp/port.ts";
import type { Database, Tx } from "../platform/database.ts";
import type { AdoptedKind } from "./adopt-statements.ts";
import type { Marks } from "./decide-adoption.ts";
import { decideIdentity, type IdentityVerdict, type Remembered } from "./decide-identity.ts";
import { readShopNow } from "./shop-now.ts";
import { readStateFile } from "./state-file.ts";
import { type IdentityRow, readEpochs, readIdentity, readShopMarks } from "./statements.ts";

/** Records of one page, and subjects of one transaction. */
export const PAGE = 500;

/** A record that the ERP has and that we had forgotten, with its body as the planner makes it now. */
export interface FoundRecord {
  readonly kind: AdoptedKind;
  readonly id: number;
  readonly subject: Subject;
  readonly externalId: ExternalId;
  readonly ref: ErpRef;
  readonly fingerprint: string;
  /** Undefined where it cannot be planned now; then it is only mapped. */
  readonly planned:
    | { readonly body: string; readonly bodyHash: string; readonly contentHash: string | null }
    | undefined;
}

/** What the adoption needs of the other stages; wiring hands it in. */
export interface AdoptDeps {
  readonly db: Database;
  readonly stateFile: string;
  readonly shopKey: string;
  /** Full name of the orders table, with prefix. */
  readonly ordersTable: string;
  readonly find: Readonly<
    Record<AdoptedKind, (externalId: ExternalId, call: ErpCall) => Promise<ErpRecord | undefined>>
  >;
  /** The body of a record that nothing is known of, under the keys of this scope. */
  readonly plan: (subject: Subject, scope: ExportScope) => Promise<FoundRecord["planned"]>;
  /** Writes mapping, acknowledged operation and log of a found record. */
  readonly remember: (tx: Tx, record: FoundRecord) => Promise<void>;
  /** Records who did it and why. */
  readonly audit: (tx: Tx, action: string) => Promise<void>;
  /** Start of the export where the database has forgotten it; undefined where the configuration does not say. */
  readonly configuredStart: (() => Promise<number>) | undefined;
  /** True where a person fixed the last order of the history by its id; then no date is believed over it. */
  readonly isStartFixed: boolean;
  /** Waits until every running process has noticed a stop that was just written. */
  readonly settle: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** What to adopt of a kind. */
export interface KindTask {
  readonly kind: AdoptedKind;
  /** Orders up to this id are history. */
  readonly start: number;
  /** The last epoch that the database knows. */
  readonly known: number;
  /** Lowest id of the history that came back. */
  readonly reused: number | undefined;
}

/** The subject of a record. */
export function subjectOf(kind: AdoptedKind, id: number): Subject {
  return kind === "order" ? orderSubject(shopOrderId(id)) : customerSubject(shopCustomerId(id));
}

/** All that is remembered and seen when an adoption begins. */
export interface Situation {
  readonly row: IdentityRow | undefined;
  readonly file: Remembered | undefined;
  readonly marks: Awaited<ReturnType<typeof readShopMarks>>;
  readonly epochs: readonly Epoch[];
  readonly verdict: IdentityVerdict;
  readonly sameAtHighWater: boolean | undefined;
}

/** Reads all that is remembered, and what the shop says now. */
export async function look(deps: AdoptDeps): Promise<Situation> {
  const { db } = deps;
  const row = await readIdentity(db);
  const [file, marks, epochs] = await Promise.all([
    readStateFile(deps.stateFile),
    readShopMarks(db),
    readEpochs(db),
  ]);
  const now = await readShopNow(db, deps.ordersTable, marks, file);
  const seen = now.fingerprintAtHighWater;
  return {
    row,
    file,
    marks,
    epochs,
    verdict: decideIdentity(row, file, now),
    sameAtHighWater: file === undefined || seen === undefined ? undefined : seen === file.orderFingerprint,
  };
}

/** A stop that stands in the database, or that the next check would set. */
export function stopOf({ row, verdict }: Situation): { readonly code: string } | undefined {
  const code = row?.stoppedCode ?? null;
  if (code !== null) return { code };
  return verdict.kind === "stop" ? verdict : undefined;
}

/** The marks of one kind of record. */
export function marksOf({ file, marks, row, sameAtHighWater }: Situation, kind: AdoptedKind): Marks {
  return kind === "order"
    ? {
        rowHighWater: row?.orderHighWater ?? 0,
        fileHighWater: file?.orderHighWater ?? 0,
        max: marks.orderMax,
        sameAtHighWater,
      }
    : {
        rowHighWater: row?.customerHighWater ?? 0,
        fileHighWater: file?.customerHighWater ?? 0,
        max: marks.customerMax,
        sameAtHighWater: undefined,
      };
}

/** True where the database remembers less than the file, which is noted after it: so it was put back. */
export function isDatabaseRestored(situation: Situation): boolean {
  if (situation.file === undefined) return false;
  return (["order", "customer"] as const).some((kind) => {
    const { fileHighWater, rowHighWater } = marksOf(situation, kind);
    return rowHighWater < fileHighWater;
  });
}
