import type { ErpRef } from "../domain/ids.ts";
import { type Database, type Tx, utcNow } from "../platform/database.ts";

export type MappingKind = "product" | "customer" | "order" | "booked-payment" | "booked-credit";

/** A mapping of a shop id to an ERP id. */
export interface Mapping {
  readonly kind: MappingKind;
  readonly shopKey: string;
  readonly externalId: string;
  readonly ref: ErpRef;
  readonly fingerprint: string | null;
  /** `import`: by people; `sync`: by acknowledgement; `adopt`: found in the ERP after a restore. */
  readonly origin: "import" | "sync" | "adopt";
}

/**
 * The mappings that an order needs: its own, its customer's and its products', by `kind:shopKey`.
 * Locks: none.
 * Reads: the primary key, one range a kind.
 */
export async function readMappings(
  db: Database,
  keys: readonly { readonly kind: MappingKind; readonly shopKey: string }[],
): Promise<ReadonlyMap<string, Mapping>> {
  const kinds = [...new Set(keys.map((key) => key.kind))];
  const rows = await db
    .selectFrom("erpsync_mapping")
    .select(["kind", "shop_key", "external_id", "erp_ref", "fingerprint", "origin"])
    .where((eb) =>
      eb.or(
        kinds.map((kind) =>
          eb("kind", "=", kind).and(
            "shop_key",
            "in",
            keys.filter((key) => key.kind === kind).map((key) => key.shopKey),
          ),
        ),
      ),
    )
    .execute();
  return new Map(
    rows.map((row) => [
      `${row.kind}:${row.shop_key}`,
      {
        kind: row.kind as MappingKind,
        shopKey: row.shop_key,
        externalId: row.external_id,
        ref: row.erp_ref as ErpRef,
        fingerprint: row.fingerprint,
        origin: row.origin as Mapping["origin"],
      },
    ]),
  );
}

/**
 * Writes mappings; an existing one is replaced.
 * Locks: X on the rows.
 * Reads: the primary key.
 */
export async function upsertMappings(tx: Tx, mappings: readonly Mapping[]): Promise<void> {
  if (mappings.length === 0) return;
  await tx
    .replaceInto("erpsync_mapping")
    .values(
      mappings.map((mapping) => ({
        kind: mapping.kind,
        shop_key: mapping.shopKey,
        external_id: mapping.externalId,
        erp_ref: mapping.ref,
        fingerprint: mapping.fingerprint,
        origin: mapping.origin,
        updated_at: utcNow,
      })),
    )
    .execute();
}

/**
 * Forgets a mapping, because the record was taken out of the ERP again.
 * Locks: X on the row.
 * Reads: the primary key.
 */
export async function deleteMapping(tx: Tx, kind: MappingKind, shopKey: string): Promise<void> {
  await tx.deleteFrom("erpsync_mapping").where("kind", "=", kind).where("shop_key", "=", shopKey).execute();
}

/**
 * A page of mappings in the order of their keys, for the export.
 * Locks: none.
 * Reads: the primary key, in order.
 */
export async function pageMappings(
  db: Database,
  kind: MappingKind,
  afterKey: string,
  limit: number,
): Promise<readonly { readonly shopKey: string; readonly externalId: string; readonly ref: string }[]> {
  const rows = await db
    .selectFrom("erpsync_mapping")
    .select(["shop_key", "external_id", "erp_ref"])
    .where("kind", "=", kind)
    .where("shop_key", ">", afterKey)
    .orderBy("shop_key")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ shopKey: row.shop_key, externalId: row.external_id, ref: row.erp_ref }));
}
