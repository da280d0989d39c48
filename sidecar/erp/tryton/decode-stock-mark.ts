import { DecodeError } from "../../domain/errors.ts";
import { type StockMark, stockMark } from "../port.ts";

/** Where a reading stands between two pages. */
export interface Cursor {
  readonly kind: "snapshot" | "delta";
  /** The last product of the page before. */
  readonly product: number;
  /** When the reading began, by our clock. */
  readonly startedAtMs: number;
}

const MARK = /^read ([0-9]{13})$/;
const CURSOR = /^(?<kind>snapshot|delta) (?<product>[1-9][0-9]{0,9}), began (?<began>[0-9]{13})$/;

/** The mark of a reading that began at that moment; Tryton's own clock is covered by the overlap. */
export const encodeMark = (startedAtMs: number): StockMark => stockMark(`read ${String(startedAtMs)}`);

/** @throws DecodeError where the text is no mark of this adapter. */
export function decodeMark(text: string): number {
  const moment = MARK.exec(text)?.[1];
  if (moment === undefined) throw new DecodeError(`"${text}" is not a mark of Tryton's stock`);
  return Number(moment);
}

export const encodeCursor = ({ kind, product, startedAtMs }: Cursor): string =>
  `${kind} ${String(product)}, began ${String(startedAtMs)}`;

/** @throws DecodeError where the text is no cursor of this adapter. */
export function decodeCursor(text: string): Cursor {
  const parts = CURSOR.exec(text)?.groups;
  if (parts === undefined) throw new DecodeError(`"${text}" is not a cursor of Tryton's stock`);
  return {
    kind: parts["kind"] === "delta" ? "delta" : "snapshot",
    product: Number(parts["product"]),
    startedAtMs: Number(parts["began"]),
  };
}
