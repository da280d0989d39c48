import type { Clock } from "../../domain/clock.ts";
import { type ProgressPage, type ProgressQuery, progressMark } from "../port.ts";
import { decodeCursor, decodeMark, encodeCursor, encodeMark, OVERLAP_MS } from "./decode-mark.ts";
import { decodeProgress, progressFields } from "./decode-progress.ts";
import { decodeRows } from "./decode-record.ts";
import { encodeDatetime, type TrytonDatetime } from "./encode-values.ts";
import { type Ask, doneOrThrow, type Errand } from "./exchange.ts";
import type { TrytonSettings } from "./settings.ts";

interface Parts {
  readonly ask: Ask;
  readonly settings: TrytonSettings;
  readonly clock: Clock;
}

export const PAGE_ORDERS = 50;
const FIRST_MS = 7 * 86_400_000;

/**
 * One page of orders of which the sale, a shipment or an invoice was written since. What changes between two pages
 * behind the cursor, the next reading finds.
 */
export async function readProgress(
  { ask, settings, clock }: Parts,
  query: ProgressQuery,
  errand: Errand,
): Promise<ProgressPage> {
  const { after, sinceMs, markMs, startedAtMs } = readQuery(query, clock);
  const domain = [["id", ">", after], ofShops(settings), changedFrom(encodeDatetime(sinceMs))];
  const fields = progressFields(settings.companion);
  const params = [domain, 0, PAGE_ORDERS + 1, [["id", "ASC"]], fields];
  const rows = decodeRows(doneOrThrow(await ask("model.sale.sale.search_read", params, errand)), "sales");
  const page = rows.slice(0, PAGE_ORDERS);
  const last = page.at(-1)?.id ?? 0;
  return {
    orders: decodeProgress(page),
    next: rows.length > page.length ? encodeCursor({ kind: "progress", last, startedAtMs }) : undefined,
    mark: progressMark(encodeMark(Math.max(markMs, startedAtMs))),
  };
}

interface ProgressWish {
  /** The last sale of the page before; 0 for the first page. */
  readonly after: number;
  readonly sinceMs: number;
  readonly markMs: number;
  readonly startedAtMs: number;
}

function readQuery({ changedSince, after }: ProgressQuery, clock: Clock): ProgressWish {
  const cursor = after === undefined ? undefined : decodeCursor(after, "progress");
  const startedAtMs = cursor?.startedAtMs ?? Math.floor(clock.nowMs());
  const markMs = changedSince === undefined ? 0 : decodeMark(changedSince);
  // A mark of a clock that was ahead must not hide what changes now.
  const deltaMs = Math.min(markMs, startedAtMs) - OVERLAP_MS;
  const sinceMs = changedSince === undefined ? startedAtMs - FIRST_MS : deltaMs;
  return { after: cursor?.last ?? 0, sinceMs, markMs, startedAtMs };
}

function ofShops({ companion }: TrytonSettings): unknown {
  const byReference = ["reference", "like", "PS-%"];
  // With the companion people may write in the reference; orders from before it have that alone.
  return companion ? ["OR", ["shop_ref", "like", "PS-%"], byReference] : byReference;
}

/** Tryton leaves `write_date` empty until a record is changed. */
function changedFrom(since: TrytonDatetime): unknown {
  const written = ["", "shipments.", "invoices."].flatMap((record) => [
    [`${record}write_date`, ">=", since],
    [
      [`${record}write_date`, "=", null],
      [`${record}create_date`, ">=", since],
    ],
  ]);
  return ["OR", ...written];
}
