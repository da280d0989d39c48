import { DecodeError } from "../../domain/errors.ts";

/** Where a reading stands between two pages. */
export interface Cursor {
  readonly kind: "snapshot" | "delta" | "progress";
  /** The last record of the page before: a product of the stock, a sale of the progress. */
  readonly last: number;
  /** When the reading began, by our clock. */
  readonly startedAtMs: number;
}

/**
 * What changed is read again from so long before its mark: for transactions that commit late (Tryton writes the moment
 * at which they began), and for clocks that differ.
 */
export const OVERLAP_MS = 2 * 3_600_000;

const MARK = /^read ([0-9]{13})$/;
const CURSOR = /^(?<kind>snapshot|delta|progress) (?<last>[1-9][0-9]{0,9}), began (?<began>[0-9]{13})$/;

/** The mark of a reading that began at that moment; Tryton's own clock is covered by the overlap. */
export const encodeMark = (startedAtMs: number): string => `read ${String(startedAtMs)}`;

/** @throws DecodeError where the text is no mark of this adapter. */
export function decodeMark(text: string): number {
  const moment = MARK.exec(text)?.[1];
  if (moment === undefined) throw new DecodeError(`"${text}" is not a mark of a reading of Tryton`);
  return Number(moment);
}

export const encodeCursor = ({ kind, last, startedAtMs }: Cursor): string =>
  `${kind} ${String(last)}, began ${String(startedAtMs)}`;

/** @throws DecodeError where the text is no cursor of this adapter, or one of another kind of reading. */
export function decodeCursor(text: string, kind: Cursor["kind"]): Cursor {
  const parts = CURSOR.exec(text)?.groups;
  if (parts?.["kind"] !== kind) throw new DecodeError(`"${text}" is not a cursor of this reading of Tryton`);
  return { kind, last: Number(parts["last"]), startedAtMs: Number(parts["began"]) };
}
