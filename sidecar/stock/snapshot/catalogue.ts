import type { Database } from "../../platform/database.ts";
import { type CatalogueRow, findCatalogue, pageCatalogue, type StockScope } from "./catalogue-statements.ts";
import type { Courtesy } from "./courtesy.ts";

/** Rows of one statement: a few milliseconds, and garbage that is gone before it grows old. */
const PAGE_ROWS = 500;
/** Items of one statement. */
const CHUNK_REFS = 250;

/** A row that an item of the ERP sets. */
export interface SetRow {
  /** `id_stock_available`. */
  readonly row: number;
  readonly product: number;
  readonly combination: number;
}

/** What an item of the ERP is to the shop. */
export type Fit =
  | { readonly kind: "row"; readonly row: SetRow }
  | { readonly kind: "unknown" | "doubled" | "unfit" };

/**
 * Which row each item of the ERP sets. An item that is mapped to several products sets none: each of them would sell
 * the same units. A row that depends on stock elsewhere, or that follows its combinations, is not set either.
 */
export class Catalogue {
  /** One object an item and no more: there may be very many of them. */
  readonly #fits = new Map<string, SetRow | "unknown" | "doubled" | "unfit">();

  /** All mapped rows of a shop. */
  static async whole(
    db: Database,
    scope: StockScope,
    signal: AbortSignal,
    courteously: Courtesy = (step) => step(),
  ): Promise<Catalogue> {
    const catalogue = new Catalogue();
    for (let after = 0; !signal.aborted; ) {
      const from = after;
      const page = await courteously(() => pageCatalogue(db, scope, from, PAGE_ROWS), signal);
      for (const row of page) catalogue.#add(row);
      if (page.length < PAGE_ROWS) break;
      after = page.at(-1)?.row ?? after;
    }
    return catalogue;
  }

  /** Takes in what these items are mapped to, where that was not looked up before. */
  async learn(db: Database, scope: StockScope, refs: readonly string[]): Promise<void> {
    const news = refs.filter((ref) => !this.#fits.has(ref));
    for (let from = 0; from < news.length; from += CHUNK_REFS) {
      const chunk = news.slice(from, from + CHUNK_REFS);
      // The database compares refs without regard to case.
      const exact = new Set(chunk);
      for (const row of await findCatalogue(db, scope, chunk)) {
        if (row.ref !== null && exact.has(row.ref)) this.#add(row);
      }
      for (const ref of chunk) if (!this.#fits.has(ref)) this.#fits.set(ref, "unknown");
    }
  }

  fitOf(ref: string): Fit {
    const fit = this.#fits.get(ref) ?? "unknown";
    return typeof fit === "string" ? { kind: fit } : { kind: "row", row: fit };
  }

  /** Items that set a row. */
  *items(): Iterable<string> {
    for (const [ref, fit] of this.#fits) if (typeof fit !== "string") yield ref;
  }

  #add({ combination, isParent, managed, product, ref, row }: CatalogueRow): void {
    if (ref === null) return;
    if (this.#fits.has(ref)) this.#fits.set(ref, "doubled");
    else this.#fits.set(ref, managed && !isParent ? { row, product, combination } : "unfit");
  }
}
