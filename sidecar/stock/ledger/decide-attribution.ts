import type { DiscrepancyKind, StockCause, StockRowKeys, StockWrite } from "../../domain/stock.ts";
import { pairUp } from "./decide-pairs.ts";

/** A change of the row that has no cause yet. */
export interface OpenChange {
  readonly movementId: number;
  /** Place in the binlog; grows with it. */
  readonly changeId: number;
  /** Units. */
  readonly delta: number;
  /** Quantity of the row after it. */
  readonly after: number;
  /** Since it was read. */
  readonly ageMs: number;
}

/** An order line that the row owes a movement, or that owes one to the row. */
export interface OwedLine {
  readonly detailId: number;
  readonly orderId: number;
  /** Units still to be taken; negative: to be put back. Not 0. */
  readonly owed: number;
  /**
   * Units that stand on the line (0 for one that was deleted counts as what it last had). A cancellation or deletion
   * puts them back whole, also those that a refund put back before (PrestaShop 8.2.1); the line then owes the surplus.
   */
  readonly whole: number;
  readonly cause: Extract<StockCause, "sale" | "edit" | "cancellation" | "return">;
  /** `line:<id_order_detail>:<id_stock_available>#<change id>`; booked once, whoever makes the movement. */
  readonly source: string;
  readonly changeId: number;
  /** A hook of the module told of the order, so the shop's own stock management wrote it. */
  readonly announced: boolean;
  /** Written about when the row was opened: its units may be in the opening already. */
  readonly maybeInOpening: boolean;
  /** Since the ledger first saw that it is owed. */
  readonly ageMs: number;
}

/** A line that was read lately and owes nothing: it may have come and gone between two reads. */
export interface PassingLine {
  readonly detailId: number;
  readonly orderId: number;
  /** Units that stand on the line, whatever became of them. */
  readonly units: number;
}

/** A movement that somebody in the shop declared: the module's `stock.moved`, or a row of `stock_mvt`. */
export interface Declaration {
  /** `event:<event id>` or `mvt:<id_stock_mvt>`. */
  readonly source: string;
  /** Null where the writer did not say it. */
  readonly delta: number | null;
  readonly after: number | null;
  /** `employee:3`, `AdminProducts`, `WebserviceRequest`. */
  readonly actor: string;
  readonly orderId: number | null;
  /** False where the writer is a page of products or stock, which never moves what an order line takes. */
  readonly mayBeOrders: boolean;
}

/** A decrement that we made within the last minute for an order that no hook announced, and that was not taken back. */
export interface OwnSale {
  readonly writeId: number;
  readonly delta: number;
  readonly orderId: number;
}

/** The part of a stale write that threw away what others had moved, and that no repair has put back. */
export interface Loss {
  readonly movementId: number;
  /** Since the stale write was read. */
  readonly ageMs: number;
  /** Units that the stale write moved beyond its own movement; the repair is the opposite. */
  readonly delta: number;
}

/** All that is open about one row, and what helps to explain it. */
export interface Episode {
  readonly keys: StockRowKeys;
  /** False for `depends_on_stock`: booked, never written. */
  readonly managed: boolean;
  readonly position: number;
  /** Of the last change of the row that was read; names a repair of its parent. */
  readonly lastChangeId: number;
  /** Sum of the combinations' positions where this is their parent row; null for any other row. */
  readonly combinationsSum: number | null;
  /** Quantities that the row had before the first open change, the latest last; as far back as a stale read may reach. */
  readonly earlier: readonly number[];
  /** In the order of the binlog. */
  readonly changes: readonly OpenChange[];
  readonly lines: readonly OwedLine[];
  readonly passing: readonly PassingLine[];
  readonly declarations: readonly Declaration[];
  /** Adopted as unexplained within the last minute; they may still find their cause. */
  readonly late: readonly OpenChange[];
  readonly ownSales: readonly OwnSale[];
  readonly losses: readonly Loss[];
  /** Quantities that the items of this pack allow, as they were lately; empty for what is no linked pack. */
  readonly packLimits: readonly number[];
  /** Times that this row was repaired in the last minute, however much at once. */
  readonly repairs: number;
  /** Nothing was written to the row, nor to its lines, for `stock.quietMs`. */
  readonly isQuiet: boolean;
}

/** Configuration that decides with. */
export interface AttributionRules {
  readonly repairsMax: number;
  /** A matter this old is decided though the row is never quiet. */
  readonly overdueMs: number;
  readonly forgottenRestock: "report" | "apply";
}

