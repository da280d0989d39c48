import type { OwnCause } from "../../domain/stock.ts";
import type { Database } from "../../platform/database.ts";

/** A write of ours as it is on record, and what took it back. */
export interface RecordedWrite {
  readonly id: number;
  readonly source: string;
  readonly row: number;
  readonly delta: number;
  readonly cause: OwnCause;
  readonly orderId: number | null;
  /** Id of the write that took it back; null where none did. */
  readonly undoneBy: number | null;
}

/**
 * A write by its id; undefined where there is none.
 * Locks: none.
 * Reads: the primary key, and erpsync_stock_write_undoes.
 */
export async function readRecordedWrite(db: Database, id: number): Promise<RecordedWrite | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_write as w")
    .leftJoin("erpsync_stock_write as u", "u.undoes", "w.id")
    .where("w.id", "=", id)
    .select(["w.id", "w.source", "w.id_stock_available as row", "w.delta", "w.cause"])
    .select(["w.id_order as orderId", "u.id as undoneBy"])
    .executeTakeFirst();
  return found === undefined ? undefined : { ...found, cause: found.cause as OwnCause };
}

/**
 * The id of the write with this source; undefined where there is none.
 * Locks: none.
 * Reads: erpsync_stock_write_source.
 */
export async function findWriteBySource(db: Database, source: string): Promise<number | undefined> {
  const found = await db
    .selectFrom("erpsync_stock_write")
    .where("source", "=", source)
    .select("id")
    .executeTakeFirst();
  return found?.id;
}
