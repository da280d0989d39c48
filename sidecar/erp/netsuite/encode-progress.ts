import { DecodeError } from "../../domain/errors.ts";
import type { Place } from "./decode-progress-mark.ts";
import { type AccountTime, earlier } from "./decode-time.ts";

/** What a page of progress is to hold. */
export interface ProgressWish {
  /** From this change on, itself included. */
  readonly since: AccountTime;
  /** Undefined for the first page. */
  readonly after: Place | undefined;
}

/** The most orders on a page. */
export const PAGE_ORDERS = 200;

const DAY_MS = 86_400_000;
const FORMAT = "'YYYYMMDDHH24MISS'";
/** What is made of an order, beside its deposits: fulfilments, invoices, and cash sales, which are both in one. */
const FOLLOWERS = "'ItemShip', 'CustInvc', 'CashSale'";
/** Every key of ours begins so; those of orders are told apart by the decoder. */
const OURS = "'PS-%'";

/**
 * Orders of ours that were saved since, by the time of it. Times are compared as text that SuiteQL makes itself, in
 * whatever zone that is; the plain comparison, a day wider, is there for an index.
 */
export function encodeOrdersQuery(wish: ProgressWish): string {
  const inner =
    `SELECT id, externalid, status, TO_CHAR(lastmodifieddate, ${FORMAT}) AS changedat FROM transaction ` +
    `WHERE type = 'SalesOrd' AND externalid LIKE ${OURS} AND ${savedSince("lastmodifieddate", wish)}`;
  return onPage(inner, wish);
}

/**
 * Orders of which something was fulfilled or invoiced since, by the time of it: the order itself need not have been saved
 * by that. The link table has a row for each line, hence the grouping.
 */
export function encodeFollowedQuery(wish: ProgressWish): string {
  const inner =
    "SELECT so.id AS id, so.externalid AS externalid, so.status AS status, " +
    `TO_CHAR(MAX(made.lastmodifieddate), ${FORMAT}) AS changedat FROM transaction made ` +
    "INNER JOIN previoustransactionlinelink link ON link.nextdoc = made.id " +
    "INNER JOIN transaction so ON so.id = link.previousdoc " +
    `WHERE made.type IN (${FOLLOWERS}) AND ${savedSince("made.lastmodifieddate", wish)} ` +
    `AND so.type = 'SalesOrd' AND so.externalid LIKE ${OURS} GROUP BY so.id, so.externalid, so.status`;
  return onPage(inner, wish);
}

/** What was made of these orders, each document once. */
export const encodeDocumentsQuery = (orders: readonly number[]): string =>
  "SELECT link.previousdoc AS salesorder, made.id AS id, made.type AS type, made.status AS status, " +
  "made.tranid AS tranid, made.shipcarrier AS shipcarrier FROM previoustransactionlinelink link " +
  "INNER JOIN transaction made ON made.id = link.nextdoc " +
  `WHERE link.previousdoc IN (${listed(orders)}) AND made.type IN (${FOLLOWERS}) ` +
  "GROUP BY link.previousdoc, made.id, made.type, made.status, made.tranid, made.shipcarrier ORDER BY made.id";

/** The tracking numbers of these fulfilments. */
export const encodeTrackingQuery = (fulfilments: readonly number[]): string =>
  "SELECT map.transaction AS fulfilment, num.id AS id, num.trackingnumber AS trackingnumber " +
  "FROM trackingnumbermap map INNER JOIN trackingnumber num ON num.id = map.trackingnumber " +
  `WHERE map.transaction IN (${listed(fulfilments)}) ORDER BY num.id, map.transaction`;

/**
 * A key as it may stand in a query.
 * @throws DecodeError where it has a sign that a key cannot have.
 */
export function checkedKey(key: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(key)) throw new DecodeError(`"${key}" is not a key of a record`);
  return key;
}

const savedSince = (column: string, { since }: ProgressWish): string =>
  `${column} >= TO_DATE('${earlier(since, DAY_MS).slice(0, 8)}', 'YYYYMMDD')`;

function onPage(inner: string, { since, after }: ProgressWish): string {
  const behind =
    after === undefined
      ? ""
      : ` AND (changedat > '${after.time}' OR (changedat = '${after.time}' AND id > ${String(after.order)}))`;
  return (
    `SELECT id, externalid, status, changedat FROM (${inner}) orders ` +
    `WHERE changedat >= '${since}'${behind} ORDER BY changedat, id`
  );
}

const listed = (ids: readonly number[]): string => ids.map(String).join(", ");