/** One part of a change. */
export interface Part {
  readonly delta: number;
  readonly cause: StockCause;
  readonly source: string | null;
  readonly orderId: number | null;
  readonly actor: string | null;
  /** The line whose `moved` grows by delta. */
  readonly detailId: number | null;
}

/** What is now known of one change; the deltas of its parts add up to its own. */
export interface Explained {
  readonly movementId: number;
  readonly parts: readonly Part[];
}

/** Something for a person. */
export interface Finding {
  readonly kind: DiscrepancyKind;
  readonly orders: readonly number[];
  readonly units: number;
}

/** What becomes of an episode. */
export interface Verdict {
  readonly explained: readonly Explained[];
  /** Lines whose owed units are dropped: they are in the opening, or the shop forgot to put them back. */
  readonly settledLines: readonly OwedLine[];
  /** For the writer, guard `read`. */
  readonly writes: readonly StockWrite[];
  readonly findings: readonly Finding[];
  /** True while something is left open. */
  readonly isUnsettled: boolean;
}

/**
 * Decides what the open changes of one row are. The totals do not depend on which of two sales a change is given to: as
 * long as each change finds one, opening + lines is where the row ends once losses are repaired and missing movements
 * made. So what must not happen is a change left over that some line could have explained, and lines are paired with
 * changes as completely as possible.
 *
 * Nothing is decided before the row is quiet (or a matter overdue): a declaration or a line that is still to come may
 * fit better. A change is a stale write only where its quantity is an earlier one of the row plus a movement that is
 * owed; what nobody claims is adopted as unexplained.
 */
export function decideAttribution(episode: Episode, rules: AttributionRules): Verdict {
  if (!episode.managed) return plain(episode, "employee", "depends_on_stock");
  if (episode.combinationsSum !== null) return decideParent(episode, episode.combinationsSum);
  const isDue = (matter: { readonly ageMs: number }): boolean =>
    episode.isQuiet || matter.ageMs >= rules.overdueMs;
  const isDecided = episode.isQuiet || episode.changes.some(isDue) || episode.lines.some(isDue);
  const desk = isDecided
    ? bestOf(explain(episode, "sums first"), explain(episode, "claims first"))
    : new Desk(episode);
  if (isDecided) desk.adopt(isDue);
  const writes = [
    ...desk.takeBacks,
    ...missingMovements(desk, rules, isDue),
    ...repairs(episode, rules, isDue),
  ];
  const settledLines = desk.lines.filter((line) => isDue(line) && isLetGo(line, rules));
  return {
    explained: desk.explained,
    settledLines,
    writes,
    findings: [...desk.findings, ...findings(episode, rules, settledLines)],
    isUnsettled: desk.leavesWork || desk.lines.length > settledLines.length,
  };
}

/**
 * Whether it can make a difference which quantities the row had before. Only who claims a change can have read one of
 * them, and a single change that is exactly what the only line owes is that line's whatever was read.
 */
export function looksBack(
  changes: readonly Pick<OpenChange, "delta">[],
  { lines, isDeclared }: { readonly lines: readonly Pick<OwedLine, "owed">[]; readonly isDeclared: boolean },
): boolean {
  if (isDeclared) return true;
  const [line, ...more] = lines;
  if (line === undefined) return false;
  return more.length > 0 || changes.length !== 1 || changes[0]?.delta !== -line.owed;
}

/** A sale in two steps may look like a stale write, and the reverse. */
function explain(episode: Episode, order: "sums first" | "claims first"): Desk {
  const desk = new Desk(episode);
  if (order === "sums first") desk.pairSums();
  desk.pairClaims();
  desk.pairSums();
  desk.pairPassing();
  desk.pairRest();
  return desk;
}

/** The explanation that leaves the fewest changes over, then the fewest lines, then says that the least was thrown away. */
function bestOf(one: Desk, other: Desk): Desk {
  const more =
    other.unclaimed - one.unclaimed || other.lines.length - one.lines.length || other.losses - one.losses;
  return more > 0 ? one : other;
}

/** Changes that need no attribution. */
function plain(episode: Episode, cause: StockCause, actor: string | null): Verdict {
  const explained = episode.changes.map(({ movementId, delta }) => ({
    movementId,
    parts: [{ delta, cause, source: null, orderId: null, actor, detailId: null }],
  }));
  return { explained, settledLines: episode.lines, writes: [], findings: [], isUnsettled: false };
}

