/** Items of rows, in their order. */
export type ByRow<T> = ReadonlyMap<number, readonly T[]>;

/** Groups items by the row that they are of. */
export function groupByRow<T extends { readonly row: number }>(items: readonly T[]): ByRow<T> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const same = groups.get(item.row);
    if (same === undefined) groups.set(item.row, [item]);
    else same.push(item);
  }
  return groups;
}

/** The items of a row; none where it has none. */
export function ofRow<T>(groups: ByRow<T>, row: number): readonly T[] {
  return groups.get(row) ?? [];
}
