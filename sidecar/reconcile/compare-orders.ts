import type { OrderToRead } from "../erp/port.ts";
import type { Database } from "../platform/database.ts";
import { isAnonymousCustomer } from "../shop/anonymous-statements.ts";
import { type Acknowledged, NOTHING_ACKNOWLEDGED } from "./decide-order-difference.ts";
import {
  acknowledgedOf,
  decideNews,
  decideVerdict,
  encodeVerdict,
  type Look,
  type NewDifference,
  type Readings,
  type Verdict,
} from "./decide-verdict.ts";
import { decodeAcknowledged } from "./decode-acknowledged.ts";
import type { ShopOrder } from "./decode-shop-orders.ts";
import { decodeAgreement } from "./encode-check.ts";
import type { LeftOrder } from "./encode-run.ts";
import {
  deleteChecks,
  readChecks,
  readTime,
  type StoredCheck,
  upsertChecks,
} from "./order-check-statements.ts";
import {
  type KnownRefs,
  type OrderJob,
  readAcknowledgedOperations,
  readOrderJobs,
  readRefs,
} from "./order-statements.ts";
import { type ReadErpDeps, readErpOrders } from "./read-erp-orders.ts";
import { readShopOrders } from "./read-shop-orders.ts";

export interface CompareDeps extends ReadErpDeps {
  readonly db: Database;
  /** `orders.cancelledStates`: order states that call an order off. */
  readonly cancelledStates: readonly number[];
  /** Orders up to this id are history, unless a person asked for them. */
  readonly exportAfterOrder: () => number;
}

/** What became of a page of orders. */
export interface ComparedPage {
  readonly compared: number;
  readonly differing: number;
  readonly left: readonly LeftOrder[];
  readonly news: readonly NewDifference[];
}

/**
 * Compares these orders, and all that share a reference with them, on both sides and puts what it finds on record. What
 * moves meanwhile is left to the next comparison, so no difference is told that is but an edit on its way. Neither side
 * is ever written to. Ids in `done` were compared before in the same run; those that are compared now are added.
 * @throws ErpUnavailableError where the ERP as a whole is away; nothing of the page is then on record.
 */
export async function compareOrders(
  deps: CompareDeps,
  orderIds: readonly number[],
  done: Set<number>,
  signal: AbortSignal,
): Promise<ComparedPage> {
  const wanted = orderIds.filter((id) => !done.has(id));
  const look = await lookAtShop(deps, wanted);
  const known = new Map((await readChecksOf(deps.db, [...wanted, ...look.orders.keys()])).map(byId));
  const gone = [...known.keys()].filter((id) => !look.orders.has(id));
  if (gone.length > 0) await deleteChecks(deps.db, gone);
  const readings = await readErpOrders(deps, ordersToRead(look), signal);
  const left = await findLeft(deps.db, look, readings);
  const verdicts = await reachVerdicts(deps, { look, readings, known }, left);
  const checks = verdicts.map((verdict) => encodeVerdict(verdict, look, readings));
  if (checks.length > 0) await upsertChecks(deps.db, checks, look.at);
  for (const id of look.orders.keys()) done.add(id);
  return {
    compared: verdicts.length,
    differing: verdicts.filter(({ differences }) => differences.length > 0).length,
    left: [...left].map(([order, because]) => ({ order, because })),
    news: verdicts.flatMap((verdict) => decideNews(verdict, known.get(verdict.order.id)?.kinds ?? null)),
  };
}

/** All that was read of a page. */
interface Page {
  readonly look: Look;
  readonly readings: Readings;
  readonly known: ReadonlyMap<number, StoredCheck>;
}

const byId = (check: StoredCheck): [number, StoredCheck] => [check.id_order, check];

async function readChecksOf(db: Database, ids: readonly number[]): Promise<readonly StoredCheck[]> {
  return ids.length === 0 ? [] : await readChecks(db, [...new Set(ids)]);
}

/** The orders that belong to the export, with those of their references. */
async function lookAtShop(deps: CompareDeps, orderIds: readonly number[]): Promise<Look> {
  const at = await readTime(deps.db);
  const all = await readShopOrders(deps.db, orderIds);
  const [jobs, refs] = await Promise.all([readJobsOf(deps.db, [...all.keys()]), readRefsOf(deps.db, all)]);
  const isHistory = (id: number): boolean =>
    !refs.orders.has(id) && jobs.get(id)?.isRequested !== true && id <= deps.exportAfterOrder();
  const orders = new Map([...all].filter(([id]) => !isHistory(id)));
  return { at, orders, jobs, refs };
}

async function readJobsOf(db: Database, ids: readonly number[]): Promise<ReadonlyMap<number, OrderJob>> {
  const jobs = ids.length === 0 ? [] : await readOrderJobs(db, ids);
  return new Map(jobs.map((job) => [job.orderId, job]));
}

