/** One line of `npm run bench -- NAME --json`. */
export interface BenchResult {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** The same measured on other ways to do it, and the floor under all of them. */
  readonly peers: readonly Peer[];
}

export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
  /** null where the figure is only told, for instance a number of samples. */
  readonly target: number | null;
  readonly ok: boolean;
}

export interface Peer {
  readonly peer: string;
  readonly figure: string;
  readonly value: number;
}

/** Thrown where something outside of this repository is missing; its message says what, and the exit code is 2. */
export class BenchCannotRun extends Error {}

/** A figure that must not be larger than its target. */
export function atMost(figure: string, value: number, unit: string, target: number): Figure {
  return { figure, value: rounded(value), unit, target, ok: value <= target };
}

/** A figure that must not be smaller than its target. */
export function atLeast(figure: string, value: number, unit: string, target: number): Figure {
  return { figure, value: rounded(value), unit, target, ok: value >= target };
}

/** A figure without a target. */
export function told(figure: string, value: number, unit: string): Figure {
  return { figure, value: rounded(value), unit, target: null, ok: true };
}

/** A figure of something else. */
export function peer(name: string, figure: string, value: number): Peer {
  return { peer: name, figure, value: rounded(value) };
}

/** Four significant digits, which is more than any of these measurements holds. */
function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

/** The result as a person reads it. */
export function table(result: BenchResult): string {
  const rows = [
    ...result.figures.map(({ figure, value, unit, target, ok }) => [
      target === null ? "" : ok ? "reached" : "MISSED",
      figure,
      `${String(value)} ${unit}`,
      target === null ? "" : `target ${String(target)}`,
    ]),
    ...result.peers.map(({ peer: name, figure, value }) => [
      "beside",
      `${name}: ${figure}`,
      String(value),
      "",
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [result.name, ...rows.map(line)].join("\n");
}