/** The shop writes the sum of the combinations as it read it, which may be stale too; only the sum itself counts. */
function decideParent(episode: Episode, sum: number): Verdict {
  const verdict = plain(episode, "parent", null);
  const delta = sum - episode.position;
  if (delta === 0) return verdict;
  const write: StockWrite = {
    row: episode.keys.row,
    delta,
    cause: "parent",
    source: `parent:${String(episode.keys.row)}#${String(episode.lastChangeId)}`,
    orderId: null,
    actor: "ledger",
    reason: "the sum of the combinations",
    undoes: null,
  };
  return { ...verdict, writes: episode.isQuiet ? [write] : [], isUnsettled: true };
}

/** Units that nobody moves: they are in the opening, or the shop should have put them back and policy is to report it. */
function isLetGo(line: OwedLine, rules: AttributionRules): boolean {
  return line.maybeInOpening || (line.owed < 0 && rules.forgottenRestock === "report");
}

function missingMovements(
  desk: Desk,
  rules: AttributionRules,
  isDue: (line: OwedLine) => boolean,
): readonly StockWrite[] {
  return desk.lines
    .filter((line) => !isLetGo(line, rules))
    .filter((line) => isDue(line) || isPlainlyMissing(desk, line))
    .map((line) => ({
      row: desk.episode.keys.row,
      delta: -line.owed,
      cause: line.cause,
      source: line.source,
      orderId: line.orderId,
      actor: "ledger",
      reason:
        line.owed > 0
          ? `the shop sold ${String(line.owed)} and did not take them from stock`
          : `the shop did not put ${String(-line.owed)} back`,
      undoes: null,
    }));
}

/** Nobody's stock management wrote the order, and no change of the row can be the line's. */
function isPlainlyMissing({ changes, episode }: Desk, line: OwedLine): boolean {
  const isAdopted = episode.late.some(({ delta }) => delta === -line.owed);
  return !line.announced && line.cause === "sale" && changes.length === 0 && !isAdopted;
}

/** Not before the row is quiet: whoever reads it stale now would throw the repair away as well. */
function repairs(
  { keys, losses, repairs: made }: Episode,
  { repairsMax }: AttributionRules,
  isDue: (loss: Loss) => boolean,
): readonly StockWrite[] {
  if (made >= repairsMax) return [];
  return losses.filter(isDue).map((loss) => ({
    row: keys.row,
    delta: -loss.delta,
    cause: "repair",
    source: `repair:${String(loss.movementId)}`,
    orderId: null,
    actor: "ledger",
    reason: "a stale write of the shop threw this away",
    undoes: null,
  }));
}

function findings(
  episode: Episode,
  rules: AttributionRules,
  settledLines: readonly OwedLine[],
): readonly Finding[] {
  const found: Finding[] = [];
  const forgotten = settledLines.filter((line) => !line.maybeInOpening);
  if (forgotten.length > 0) {
    const units = forgotten.reduce((sum, line) => sum - line.owed, 0);
    found.push({ kind: "forgotten_restock", orders: forgotten.map((line) => line.orderId), units });
  }
  if (episode.losses.length > 0 && episode.repairs >= rules.repairsMax) {
    found.push({
      kind: "repair_limit",
      orders: [],
      units: episode.losses.reduce((sum, { delta }) => sum - delta, 0),
    });
  }
  return found;
}

/** Who may have made a change. */
interface Claim {
  readonly line?: OwedLine;
  readonly declaration?: Declaration;
}

const claimOf = (declaration: Declaration): Claim => ({ declaration });

/** What is on the table of one episode: who is paired leaves it. */
class Desk {
  readonly episode: Episode;
  changes: readonly OpenChange[];
  lines: readonly OwedLine[];
  explained: readonly Explained[] = [];
  findings: readonly Finding[] = [];
  takeBacks: readonly StockWrite[] = [];
  /** A line got more than it is owed. */
  hasSurplus = false;
  #declarations: readonly Declaration[];
  /** By quantity: the place from which on a writer may have read it. */
  readonly #readable = new Map<number, number>();
  /** Places of the changes, by movement. */
  readonly #places = new Map<number, number>();

  constructor(episode: Episode) {
    this.episode = episode;
    this.changes = episode.changes;
    this.lines = episode.lines;
    this.#declarations = episode.declarations;
    for (const quantity of episode.earlier) this.#standsAt(quantity, 0);
    for (const [place, { movementId, after, delta }] of [...episode.late, ...episode.changes].entries()) {
      this.#standsAt(after - delta, place);
      this.#places.set(movementId, place);
      this.#standsAt(after, place + 1);
    }
  }

