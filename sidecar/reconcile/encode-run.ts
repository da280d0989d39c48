import { z } from "zod";

/** Orders that a record of a comparison keeps for people. */
const KEPT = 200;

const Left = z.object({
  order: z.number(),
  /** `on-its-way`, `moved-meanwhile`, `no-currency`, or the code of the error that reading it ended with. */
  because: z.string(),
});

/** An order that a comparison left to the next one. */
export type LeftOrder = z.infer<typeof Left>;

/** Writes the first orders that were left to the next comparison. */
export const encodeRunDetail = (left: readonly LeftOrder[]): string => JSON.stringify(left.slice(0, KEPT));

/** Reads them; none where nothing was kept, or by another version. */
export function decodeRunDetail(text: string | null): readonly LeftOrder[] {
  if (text === null) return [];
  try {
    return z.array(Left).safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
