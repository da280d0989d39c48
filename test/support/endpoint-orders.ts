/** A row of `order_carrier`. */
export interface EndpointRow {
  readonly row: number;
  tracking: string;
}

/** An order as far as commands change it. */
export interface EndpointOrder {
  state: number;
  /** The first is the one that PrestaShop itself takes for the order's. */
  carriers: EndpointRow[];
  /** The newest invoice's note; undefined while there is no invoice. */
  invoiceNote: string | undefined;
  /** How often the listeners were told of new tracking numbers. */
  told: number;
  /** Which parcel has which row, and the number that it was given last. */
  readonly remembered: Map<string, { readonly row: number; readonly tracking: string }>;
}

/** A command as it arrives. */
export type EndpointCommand = { readonly id: string; readonly type: string } & Readonly<
  Record<string, unknown>
>;

/** What becomes of one. */
export interface EndpointResult {
  readonly id: string;
  readonly outcome: "done" | "unchanged" | "replayed" | "rejected";
  readonly code?: string;
  readonly reason?: string;
  readonly data?: unknown;
}

type Verdict = Omit<EndpointResult, "id">;

const rejected = (code: string): Verdict => ({ outcome: "rejected", code, reason: `simulated ${code}` });
const isId = (value: unknown): value is number => Number.isInteger(value) && Number(value) > 0;

interface Parcel {
  readonly ref: string;
  readonly tracking: string;
}

/** The module's commands on orders, with its rules, over orders that a test adds; nothing outlives the test. */
export class EndpointOrders {
  readonly #orders = new Map<number, EndpointOrder>();
  /** Answers of finished commands: an id is carried out once. */
  readonly #finished = new Map<string, Verdict>();

  /** An order with one row in `order_carrier` and no invoice. */
  add(id: number, more: Partial<EndpointOrder> = {}): EndpointOrder {
    const order = {
      ...{ state: 2, carriers: [{ row: id * 10, tracking: "" }], invoiceNote: undefined, told: 0 },
      remembered: new Map(),
      ...more,
    };
    this.#orders.set(id, order);
    return order;
  }

  /** Undefined for a command that is none of an order's. */
  execute(command: EndpointCommand): EndpointResult | undefined {
    const { id } = command;
    const finished = this.#finished.get(id);
    const carryOut = this.#commandOf(command.type);
    if (carryOut === undefined) return undefined;
    if (finished !== undefined) return { id, outcome: "replayed", data: finished };
    const verdict = carryOut(command);
    if (verdict.outcome !== "rejected") this.#finished.set(id, verdict);
    return { id, ...verdict };
  }

  #commandOf(type: string): ((command: EndpointCommand) => Verdict) | undefined {
    switch (type) {
      case "order.set_status":
        return (command) => this.#setStatus(command);
      case "order.set_tracking":
        return (command) => this.#setTracking(command);
      case "order.set_invoice":
        return (command) => this.#setInvoice(command);
      default:
        return undefined;
    }
  }

  #setStatus({ order: id, state }: EndpointCommand): Verdict {
    if (!isId(id) || !isId(state)) return rejected("invalid_argument");
    const order = this.#orders.get(id);
    if (order === undefined) return rejected("unknown_order");
    if (order.state === state) return { outcome: "unchanged" };
    order.state = state;
    return { outcome: "done" };
  }

  #setTracking({ order: id, parcels: given }: EndpointCommand): Verdict {
    const parcels = readParcels(given);
    if (!isId(id) || parcels === undefined) return rejected("invalid_argument");
    const order = this.#orders.get(id);
    if (order === undefined) return rejected("unknown_order");
    const before = order.carriers.map(({ row, tracking }) => `${row} ${tracking}`).join();
    const rows = showParcels(order, parcels);
    const after = order.carriers.map(({ row, tracking }) => `${row} ${tracking}`).join();
    return before === after ? { outcome: "unchanged" } : { outcome: "done", data: { rows } };
  }

  #setInvoice({ number, order: id }: EndpointCommand): Verdict {
    if (!isId(id) || typeof number !== "string" || !/^\S(.{0,62}\S)?$/u.test(number)) {
      return rejected("invalid_argument");
    }
    const order = this.#orders.get(id);
    if (order === undefined) return rejected("unknown_order");
    if (order.invoiceNote === undefined) return rejected("no_invoice");
    const line = `ERP invoice: ${number.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")}`;
    const others = order.invoiceNote.split("\n").filter((one) => one !== "");
    const place = others.findIndex((one) => one.startsWith("ERP invoice: "));
    const note = (place === -1 ? [...others, line] : others.with(place, line)).join("\n");
    if (note === order.invoiceNote) return { outcome: "unchanged" };
    order.invoiceNote = note;
    return { outcome: "done" };
  }
}

function readParcels(given: unknown): readonly Parcel[] | undefined {
  if (!Array.isArray(given) || given.length > 500) return undefined;
  const parcels = given as readonly Partial<Record<keyof Parcel, unknown>>[];
  const isGood = parcels.every(
    ({ ref, tracking }) =>
      typeof ref === "string" &&
      /^[A-Za-z0-9_-]{1,96}$/.test(ref) &&
      typeof tracking === "string" &&
      /^[~:#,%&_=()[\].? +\-@/a-zA-Z0-9]{1,64}$/.test(tracking),
  );
  if (!isGood || new Set(parcels.map(({ ref }) => ref)).size < parcels.length) return undefined;
  return parcels as readonly Parcel[];
}

/** The rules of the module's ParcelPlan. */
function showParcels(order: EndpointOrder, parcels: readonly Parcel[]): readonly object[] {
  const free = new Map(order.carriers.map((one) => [one.row, one]));
  const placed = new Map<Parcel, EndpointRow>();
  const take = (parcel: Parcel, row: EndpointRow | undefined): void => {
    if (row === undefined || placed.has(parcel) || !free.delete(row.row)) return;
    placed.set(parcel, row);
  };
  const refs = new Set(parcels.map(({ ref }) => ref));
  const gone = [...order.remembered].filter(([ref]) => !refs.has(ref));
  for (const parcel of parcels) take(parcel, free.get(order.remembered.get(parcel.ref)?.row ?? 0));
  for (const parcel of parcels) {
    take(
      parcel,
      [...free.values()].find(({ tracking }) => tracking === parcel.tracking),
    );
  }
  const wanted = [order.carriers[0]?.row ?? 0, ...gone.map(([, { row }]) => row)];
  for (const parcel of parcels) for (const row of wanted) take(parcel, free.get(row));
  for (const [ref, { row, tracking }] of gone) {
    const left = free.get(row);
    if (left?.tracking === tracking) left.tracking = "";
    order.remembered.delete(ref);
  }
  const shown = parcels.map((parcel) => ({ ...parcel, row: placed.get(parcel) ?? addRow(order) }));
  if (shown.some(({ row, tracking }) => row.tracking !== tracking)) order.told += 1;
  return shown.map(({ ref, row, tracking }) => {
    row.tracking = tracking;
    order.remembered.set(ref, { row: row.row, tracking });
    return { ref, row: row.row };
  });
}

function addRow(order: EndpointOrder): EndpointRow {
  const row = { row: Math.max(0, ...order.carriers.map((one) => one.row)) + 1, tracking: "" };
  order.carriers.push(row);
  return row;
}
