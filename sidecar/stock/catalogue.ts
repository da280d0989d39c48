import type { Database } from "../platform/database.ts";
import { type CatalogueRow, findCatalogue, pageCatalogue, type StockScope } from "./catalogue-statements.ts";

/** Rows of one statement: a few milliseconds. */
const PAGE_ROWS = 2_000;
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

const UNKNOWN: Fit = { kind: "unknown" };
const DOUBLED: Fit = { kind: "doubled" };
const UNFIT: Fit = { kind: "unfit" };

/**
 * Which row each item of the ERP sets. An item that is mapped to several products sets none: each of them would sell
 * the same units. A row that depends on stock elsewhere, or that follows its combinations, is not set either.
 */
export class Catalogue {
  readonly #fits = new Map<string, Fit>();

  /** All mapped rows of a shop. */
  static async whole(db: Database, scope: StockScope, signal: AbortSignal): Promise<Catalogue> {
    const rows: CatalogueRow[] = [];
    const withCombinations = new Set<number>();
    for (let after = 0; !signal.aborted; ) {
      const page = await pageCatalogue(db, scope, after, PAGE_ROWS);
      for (const row of page) {
        if (row.combination > 0) withCombinations.add(row.product);
        if (row.ref !== null) rows.push(row);
      }
      if (page.length < PAGE_ROWS) break;
      after = page.at(-1)?.row ?? after;
    }
    const catalogue = new Catalogue();
    for (const row of rows) {
      catalogue.#add(row, row.combination === 0 && withCombinations.has(row.product));
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
        if (exact.has(row.ref)) this.#add(row, row.isParent);
      }
      for (const ref of chunk) if (!this.#fits.has(ref)) this.#fits.set(ref, UNKNOWN);
    }
  }

  fitOf(ref: string): Fit {
    return this.#fits.get(ref) ?? UNKNOWN;
  }

  /** Items that set a row. */
  *items(): Iterable<string> {
    for (const [ref, fit] of this.#fits) if (fit.kind === "row") yield ref;
  }

  #add({ combination, managed, product, ref, row }: CatalogueRow, isParent: boolean): void {
    if (ref === null) return;
    if (this.#fits.has(ref)) this.#fits.set(ref, DOUBLED);
    else if (!managed || isParent) this.#fits.set(ref, UNFIT);
    else this.#fits.set(ref, { kind: "row", row: { row, product, combination } });
  }
}
