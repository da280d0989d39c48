import { DecodeError } from "../../domain/errors.ts";
import { type StockMark, stockMark } from "../port.ts";
import { type AccountTime, NEVER } from "./decode-time.ts";

/** How far figures have been read. */
export interface Mark {
  /** The latest change that was seen, or NEVER. */
  readonly time: AccountTime;
  /** The highest item that was seen: an item above it is new, also where it has never changed. */
  readonly item: number;
}

/** Where a reading stands between two pages; `mark` is what it will have read by then. */
export type Cursor =
  | { readonly kind: "snapshot"; readonly item: number; readonly mark: Mark }
  | { readonly kind: "delta"; readonly time: AccountTime; readonly item: number; readonly mark: Mark };

const MARK = /^(?<time>[0-9]{14})\.(?<item>[0-9]{1,15})$/;
const CURSOR =
  /^(?:item (?<item>[0-9]{1,15})|change (?<time>[0-9]{14})\.(?<at>[0-9]{1,15})), read (?<mark>[0-9.]{16,30})$/;

export const encodeMark = (mark: Mark): StockMark => stockMark(`${mark.time}.${String(mark.item)}`);

/** @throws DecodeError where the text is no mark of this adapter. */
export function decodeMark(text: string): Mark {
  const parts = MARK.exec(text)?.groups;
  if (parts === undefined) throw new DecodeError(`"${text}" is not a mark of NetSuite's stock`);
  return { time: parts["time"] ?? NEVER, item: Number(parts["item"]) };
}

export function encodeCursor(cursor: Cursor): string {
  const item = String(cursor.item);
  const place = cursor.kind === "snapshot" ? `item ${item}` : `change ${cursor.time}.${item}`;
  return `${place}, read ${encodeMark(cursor.mark)}`;
}

/** @throws DecodeError where the text is no cursor of this adapter. */
export function decodeCursor(text: string): Cursor {
  const parts = CURSOR.exec(text)?.groups;
  if (parts === undefined) throw new DecodeError(`"${text}" is not a cursor of NetSuite's stock`);
  const mark = decodeMark(parts["mark"] ?? "");
  return parts["time"] === undefined
    ? { kind: "snapshot", item: Number(parts["item"]), mark }
    : { kind: "delta", time: parts["time"], item: Number(parts["at"]), mark };
}
