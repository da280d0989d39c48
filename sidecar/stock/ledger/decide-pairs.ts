/**
 * Pairs as many of the left side with the right as possible, each with one at most: augmenting paths over a bipartite
 * graph. What is paired by the first of `fits` stays paired when the next, weaker one is allowed, though perhaps with
 * another partner; so the strong ones come first, and nobody is left out for a weak one.
 * @param fits whether two may be paired, the strongest reason first.
 */
export function pairUp<Left, Right>(
  lefts: readonly Left[],
  rights: readonly Right[],
  fits: readonly ((left: Left, right: Right) => boolean)[],
): readonly (readonly [Left, Right])[] {
  const partners = new Map<Right, Left>();
  const augment = (left: Left, mayPair: (left: Left, right: Right) => boolean, seen: Set<Right>): boolean => {
    for (const right of rights) {
      if (seen.has(right) || !mayPair(left, right)) continue;
      seen.add(right);
      const rival = partners.get(right);
      if (rival === undefined || augment(rival, mayPair, seen)) {
        partners.set(right, left);
        return true;
      }
    }
    return false;
  };
  for (let reasons = 1; reasons <= fits.length; reasons += 1) {
    const allowed = fits.slice(0, reasons);
    const paired = new Set(partners.values());
    for (const left of lefts) {
      if (!paired.has(left)) augment(left, (one, right) => allowed.some((fit) => fit(one, right)), new Set());
    }
  }
  return [...partners].map(([right, left]) => [left, right]);
}