async function readRefsOf(db: Database, orders: ReadonlyMap<number, ShopOrder>): Promise<KnownRefs> {
  if (orders.size === 0) return { orders: new Map(), customers: new Map() };
  const customers = new Set([...orders.values()].map(({ customerId }) => customerId));
  return await readRefs(db, [...orders.keys()], [...customers]);
}

/** Those that the ERP has and that are not just being worked on. */
function ordersToRead({ jobs, orders, refs }: Look): ReadonlyMap<number, OrderToRead> {
  const toRead = new Map<number, OrderToRead>();
  for (const [id, { currency }] of orders) {
    const known = refs.orders.get(id);
    if (known !== undefined && jobs.get(id)?.isOnItsWay !== true) toRead.set(id, { ...known, currency });
  }
  return toRead;
}

/** Orders that cannot be compared now, with why. The orders of a reference are compared together or not at all. */
async function findLeft(
  db: Database,
  { jobs, orders }: Look,
  readings: Readings,
): Promise<Map<number, string>> {
  const after = await readJobsOf(db, [...orders.keys()]);
  const alone = new Map<number, string>();
  for (const id of orders.keys()) {
    const reading = readings.get(id);
    if (jobs.get(id)?.isOnItsWay === true) alone.set(id, "on-its-way");
    else if (hasMoved(jobs.get(id), after.get(id))) alone.set(id, "moved-meanwhile");
    else if (reading?.kind === "unread") alone.set(id, reading.code);
  }
  const left = new Map<number, string>();
  for (const [id, { siblings }] of orders) {
    const reasons = siblings.flatMap((sibling) => alone.get(sibling) ?? []);
    const because = alone.get(id) ?? reasons[0];
    if (because !== undefined) left.set(id, because);
  }
  return left;
}

const hasMoved = (before: OrderJob | undefined, after: OrderJob | undefined): boolean =>
  before?.generation !== after?.generation ||
  before?.updatedAt !== after?.updatedAt ||
  after?.isOnItsWay === true;

/**
 * Judges the orders that are not left, and looks once more at those that differ: what moved in the shop meanwhile joins
 * the ones that are left, and of the others it is asked what the ERP acknowledged.
 */
async function reachVerdicts(
  deps: CompareDeps,
  page: Page,
  left: Map<number, string>,
): Promise<readonly Verdict[]> {
  const judge = (order: ShopOrder, acknowledged: Acknowledged): Verdict =>
    decideVerdict(page.look, page.readings, deps.cancelledStates, order, acknowledged);
  const verdicts = [...page.look.orders.values()]
    .filter(({ id }) => !left.has(id))
    .map((order) => judge(order, NOTHING_ACKNOWLEDGED));
  const differing = verdicts.filter(({ differences }) => differences.length > 0).map(({ order }) => order);
  if (differing.length === 0) return verdicts;
  const again = await readShopOrders(deps.db, differing.map(idOf));
  for (const order of differing) {
    if (JSON.stringify(again.get(order.id)) !== JSON.stringify(order)) left.set(order.id, "moved-meanwhile");
  }
  const acknowledged = await readAcknowledged(deps.db, page, differing);
  const settled: Verdict[] = [];
  for (const verdict of verdicts.filter(({ order }) => !left.has(order.id))) {
    const { differences, order } = verdict;
    const explained = differences.length === 0 ? verdict : judge(order, acknowledgedOf(order, acknowledged));
    settled.push(await withoutErased(deps.db, explained));
  }
  return settled;
}

const idOf = ({ id }: ShopOrder): number => id;

/** What was acknowledged of these orders and of those that share their references. */
async function readAcknowledged(
  db: Database,
  { known, look }: Page,
  differing: readonly ShopOrder[],
): Promise<ReadonlyMap<number, Acknowledged>> {
  const ids = [...new Set(differing.flatMap(({ siblings }) => siblings))];
  const operations = await readAcknowledgedOperations(db, ids);
  return new Map(
    ids.map((id) => {
      const check = known.get(id);
      const said = decodeAgreement(check?.agreed ?? null, look.refs.orders.get(id)?.ref ?? "");
      const agreement = said === undefined ? undefined : { at: check?.agreed_at ?? "", said };
      return [id, decodeAcknowledged(operations.get(id) ?? [], agreement)];
    }),
  );
}

/** An order that the shop gave to its anonymous customer keeps its own in the ERP. */
async function withoutErased(db: Database, verdict: Verdict): Promise<Verdict> {
  const { differences, order } = verdict;
  if (!differences.some(({ kind }) => kind === "customer")) return verdict;
  if (!(await isAnonymousCustomer(db, order.customerId))) return verdict;
  return { ...verdict, differences: differences.filter(({ kind }) => kind !== "customer") };
}
