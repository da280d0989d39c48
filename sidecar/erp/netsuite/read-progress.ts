import { ErpFailedError, type ProgressPage, type ProgressQuery } from "../port.ts";
import {
  decodeDocumentRows,
  decodeOrderRows,
  decodeProgress,
  decodeTrackingRows,
  hasLeft,
  isOrderKey,
  type MovedOrder,
} from "./decode-progress.ts";
import {
  decodeProgressCursor,
  decodeProgressMark,
  encodeProgressCursor,
  encodeProgressMark,
} from "./decode-progress-mark.ts";
import { type AccountTime, earlier, earliestPossible, latestPossible, NEVER } from "./decode-time.ts";
import {
  encodeDocumentsQuery,
  encodeFollowedQuery,
  encodeOrdersQuery,
  encodeTrackingQuery,
  PAGE_ORDERS,
} from "./encode-progress.ts";
import type { Query } from "./query.ts";

/** How far back the first reading goes. */
const FIRST_MS = 7 * 86_400_000;

/** Oracle takes at most 1,000 expressions in a list. */
const IDS_MAX = 1_000;

/**
 * A reading begins so long before its mark: for what was saved and becomes visible late, and for the hour that comes twice
 * when the clocks of the account's time zone go back.
 */
export const OVERLAP_MS = 2 * 3_600_000;

/**
 * One page of orders that moved on: those that were saved themselves and those of which something was made, by time and
 * id together, so that the page ends at one place in both.
 */
export async function readProgress(
  query: Query,
  { changedSince, after }: ProgressQuery,
  nowMs: number,
): Promise<ProgressPage> {
  const cursor = after === undefined ? undefined : decodeProgressCursor(after);
  const { before, since } = startOf(changedSince, nowMs);
  const wish = { since, after: cursor };
  const saved = await query(encodeOrdersQuery(wish), PAGE_ORDERS);
  const followed = await query(encodeFollowedQuery(wish), PAGE_ORDERS);
  const moved = [...decodeOrderRows(saved), ...decodeOrderRows(followed)].sort(byPlace);
  const page = moved.slice(0, PAGE_ORDERS);
  const last = page.at(-1);
  const mark = markOf(page, cursor?.mark ?? before, latestPossible(nowMs));
  const hasMore = saved.hasMore || followed.hasMore || moved.length > page.length;
  return {
    orders: await readOrders(query, page),
    next: hasMore && last !== undefined ? encodeProgressCursor({ ...last, mark }) : undefined,
    mark: mark === NEVER ? undefined : encodeProgressMark(mark),
  };
}

function startOf(
  changedSince: ProgressQuery["changedSince"],
  nowMs: number,
): { readonly before: AccountTime; readonly since: AccountTime } {
  if (changedSince === undefined) return { before: NEVER, since: earliestPossible(nowMs - FIRST_MS) };
  const before = decodeProgressMark(changedSince);
  return { before, since: earlier(before, OVERLAP_MS) };
}

const byPlace = (a: MovedOrder, b: MovedOrder): number =>
  a.time === b.time ? a.order - b.order : a.time < b.time ? -1 : 1;

function markOf(page: readonly MovedOrder[], before: AccountTime, latest: AccountTime): AccountTime {
  return page.reduce((mark, { time }) => (time > mark && time <= latest ? time : mark), before);
}

/** Each order of ours on the page once, with all that was made of it. */
async function readOrders(query: Query, page: readonly MovedOrder[]): Promise<ProgressPage["orders"]> {
  const ours = new Map(
    page.filter(({ externalId }) => isOrderKey(externalId)).map((row) => [row.order, row]),
  );
  if (ours.size === 0) return [];
  const documents = await readAll([...ours.keys()], async (ids) => {
    const found = await query(encodeDocumentsQuery(ids));
    return found.hasMore ? "too many" : decodeDocumentRows(found);
  });
  const fulfilments = documents.filter(hasLeft).map(({ id }) => id);
  const trackings = await readAll([...new Set(fulfilments)], async (ids) => {
    const found = await query(encodeTrackingQuery(ids));
    return found.hasMore ? "too many" : decodeTrackingRows(found);
  });
  return [...ours.values()].map((order) => decodeProgress(order, documents, trackings));
}

/** Rows of these ids; where they fill more than a page, of each half of the ids. */
async function readAll<Row>(
  ids: readonly number[],
  read: (ids: readonly number[]) => Promise<readonly Row[] | "too many">,
): Promise<readonly Row[]> {
  if (ids.length === 0) return [];
  const rows = ids.length > IDS_MAX ? "too many" : await read(ids);
  if (rows !== "too many") return rows;
  if (ids.length === 1)
    throw new ErpFailedError(`NetSuite has too much of transaction ${String(ids[0])} for a page`);
  const middle = ids.length >> 1;
  return [...(await readAll(ids.slice(0, middle), read)), ...(await readAll(ids.slice(middle), read))];
}
