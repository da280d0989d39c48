import { sql } from "kysely";
import type { DiscrepancyKind } from "../../domain/stock.ts";
import { type Database, type Tx, utcNow } from "../../platform/database.ts";

/** How a discrepancy ended. */
export type Resolution =
  /** A person kept the shop's figure; the ERP's is to be changed. */
  | "shop"
  /** A person took the ERP's figure. */
  | "erp"
  /** It went by itself. */
  | "passed"
  /** Reconciliation set the row right. */
  | "corrected";

/** Something that a person has to look at. */
export interface Discrepancy {
  readonly id: number;
  readonly kind: string;
  /** `id_stock_available`. */
  readonly row: number;
  readonly shopUnits: number | null;
  readonly ledgerUnits: number | null;
  readonly erpUnits: number | null;
  /** JSON, ids and figures only. */
  readonly detail: string;
  /** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  readonly foundAt: string;
  readonly resolvedAt: string | null;
  readonly resolution: string | null;
}

/** The same with the keys of its row, null where the ledger no longer knows the row. */
export interface DiscrepancyRow extends Discrepancy {
  readonly product: number | null;
  readonly combination: number | null;
  readonly shop: number | null;
}

/** A drift as a comparison found it. */
export interface DriftRecord {
  readonly row: number;
  readonly shopUnits: number;
  readonly ledgerUnits: number;
  /** What the row should be by the ERP; null where only shop and ledger were compared. */
  readonly erpUnits: number | null;
  /** JSON, ids and figures only. */
  readonly detail: string;
}

/** Which discrepancies are listed. */
export interface DiscrepancyFilter {
  readonly kind?: DiscrepancyKind;
  /** Resolved ones too. */
  readonly all: boolean;
}

const OWN_COLUMNS = [
  ...(["d.id", "d.kind", "d.id_stock_available", "d.shop_units", "d.ledger_units", "d.erp_units"] as const),
  ...(["d.detail", "d.found_at", "d.resolved_at", "d.resolution"] as const),
] as const;
const COLUMNS = [...OWN_COLUMNS, "r.id_product", "r.id_product_attribute", "r.id_shop"] as const;

/**
 * Discrepancies, the newest first.
 * Locks: none.
 * Reads: the primary key backwards, or erpsync_stock_discrepancy_open (open_key) for the open ones.
 */
export async function listDiscrepancies(
  db: Database,
  filter: DiscrepancyFilter,
  limit: number,
): Promise<readonly DiscrepancyRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_discrepancy as d")
    .leftJoin("erpsync_stock_row as r", "r.id_stock_available", "d.id_stock_available")
    .$if(!filter.all, (query) => query.where("d.open_key", "is not", null))
    .$if(filter.kind !== undefined, (query) => query.where("d.kind", "=", filter.kind ?? ""))
    .orderBy("d.id", "desc")
    .limit(limit)
    .select(COLUMNS)
    .execute();
  return rows.map(rowOf);
}

/**
 * Open discrepancies of one row.
 * Locks: none.
 * Reads: erpsync_stock_discrepancy_row (id_stock_available, id).
 */
export async function listDiscrepanciesOf(
  db: Database,
  row: number,
  limit: number,
): Promise<readonly DiscrepancyRow[]> {
  const rows = await db
    .selectFrom("erpsync_stock_discrepancy as d")
    .leftJoin("erpsync_stock_row as r", "r.id_stock_available", "d.id_stock_available")
    .where("d.id_stock_available", "=", row)
    .where("d.open_key", "is not", null)
    .orderBy("d.id", "desc")
    .limit(limit)
    .select(COLUMNS)
    .execute();
  return rows.map(rowOf);
}

/**
 * Locks one discrepancy for the transaction that resolves it; undefined where there is none.
 * Locks: X on its row.
 * Reads: the primary key.
 */
export async function lockDiscrepancy(tx: Tx, id: number): Promise<Discrepancy | undefined> {
  const found = await tx
    .selectFrom("erpsync_stock_discrepancy as d")
    .where("d.id", "=", id)
    .select(OWN_COLUMNS)
    .forUpdate()
    .executeTakeFirst();
  return found === undefined ? undefined : discrepancyOf(found);
}

/**
 * Resolves open discrepancies; those that somebody resolved before stay as they are. Returns how many were open.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function resolveDiscrepancies(
  db: Database,
  ids: readonly number[],
  resolution: Resolution,
): Promise<number> {
  const result = await db
    .updateTable("erpsync_stock_discrepancy")
    .set({ open_key: null, resolved_at: utcNow, resolution })
    .where("id", "in", [...ids])
    .where("resolved_at", "is", null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/**
 * Puts drifts on record; one that is open already gets the new figures and stays as old as it is.
 * Locks: X on the rows written.
 * Reads: erpsync_stock_discrepancy_open (open_key), for the duplicate.
 */
