/**
 * Pairs as many of the left side with the right as possible, each with one at most: augmenting paths over a bipartite
 * graph. What is paired by `fits[0]` stays paired when the next, weaker kind of edge is allowed, though perhaps with
 * another partner; so strong edges come first and nobody is left out for a weak one.
 * @param fits whether left `i` and right `j` may be paired, the strongest kind of edge first.
 * @returns for each of the left its partner's index, or undefined.
 */
export function decidePairs(
  leftCount: number,
  rightCount: number,
  fits: readonly ((left: number, right: number) => boolean)[],
): readonly (number | undefined)[] {
  const partnerOfLeft: (number | undefined)[] = Array.from({ length: leftCount });
  const partnerOfRight: (number | undefined)[] = Array.from({ length: rightCount });
  const augment = (
    left: number,
    mayPair: (left: number, right: number) => boolean,
    seen: Set<number>,
  ): boolean => {
    for (let right = 0; right < rightCount; right += 1) {
      if (seen.has(right) || !mayPair(left, right)) continue;
      seen.add(right);
      const rival = partnerOfRight[right];
      if (rival === undefined || augment(rival, mayPair, seen)) {
        partnerOfRight[right] = left;
        partnerOfLeft[left] = right;
        return true;
      }
    }
    return false;
  };
  for (let kinds = 1; kinds <= fits.length; kinds += 1) {
    const allowed = fits.slice(0, kinds);
    const mayPair = (left: number, right: number): boolean => allowed.some((fit) => fit(left, right));
    for (let left = 0; left < leftCount; left += 1) {
      if (partnerOfLeft[left] === undefined) augment(left, mayPair, new Set());
    }
  }
  return partnerOfLeft;
}
