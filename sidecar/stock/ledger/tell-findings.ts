import type { DiscrepancyKind } from "../../domain/stock.ts";
import type { Tx } from "../../platform/database.ts";
import type { LogEvent, LogLevel } from "../../platform/log.ts";
import type { Verdict } from "./decide-attribution.ts";
import {
  decideFindings,
  decideLeftUnexplained,
  decideOutlook,
  type FindingDetail,
} from "./decide-findings.ts";
import { decideOrdersConcerned } from "./decide-oversell.ts";
import { decodeDenies, SETTINGS } from "./decode-shop-rules.ts";
import type { OpenRow } from "./episode-statements.ts";
import { readShopSettings } from "./line-statements.ts";
import type { LoadedEpisode } from "./load-episodes.ts";
import {
  endFindings,
  type OpenFinding,
  readLatestLines,
  readOpenFindings,
  readOutOfStock,
  upsertFindings,
} from "./settle-statements.ts";

/** Lines that are looked at for the orders of an oversell. */
const LINES_LOOKED_AT = 200;

/** A log event that is due when the transaction has committed. */
export interface Told {
  readonly level: LogLevel;
  readonly event: LogEvent;
}

interface Judged {
  readonly loaded: LoadedEpisode;
  readonly verdict: Verdict;
}

type Open = ReadonlyMap<DiscrepancyKind, FindingDetail>;

interface Ended {
  readonly row: number;
  readonly kind: DiscrepancyKind;
}

/** What is to be written of findings, and what is to be said. */
interface Page {
  readonly changes: OpenFinding[];
  readonly ended: Ended[];
  readonly told: Told[];
}

/** Puts on record what a person has to look at, and ends what went by itself, in the transaction of the verdicts. */
export async function tellFindings(tx: Tx, judged: readonly Judged[]): Promise<readonly Told[]> {
  if (judged.length === 0) return [];
  const kinds = ["oversell", "unexplained", "repair_limit", "forgotten_restock"] as const;
  const wanted = judged.flatMap(({ loaded }) => kinds.map((kind) => ({ row: loaded.row.row, kind })));
  const open = new Map<number, Map<DiscrepancyKind, FindingDetail>>();
  for (const { detail, kind, row } of await readOpenFindings(tx, wanted)) {
    const ofRow = open.get(row) ?? new Map<DiscrepancyKind, FindingDetail>();
    ofRow.set(kind as DiscrepancyKind, JSON.parse(detail) as FindingDetail);
    open.set(row, ofRow);
  }
  const page: Page = { changes: [], ended: [], told: [] };
  for (const one of judged) noteVerdict(page, one, open.get(one.loaded.row.row) ?? new Map());
  await noteOversells(tx, page, judged, open);
  if (page.ended.length > 0) await endFindings(tx, page.ended);
  if (page.changes.length > 0) await upsertFindings(tx, page.changes);
  return page.told;
}

function noteVerdict(page: Page, { loaded, verdict }: Judged, open: Open): void {
  const { episode, row } = loaded;
  const left = decideLeftUnexplained(verdict, episode.late, open.get("unexplained"));
  const now = new Map(open);
  if (left === undefined) now.delete("unexplained");
  else if (left !== null) now.set("unexplained", left);
  const found = decideFindings(verdict, now);
  const note = (kind: DiscrepancyKind, detail: FindingDetail): void => {
    page.changes.push({ row: row.row, kind, ledgerUnits: row.position, detail });
  };
  for (const { detail, isNews, kind } of found) {
    note(kind, detail);
    if (isNews) page.told.push(...eventsOf(row.row, kind, verdict));
  }
  if (left !== null && !found.some(({ kind }) => kind === "unexplained")) {
    if (left === undefined) page.ended.push({ row: row.row, kind: "unexplained" });
    else note("unexplained", left);
  }
  if (isRepaired(loaded, open)) page.ended.push({ row: row.row, kind: "repair_limit" });
}

function isRepaired({ episode, row }: LoadedEpisode, open: Open): boolean {
  return open.has("repair_limit") && row.isQuiet && episode.losses.length === 0;
}

function eventsOf(row: number, kind: DiscrepancyKind, { findings }: Verdict): readonly Told[] {
  const units = findings.find((finding) => finding.kind === kind)?.units ?? 0;
  if (kind === "unexplained") return [{ level: "warn", event: { event: "stock.unexplained", row, units } }];
  if (kind === "repair_limit")
    return [{ level: "error", event: { event: "stock.repair_limit", row, units } }];
  return [];
}

/** A row that ends below 0 at best. */
interface Short {
  readonly row: OpenRow;
  readonly shortUnits: number;
  /** What is on record of it already. */
  readonly before: FindingDetail | undefined;
}

/** A row that denies orders for what it does not have was sold below 0. */
async function noteOversells(
  tx: Tx,
  page: Page,
  judged: readonly Judged[],
  open: ReadonlyMap<number, Open>,
): Promise<void> {
  const short = judged
    .filter(({ loaded }) => loaded.isWhole)
    .map((one) => shortOf(page, one, open.get(one.loaded.row.row)?.get("oversell")))
    .filter((one) => one !== undefined);
  for (const { before, row, shortUnits } of await denying(tx, short)) {
    const orders = decideOrdersConcerned(shortUnits, await readLatestLines(tx, row.row, LINES_LOOKED_AT));
    const detail = { units: shortUnits, orders };
    page.changes.push({ row: row.row, kind: "oversell", ledgerUnits: -shortUnits, detail });
    const event: LogEvent = { event: "stock.oversold", row: row.row, ...detail };
    if (before === undefined) page.told.push({ level: "error", event });
  }
}

/** Undefined where nothing is short, or it is on record as it is; one that is not short any more ends. */
function shortOf(
  page: Page,
  { loaded, verdict }: Judged,
  before: FindingDetail | undefined,
): Short | undefined {
  const { episode, row } = loaded;
  const { figure, isSale } = decideOutlook(episode, verdict);
  if (figure >= 0) {
    if (before !== undefined) page.ended.push({ row: row.row, kind: "oversell" });
    return undefined;
  }
  const isNew = before === undefined && isSale && row.managed;
  const isOther = before !== undefined && before.units !== -figure;
  return isNew || isOther ? { row, shortUnits: -figure, before } : undefined;
}

/** Those that the shop does not sell when they are empty. */
async function denying(tx: Tx, short: readonly Short[]): Promise<readonly Short[]> {
  if (short.length === 0) return [];
  const settings = await readShopSettings(tx, SETTINGS);
  const outOfStock = await readOutOfStock(
    tx,
    short.map(({ row }) => row.row),
  );
  return short.filter(({ row }) => {
    const { byDefault, managesStock } = decodeDenies(settings, row);
    const own = outOfStock.get(row.row);
    return managesStock && (own === 0 || (own === 2 && byDefault));
  });
}
