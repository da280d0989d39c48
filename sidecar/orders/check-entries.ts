import { dayBeside, type Entry, selectorKey } from "../domain/mapping-entry.ts";
import { encodeRow } from "./encode-entry.ts";

/** An entry, with the line of the file that it stands on; undefined where it stands in the database. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly line: number | undefined;
}

/** Two entries that both hold on the same day for the same orders. */
export interface Overlap {
  readonly earlier: PlacedEntry;
  readonly later: PlacedEntry;
}

/** Days between two entries of the same selector on which neither holds; a less specific one may. */
export interface Gap {
  /** The line that would fill it, without the ERP's id. */
  readonly row: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** All pairs of entries that share a day; each entry is told with the one before it that reaches furthest. */
export function findOverlaps(entries: readonly PlacedEntry[]): readonly Overlap[] {
  return groups(entries, ({ entry }) => entry).flatMap((group) => {
    const overlaps: Overlap[] = [];
    let furthest = group[0];
    for (const later of group.slice(1)) {
      if (furthest === undefined) break;
      if (later.entry.firstDay <= furthest.entry.lastDay) overlaps.push({ earlier: furthest, later });
      if (later.entry.lastDay > furthest.entry.lastDay) furthest = later;
    }
    return overlaps;
  });
}

/** The gaps between entries that do not overlap. */
export function findGaps(entries: readonly Entry[]): readonly Gap[] {
  return groups(entries, (entry) => entry).flatMap((group) =>
    group.flatMap((entry, place) => {
      const next = group[place + 1];
      if (next === undefined || next.firstDay <= entry.lastDay) return [];
      const firstDay = dayBeside(entry.lastDay, 1);
      if (firstDay === next.firstDay) return [];
      const lastDay = dayBeside(next.firstDay, -1);
      return [
        { row: encodeRow(entry.kind, entry.selector, { firstDay, lastDay, ref: "" }), firstDay, lastDay },
      ];
    }),
  );
}

/** Those with the same kind and selector together, in the order of their first days. */
function groups<T>(things: readonly T[], entryOf: (thing: T) => Entry): readonly (readonly T[])[] {
  const byKey = new Map<string, T[]>();
  for (const thing of things) {
    const { kind, selector } = entryOf(thing);
    const key = `${kind}\n${selectorKey(selector)}`;
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [thing]);
    else group.push(thing);
  }
  for (const group of byKey.values()) {
    group.sort((a, b) => (entryOf(a).firstDay < entryOf(b).firstDay ? -1 : 1));
  }
  return [...byKey.values()];
}