  /**
   * Declarations that name the quantity that they left go first, stale ones too: a line that finds no change gets its
   * movement from us, a declaration would be lost. A claim that came long after its change may still have one that was
   * adopted meanwhile; those come last, as nothing hangs on them.
   */
  pairClaims(): void {
    const changes = [...this.changes, ...this.episode.late];
    const claims = [
      ...this.#declarations.filter(({ after, mayBeOrders }) => after !== null && !mayBeOrders).map(claimOf),
      ...this.lines.map((line) => ({ line })),
    ];
    const pairs = pairUp<OpenChange, Claim>(changes, claims, [
      (change, { declaration }) => declaration?.after === change.after && declaration.delta === change.delta,
      (change, { declaration }) => declaration?.after === change.after && declaration.delta === null,
      (change, { declaration }) =>
        declaration?.after === change.after &&
        this.#mayHaveRead(change, change.after - (declaration.delta ?? 0)),
      (change, { line }) => line?.announced === true && isClean(change, line),
      (change, { line }) =>
        line?.announced === true &&
        isCausal(change, line) &&
        this.#mayHaveRead(change, change.after + line.owed),
      // Most imports take nothing from stock themselves.
      (change, { line }) => line?.announced === false && isClean(change, line),
    ]);
    for (const [change, { declaration, line }] of pairs) {
      if (line !== undefined) {
        const part = isWhole(change, line) ? { ...linePart(line), delta: change.delta } : linePart(line);
        if (part.delta !== -line.owed) this.hasSurplus = true;
        this.#book(change, withLoss(change, part), { lines: [line] });
      } else if (declaration !== undefined) this.#bookDeclared(change, declaration);
    }
  }

  /** One change for several lines of an order, as an import writes it; several changes for one line, edited quickly. */
  pairSums(): void {
    for (const change of this.#undeclared()) {
      const group = this.#orderOwing(-change.delta);
      if (group !== undefined) this.#book(change, group.map(linePart), { lines: group });
    }
    for (const line of this.lines) {
      for (const [nth, change] of runOf(this.#undeclared(), -line.owed).entries()) {
        const source = nth === 0 ? line.source : `${line.source}+${String(nth)}`;
        this.#book(change, [{ ...linePart(line), delta: change.delta, source }], { lines: [line] });
      }
    }
  }

  /** Changes that no page of products or stock declared; what the pages of orders declare is lines' work. */
  #undeclared(): readonly OpenChange[] {
    const others = this.#declarations.filter(({ mayBeOrders }) => !mayBeOrders);
    return this.changes.filter((change) => !others.some(({ after }) => after === change.after));
  }

  /** A line that came and went between two reads: its units out, and the same units back. */
  pairPassing(): void {
    for (const line of this.episode.passing) {
      const out = this.changes.find(({ delta }) => delta === -line.units);
      const back = this.changes.find(
        ({ changeId, delta }) => delta === line.units && out !== undefined && changeId > out.changeId,
      );
      if (out === undefined || back === undefined) continue;
      this.#book(out, [passingPart(line, "sale", out.delta)], {});
      this.#book(back, [passingPart(line, "cancellation", back.delta)], {});
    }
  }

