/** A decimal number as Tryton's JSON-RPC writes it (trytond/protocols/jsonrpc.py). */
export interface TrytonDecimal {
  readonly __class__: "Decimal";
  readonly decimal: string;
}

/** A day as Tryton's JSON-RPC writes it. */
export interface TrytonDate {
  readonly __class__: "date";
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A moment as Tryton's JSON-RPC writes it; Tryton keeps all moments in UTC. */
export interface TrytonDatetime {
  readonly __class__: "datetime";
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
}

export const encodeDecimal = (decimal: string): TrytonDecimal => ({ __class__: "Decimal", decimal });

/** The day of a text that begins with `YYYY-MM-DD`. */
export function encodeDate(text: string): TrytonDate {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split("-").map(Number);
  return { __class__: "date", year, month, day };
}

/** A moment, to the millisecond. */
export function encodeDatetime(atMs: number): TrytonDatetime {
  const at = new Date(atMs);
  return {
    __class__: "datetime",
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
    microsecond: at.getUTCMilliseconds() * 1_000,
  };
}

/** How a record of Tryton refers to the sale that it comes from. */
export const encodeOrigin = (saleId: number): string => `sale.sale,${String(saleId)}`;
