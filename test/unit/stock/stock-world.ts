// A stock row as the shop writes it, statement by statement, and the ledger as it reads the binlog, in memory.
import { isDeepStrictEqual } from "node:util";
import type { StockCause, StockWrite } from "../../../sidecar/domain/stock.ts";
import {
  type AttributionRules,
  type Declaration,
  decideAttribution,
  type Episode,
  looksBack,
  type OwedLine,
} from "../../../sidecar/stock/ledger/decide-attribution.ts";

export const RULES: AttributionRules = { repairsMax: 1_000, overdueMs: 1e9, forgottenRestock: "apply" };

interface Movement {
  readonly id: number;
  readonly changeId: number;
  delta: number;
  readonly after: number;
  cause: StockCause;
  detailId: number | null;
  source: string | null;
}

interface Line {
  readonly orderId: number;
  readonly announced: boolean;
  units: number;
  whole: number;
  moved: number;
  changeId: number;
  cause: OwedLine["cause"];
}

/** One row, its binlog and its ledger. */
export class StockWorld {
  quantity: number;
  /** What every writer meant to move, whether the shop lost it or not. */
  meant = 0;
  /** What was meant by writes that changed nothing, and that only a declaration tells of. */
  traceless = 0;
  readonly movements: Movement[] = [];
  readonly lines = new Map<number, Line>();
  readonly ownWrites = new Map<string, StockWrite & { readonly id: number }>();
  /** Processes between their write of the row and what explains it; a silence is longer than that. */
  inFlight = 0;
  readonly #opening: number;
  #declarations: Declaration[] = [];
  #changeId = 0;
  #nextId = 1;

  constructor(opening: number) {
    this.quantity = opening;
    this.#opening = opening;
  }

  get position(): number {
    return this.movements.reduce((sum, { delta }) => sum + delta, this.#opening);
  }

  /** An UPDATE of the row; one that changes nothing leaves no trace in the binlog. */
  write(after: number, cause: StockCause = "pending", source: string | null = null): void {
    const delta = after - this.quantity;
    this.quantity = after;
    this.#changeId += 1;
    if (delta === 0) return;
    const id = this.#nextId++;
    this.movements.push({ id, changeId: this.#changeId, delta, after, cause, detailId: null, source });
  }

  writeLine(
    detailId: number,
    units: number,
    cause: Line["cause"],
    fields: { orderId: number; announced: boolean; whole?: number },
  ): void {
    this.#changeId += 1;
    const line = this.lines.get(detailId) ?? { ...fields, units: 0, whole: 0, moved: 0, changeId: 0, cause };
    const whole = fields.whole ?? units;
    this.lines.set(detailId, {
      ...line,
      units,
      whole: whole === 0 ? line.whole : whole,
      cause,
      changeId: this.#changeId,
    });
  }

  declare(delta: number | null, after: number | null): void {
    this.#changeId += 1;
    const source = `event:${String(this.#changeId)}`;
    this.#declarations.push({
      source,
      delta,
      after,
      actor: "AdminProducts",
      orderId: null,
      mayBeOrders: false,
    });
  }

  /** One look of the ledger, in one transaction; false where it changed nothing. */
  settle(isQuiet: boolean, rules: AttributionRules = RULES): boolean {
    const episode = this.episode(isQuiet);
    const verdict = decideAttribution(episode, rules);
    const { changes, declarations, late, lines } = episode;
    if (!looksBack([...late, ...changes], { lines, isDeclared: declarations.length > 0 })) {
      const unread = decideAttribution({ ...episode, earlier: [] }, rules);
      if (!isDeepStrictEqual(verdict, unread)) throw new Error("Earlier quantities made a difference");
    }
    for (const { movementId, parts } of verdict.explained) {
      const index = this.movements.findIndex(({ id }) => id === movementId);
      const whole = this.movements[index];
      if (whole === undefined) throw new Error("A movement was explained that is not there");
      const sum = parts.reduce((total, { delta }) => total + delta, 0);
      if (sum !== whole.delta)
        throw new Error(`The parts add up to ${String(sum)}, not ${String(whole.delta)}`);
      const replaced = parts.map((part, nth) => ({
        ...whole,
        ...part,
        id: nth === 0 ? whole.id : this.#nextId++,
      }));
      this.movements.splice(index, 1, ...replaced);
      for (const part of parts) {
        this.#move(part.detailId, part.delta, whole.changeId);
        this.#declarations = this.#declarations.filter(({ source }) => source !== part.source);
      }
    }
    for (const { detailId } of verdict.settledLines) {
      const line = this.lines.get(detailId);
      if (line !== undefined) line.moved = -line.units;
    }
    for (const write of verdict.writes) this.#perform(write);
    return verdict.explained.length + verdict.writes.length + verdict.settledLines.length > 0;
  }

  /** Settles until nothing is left to do. */
  rest(): void {
    for (let round = 0; round < 1_000; round += 1) if (!this.settle(true)) return;
    throw new Error("The ledger never comes to rest");
  }

  episode(isQuiet: boolean): Episode {
    const open = this.movements.filter(({ cause }) => cause === "pending");
    const first = open[0]?.changeId ?? Infinity;
    const repaired = new Set([...this.ownWrites.keys()]);
    return {
      keys: { row: 1, product: 1, combination: 0, shop: 1, group: 0 },
      managed: true,
      position: this.position,
      lastChangeId: this.#changeId,
      combinationsSum: null,
      earlier: [
        this.#opening,
        ...this.movements.filter(({ changeId }) => changeId < first).map(({ after }) => after),
      ],
      changes: open.map((movement) => ({ ...movement, movementId: movement.id, ageMs: 0 })),
      lines: [...this.lines].flatMap(([detailId, line]) => this.#owed(detailId, line)),
      passing: [...this.lines].map(([detailId, { orderId, whole }]) => ({ detailId, orderId, units: whole })),
      declarations: this.#declarations,
      late: this.movements
        .filter(({ cause }) => cause === "unexplained")
        .map((movement) => ({ ...movement, movementId: movement.id, ageMs: 0 })),
      ownSales: [],
      losses: this.movements
        .filter(({ cause, id }) => cause === "overwrite" && !repaired.has(`repair:${String(id)}`))
        .map(({ id, delta }) => ({ movementId: id, delta, ageMs: 0 })),
      packLimits: [],
      repairs: 0,
      isQuiet,
    };
  }

  #owed(detailId: number, line: Line): readonly OwedLine[] {
    const owed = line.units + line.moved;
    if (owed === 0) return [];
    const { announced, cause, changeId, orderId, whole } = line;
    const source = `line:${String(detailId)}:1#${String(changeId)}`;
    return [
      { detailId, orderId, owed, whole, cause, source, changeId, announced, maybeInOpening: false, ageMs: 0 },
    ];
  }

  #move(detailId: number | null, delta: number, changeId: number): void {
    const line = detailId === null ? undefined : this.lines.get(detailId);
    if (line === undefined) return;
    line.moved += delta;
    if (line.units + line.moved !== 0) line.changeId = changeId;
  }

  #perform(write: StockWrite): void {
    if (this.ownWrites.has(write.source)) throw new Error(`${write.source} was written before`);
    this.ownWrites.set(write.source, { ...write, id: this.#nextId++ });
    this.write(this.quantity + write.delta, write.cause, write.source);
    const detailId = /^line:(\d+):/.exec(write.source)?.[1];
    if (detailId !== undefined) this.#move(Number(detailId), write.delta, this.#changeId);
  }
}
