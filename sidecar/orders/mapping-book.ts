import { CountryCalendar } from "../domain/country-time.ts";
import { ENTRY_KINDS, type EntryKind } from "../domain/mapping-entry.ts";
import type { Database } from "../platform/database.ts";
import { readTaxSettings } from "../shop/mapping-facts-statements.ts";
import { type EntryIndex, indexEntries, type KindIndex } from "./decide-mapping.ts";
import { decodeTaxRules, type TaxRules } from "./decode-mapping-facts.ts";
import { readEntries, readEntryRevisions } from "./entry-statements.ts";

/** What stood in the mappings and in the shop's settings at one moment. */
export interface MappingView {
  readonly index: EntryIndex;
  /** How a shop taxes and reads the clock. */
  readonly rulesOf: (shopId: number) => TaxRules;
  /**
   * The day that it was in a country when the clock of a time zone showed this.
   * @throws DecodeError where the time zone is unknown.
   */
  readonly dayIn: (country: string, shopTime: string, timeZone: string) => string;
}

/**
 * The mapping entries, indexed once and kept until somebody imports some. Each view looks at the revisions first, so an
 * order that an import freed sees what was imported.
 */
export class MappingBook {
  readonly #db: Database;
  readonly #calendar = new CountryCalendar();
  readonly #kinds = new Map<EntryKind, { readonly revision: number; readonly index: KindIndex }>();

  constructor(db: Database) {
    this.#db = db;
  }

  async view(): Promise<MappingView> {
    const [revisions, settings] = await Promise.all([
      readEntryRevisions(this.#db),
      readTaxSettings(this.#db),
    ]);
    const index = new Map<EntryKind, KindIndex>();
    for (const kind of ENTRY_KINDS) {
      const own = await this.#kind(kind, revisions.get(kind));
      if (own !== undefined && own.masks.length > 0) index.set(kind, own);
    }
    const calendar = this.#calendar;
    return {
      index,
      rulesOf: (shopId) => decodeTaxRules(settings, shopId),
      dayIn: (country, shopTime, timeZone) => calendar.dayIn(country, shopTime, timeZone),
    };
  }

  /** Read after its revision, so what is kept is never older than it says. */
  async #kind(kind: EntryKind, revision: number | undefined): Promise<KindIndex | undefined> {
    if (revision === undefined) return undefined;
    const known = this.#kinds.get(kind);
    if (known?.revision === revision) return known.index;
    const index = indexEntries(kind, await readEntries(this.#db, kind));
    this.#kinds.set(kind, { revision, index });
    return index;
  }
}