  /** Declarations that name no quantity, or of work on orders without a line that is owed; packs that their items limit, and an import that was slower than we. */
  pairRest(): void {
    const pairs = pairUp(this.changes, this.#declarations, [
      (change, { after, delta }) =>
        (after ?? change.after) === change.after && (delta ?? change.delta) === change.delta,
      (change, { after, delta }) =>
        (after ?? change.after) === change.after &&
        delta !== null &&
        this.#mayHaveRead(change, change.after - delta),
    ]);
    for (const [change, declaration] of pairs) this.#bookDeclared(change, declaration);
    for (const change of this.changes) {
      if (change.delta < 0 && this.episode.packLimits.includes(change.after)) {
        this.#book(change, [barePart(change, "pack")], {});
      }
    }
    for (const [change, sale] of pairUp(this.changes, this.episode.ownSales, [
      (one, { delta }) => one.delta === delta,
    ])) {
      this.#book(change, [{ ...barePart(change, "sale"), orderId: sale.orderId }], {});
      this.takeBacks = [...this.takeBacks, takeBack(this.episode, sale)];
    }
  }

  adopt(isDue: (change: OpenChange) => boolean): void {
    const left = this.changes.filter(isDue);
    for (const change of left) this.#book(change, [barePart(change, "unexplained")], {});
    if (left.length === 0) return;
    const units = left.reduce((sum, change) => sum + change.delta, 0);
    this.findings = [...this.findings, { kind: "unexplained", orders: [], units }];
  }

  /** What was just explained may leave a loss to be repaired, or a line that got more than it is owed. */
  get leavesWork(): boolean {
    return this.hasSurplus || this.changes.length > 0 || this.episode.losses.length + this.losses > 0;
  }

  /** Changes that nobody claims, those included that were adopted before. */
  get unclaimed(): number {
    return this.episode.changes.length + this.episode.late.length - this.explained.length;
  }

  /** Changes that are said to have thrown something away. */
  get losses(): number {
    return this.explained.filter(({ parts }) => parts.some(({ cause }) => cause === "overwrite")).length;
  }

  #book(
    change: OpenChange,
    parts: readonly Part[],
    used: { readonly lines?: readonly OwedLine[]; readonly declaration?: Declaration },
  ): void {
    this.explained = [...this.explained, { movementId: change.movementId, parts }];
    this.changes = this.changes.filter((one) => one !== change);
    this.lines = this.lines.filter((one) => used.lines?.includes(one) !== true);
    if (used.declaration !== undefined) this.#use(used.declaration);
  }

  /** The hook and `stock_mvt` may both tell of one change. */
  #use(declaration: Declaration): void {
    const rest = this.#declarations.filter((one) => one !== declaration);
    const twin = rest.find(({ after, delta }) => after === null && delta === declaration.delta);
    this.#declarations = declaration.after === null ? rest : rest.filter((one) => one !== twin);
  }

  #bookDeclared(change: OpenChange, declaration: Declaration): void {
    const part = declaredPart(declaration, declaration.delta ?? change.delta);
    this.#book(change, withLoss(change, part), { declaration });
  }

  #standsAt(quantity: number, place: number): void {
    if (!this.#readable.has(quantity)) this.#readable.set(quantity, place);
  }

  #mayHaveRead(change: OpenChange, quantity: number): boolean {
    const since = this.#readable.get(quantity);
    return since !== undefined && since <= (this.#places.get(change.movementId) ?? -1);
  }

  #orderOwing(units: number): readonly OwedLine[] | undefined {
    for (const orderId of new Set(this.lines.map((line) => line.orderId))) {
      const group = this.lines.filter((line) => line.orderId === orderId);
      if (group.length > 1 && group.reduce((sum, line) => sum + line.owed, 0) === units) return group;
    }
    return undefined;
  }
}

function isClean(change: OpenChange, line: OwedLine): boolean {
  return isCausal(change, line) && (change.delta === -line.owed || isWhole(change, line));
}

/** The whole line was put back, though some of it had been before; or taken again when its order came back. */
function isWhole(change: OpenChange, line: OwedLine): boolean {
  if (line.owed < 0) return change.delta === line.whole;
  return line.cause === "cancellation" && change.delta === -line.whole;
}

/** The shop takes stock before it writes the line of a checkout; edits and imports keep no order. */
function isCausal(change: OpenChange, line: OwedLine): boolean {
  return line.cause !== "sale" || !line.announced || change.changeId < line.changeId;
}

/** The shortest run of neighbouring changes that adds up to `delta`, at most four long; empty where there is none. */
function runOf(changes: readonly OpenChange[], delta: number): readonly OpenChange[] {
  for (let length = 2; length <= 4; length += 1) {
    for (let from = 0; from + length <= changes.length; from += 1) {
      const run = changes.slice(from, from + length);
      if (run.reduce((sum, change) => sum + change.delta, 0) === delta) return run;
    }
  }
  return [];
}

function withLoss(change: OpenChange, part: Part): readonly Part[] {
  const lost = change.delta - part.delta;
  return lost === 0
    ? [part]
    : [part, { ...barePart(change, "overwrite"), delta: lost, orderId: part.orderId }];
}

function linePart(line: OwedLine): Part {
  const { cause, source, orderId, detailId } = line;
  return { delta: -line.owed, cause, source, orderId, actor: null, detailId };
}

function declaredPart({ actor, orderId, source }: Declaration, delta: number): Part {
  return { delta, cause: "employee", source, orderId, actor, detailId: null };
}

function passingPart(line: PassingLine, cause: "sale" | "cancellation", delta: number): Part {
  return { delta, cause, source: null, orderId: line.orderId, actor: null, detailId: line.detailId };
}

function barePart(change: OpenChange, cause: StockCause): Part {
  return { delta: change.delta, cause, source: null, orderId: null, actor: null, detailId: null };
}

/** The importer took the units itself, only later than we: ours go back, and its own stay. */
function takeBack(episode: Episode, sale: OwnSale): StockWrite {
  return {
    row: episode.keys.row,
    delta: -sale.delta,
    cause: "undo",
    source: `undo:${String(sale.writeId)}`,
    orderId: sale.orderId,
    actor: "ledger",
    reason: "the writer of the order took the units itself",
    undoes: sale.writeId,
  };
}
