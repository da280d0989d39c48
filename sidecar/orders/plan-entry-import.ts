import { type Entry, selectorKey } from "../domain/mapping-entry.ts";
import { findGaps, findOverlaps, type Gap, type PlacedEntry } from "./check-entries.ts";
import { tellOverlaps } from "./decode-entries.ts";

/** What an import of a kind's file does to the entries that stand. */
export interface EntryImport {
  /** With a fault nothing is written. */
  readonly faults: readonly string[];
  readonly write: readonly Entry[];
  readonly remove: readonly Entry[];
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  /** Days without an entry that stand between entries afterwards: told, since a less specific entry may be meant. */
  readonly gaps: readonly Gap[];
}

/**
 * An entry with the selector and first day of one that stands takes its place; others join it. `isWhole` says that the
 * file is the whole list, so that what it does not hold goes.
 */
export function planEntryImport(
  standing: readonly Entry[],
  file: readonly PlacedEntry[],
  isWhole: boolean,
): EntryImport {
  const inFile = new Set(file.map(({ entry }) => identity(entry)));
  const before = new Map(standing.map((entry) => [identity(entry), entry]));
  const others = standing.filter((entry) => !inFile.has(identity(entry)));
  const kept = isWhole ? [] : others;
  const after = [...kept.map((entry) => ({ entry, line: undefined })), ...file];
  const known = file.filter(({ entry }) => before.has(identity(entry)));
  const write = file.map(({ entry }) => entry).filter((entry) => !isSame(before.get(identity(entry)), entry));
  const changed = write.filter((entry) => before.has(identity(entry))).length;
  return {
    faults: tellOverlaps(findOverlaps(after)),
    write,
    remove: isWhole ? others : [],
    added: write.length - changed,
    changed,
    same: known.length - changed,
    gaps: findGaps(after.map(({ entry }) => entry)),
  };
}

const identity = (entry: Entry): string => `${entry.firstDay}\n${selectorKey(entry.selector)}`;

const isSame = (before: Entry | undefined, entry: Entry): boolean =>
  before?.ref === entry.ref && before.lastDay === entry.lastDay;
