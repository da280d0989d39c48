import { DecodeError } from "../../domain/errors.ts";
import { type ProgressMark, progressMark } from "../port.ts";
import { type AccountTime, NEVER } from "./decode-time.ts";

/** Where a reading of progress stands: at the change of an order. */
export interface Place {
  readonly time: AccountTime;
  readonly order: number;
}

/** Where a reading stands between two pages, and the mark of all that it will have read by then. */
export interface ProgressCursor extends Place {
  readonly mark: AccountTime;
}

const MARK = /^[0-9]{14}$/;
const CURSOR = /^change (?<time>[0-9]{14})\.(?<order>[0-9]{1,15}), read (?<mark>[0-9]{14})$/;

/** The mark is the latest change that was seen. */
export const encodeProgressMark = (time: AccountTime): ProgressMark => progressMark(time);

/** @throws DecodeError where the text is no mark of this adapter. */
export function decodeProgressMark(text: string): AccountTime {
  if (!MARK.test(text)) throw new DecodeError(`"${text}" is not a mark of NetSuite's progress`);
  return text;
}

export const encodeProgressCursor = ({ time, order, mark }: ProgressCursor): string =>
  `change ${time}.${String(order)}, read ${mark}`;

/** @throws DecodeError where the text is no cursor of this adapter. */
export function decodeProgressCursor(text: string): ProgressCursor {
  const parts = CURSOR.exec(text)?.groups;
  if (parts === undefined) throw new DecodeError(`"${text}" is not a cursor of NetSuite's progress`);
  return { time: parts["time"] ?? NEVER, order: Number(parts["order"]), mark: parts["mark"] ?? NEVER };
}
