import type { Database } from "../../platform/database.ts";
import { readBuffers } from "./buffer-statements.ts";
import type { Catalogue, SetRow } from "./catalogue.ts";
import type { RowFigure } from "./plan-snapshot.ts";
import type { Reading } from "./read-figures.ts";

/**
 * The figures of a reading that set a row, each with what the shop keeps back of it. They are made as they are asked for,
 * again each time: whoever goes through them one by one need not hold them all.
 */
export async function openRowFigures(
  db: Database,
  catalogue: Catalogue,
  reading: Pick<Reading, "figures" | "windows">,
): Promise<Iterable<RowFigure>> {
  const buffers = new Map<string, number>();
  for (const { combination, product, units } of await readBuffers(db)) {
    buffers.set(`${String(product)}:${String(combination)}`, units);
  }
  const bufferOf = ({ combination, product }: SetRow): number =>
    buffers.get(`${String(product)}:${String(combination)}`) ?? buffers.get(`${String(product)}:0`) ?? 0;
  return {
    *[Symbol.iterator]() {
      for (const [item, figure] of reading.figures) {
        const fit = catalogue.fitOf(item);
        const window = reading.windows[figure.window];
        if (fit.kind !== "row" || window === undefined) continue;
        const { product, row } = fit.row;
        const bufferUnits = buffers.size === 0 ? 0 : bufferOf(fit.row);
        yield { row, product, item, availableUnits: figure.units, bufferUnits, window };
      }
    },
  };
}

/** The same, all at once. */
export async function readRowFigures(
  ...of: Parameters<typeof openRowFigures>
): Promise<readonly RowFigure[]> {
  return [...(await openRowFigures(...of))];
}
