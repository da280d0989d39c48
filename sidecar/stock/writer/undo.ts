import { UsageError } from "../../domain/errors.ts";
import type { StockWrite } from "../../domain/stock.ts";
import { applyToProduct, type WriterDeps } from "./stock-writer.ts";
import { findWriteBySource, type RecordedWrite, readRecordedWrite } from "./undo-statements.ts";

/** Who takes a write back, and why. */
export interface Undoer {
  readonly actor: string;
  readonly reason: string;
}

export interface UndoDeps {
  readonly writer: WriterDeps;
  /** Puts on record that somebody wants it, before anything is written. */
  readonly audit: () => Promise<void>;
}

/**
 * What became of it. `undone`: by the write `by`, which moved the row by `delta` to `quantityAfter`. `known`: it was taken
 * back before. `busy`: others are writing the product; nothing was done. `gone`: the shop has no such row any more, or
 * manages it elsewhere.
 */
export type Undone =
  | {
      readonly kind: "undone";
      readonly by: number;
      readonly row: number;
      readonly delta: number;
      readonly quantityAfter: number;
    }
  | { readonly kind: "known"; readonly by: number }
  | { readonly kind: "busy" }
  | { readonly kind: "gone" };

/** How long a checkout that holds the product is waited for. */
const WAIT_S = 2;

/**
 * Takes a write back by one of the opposite units, once. What moved the row since stays. An order line for which the
 * write was made counts as served all the same: who takes its units back has decided about them.
 * @throws UsageError where there is no such write, or where it only followed another one.
 */
export async function undoWrite(deps: UndoDeps, id: number, undoer: Undoer): Promise<Undone> {
  const { writer } = deps;
  const write = await readRecordedWrite(writer.db, id);
  if (write === undefined) {
    throw new UsageError(
      `There is no write ${String(id)}; "erpsync stock explain" names the writes of a row`,
    );
  }
  if (write.cause === "parent") throw new UsageError(await whomItFollows(deps, write));
  if (write.undoneBy !== null) return { kind: "known", by: write.undoneBy };
  await deps.audit();
  const opposite: StockWrite = {
    row: write.row,
    delta: -write.delta,
    cause: "undo",
    source: `undo:${String(id)}`,
    orderId: write.orderId,
    actor: undoer.actor,
    reason: undoer.reason,
    undoes: id,
  };
  const [outcome] = await applyToProduct(writer, [opposite], "none", { waitSeconds: WAIT_S });
  switch (outcome?.kind) {
    case "written": {
      const { id: by, quantityAfter } = outcome;
      return { kind: "undone", by, row: write.row, delta: opposite.delta, quantityAfter };
    }
    case "known":
      return { kind: "known", by: outcome.id };
    case "gone":
      return { kind: "gone" };
    case "busy":
    case "unread":
    case undefined:
      return { kind: "busy" };
  }
}

async function whomItFollows({ writer }: UndoDeps, { id, source }: RecordedWrite): Promise<string> {
  const followed = await findWriteBySource(writer.db, source.replace(/^parent:/, ""));
  const instead =
    followed === undefined || followed === id
      ? "it follows them by itself"
      : `undo the write that it followed, ${String(followed)}, and it follows again`;
  return `Write ${String(id)} set a product to the sum of its combinations: ${instead}`;
}