export async function upsertDrifts(tx: Tx, drifts: readonly DriftRecord[]): Promise<void> {
  await tx
    .insertInto("erpsync_stock_discrepancy")
    .values(
      drifts.map((drift) => ({
        kind: "drift",
        open_key: driftKey(drift.row),
        id_stock_available: drift.row,
        shop_units: drift.shopUnits,
        ledger_units: drift.ledgerUnits,
        erp_units: drift.erpUnits,
        detail: drift.detail,
        found_at: utcNow,
      })),
    )
    .onDuplicateKeyUpdate({
      shop_units: sql`VALUES(shop_units)`,
      ledger_units: sql`VALUES(ledger_units)`,
      erp_units: sql`VALUES(erp_units)`,
      detail: sql`VALUES(detail)`,
    })
    .execute();
}

/**
 * Ends the open drifts of rows that agree again, or were set right; `withoutErp` those alone in which the ERP had no say.
 * Locks: X on the rows.
 * Reads: erpsync_stock_discrepancy_open (open_key), one entry a row.
 */
export async function endDrifts(
  db: Database,
  rows: readonly number[],
  resolution: "passed" | "corrected",
  which: "all" | "withoutErp" = "all",
): Promise<void> {
  await db
    .updateTable("erpsync_stock_discrepancy")
    .set({ open_key: null, resolved_at: utcNow, resolution })
    .where("open_key", "in", rows.map(driftKey))
    .$if(which === "withoutErp", (query) => query.where("erp_units", "is", null))
    .execute();
}

/**
 * Kinds of the discrepancies other than drift that are open for these rows.
 * Locks: none.
 * Reads: erpsync_stock_discrepancy_open (open_key), one entry a row and kind.
 */
export async function readOpenKinds(
  db: Database,
  rows: readonly number[],
): Promise<readonly { readonly row: number; readonly kind: string }[]> {
  const keys = rows.flatMap((row) => OTHER_KINDS.map((kind) => `${kind}:${String(row)}`));
  const found = await db
    .selectFrom("erpsync_stock_discrepancy")
    .where("open_key", "in", keys)
    .select(["id_stock_available", "kind"])
    .execute();
  return found.map((one) => ({ row: one.id_stock_available, kind: one.kind }));
}

/**
 * Where the ledger is with a row, and whether it has still to explain it; undefined where it does not know it, or the shop deleted it.
 * Locks: none.
 * Reads: the primary key.
 */
export async function readRowState(
  db: Database,
  row: number,
): Promise<{ readonly position: number; readonly isUnsettled: boolean } | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_row")
    .where("id_stock_available", "=", row)
    .where("closed_at", "is", null)
    .select(["position", "unsettled"])
    .executeTakeFirst();
  return found === undefined ? undefined : { position: found.position, isUnsettled: found.unsettled === 1 };
}

/**
 * Causes of the movements of a row after one of them.
 * Locks: none.
 * Reads: erpsync_stock_movement_row (id_stock_available, id), one range; forced, see `pageMovements`.
 */
export async function readMovedSince(
  db: Database,
  row: number,
  afterMovement: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ cause: string }>`
    SELECT DISTINCT cause FROM ${sql.table("erpsync_stock_movement")} FORCE INDEX (erpsync_stock_movement_row)
    WHERE id_stock_available = ${row} AND id > ${afterMovement}`.execute(db);
  return rows.map(({ cause }) => cause);
}

const OTHER_KINDS: readonly Exclude<DiscrepancyKind, "drift">[] = [
  ...(["oversell", "unexplained", "repair_limit", "forgotten_restock", "gap"] as const),
];

const driftKey = (row: number): string => `drift:${String(row)}`;

interface Found {
  readonly id: number;
  readonly kind: string;
  readonly id_stock_available: number;
  readonly shop_units: number | null;
  readonly ledger_units: number | null;
  readonly erp_units: number | null;
  readonly detail: string;
  readonly found_at: string;
  readonly resolved_at: string | null;
  readonly resolution: string | null;
}

function discrepancyOf(found: Found): Discrepancy {
  return {
    id: found.id,
    kind: found.kind,
    row: found.id_stock_available,
    shopUnits: found.shop_units,
    ledgerUnits: found.ledger_units,
    erpUnits: found.erp_units,
    detail: found.detail,
    foundAt: found.found_at,
    resolvedAt: found.resolved_at,
    resolution: found.resolution,
  };
}

function rowOf(
  found: Found & {
    readonly id_product: number | null;
    readonly id_product_attribute: number | null;
    readonly id_shop: number | null;
  },
): DiscrepancyRow {
  return {
    ...discrepancyOf(found),
    product: found.id_product,
    combination: found.id_product_attribute,
    shop: found.id_shop,
  };
}
