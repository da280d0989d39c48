import type { DiscrepancyKind } from "../../domain/stock.ts";
import type { Episode, Finding, Verdict } from "./decide-attribution.ts";
import { decideFigure } from "./decide-oversell.ts";

/** Ids and figures only; `movements` where it is about movements. */
export interface FindingDetail {
  readonly units: number;
  readonly orders: readonly number[];
  readonly movements?: readonly number[];
}

/** Ids that a finding keeps at most; more of them help nobody. */
const IDS_MAX = 100;

/** What is to be put on record about a row, and what of it is news. */
export interface FindingChange {
  readonly kind: DiscrepancyKind;
  readonly detail: FindingDetail;
  readonly isNews: boolean;
}

/**
 * What a verdict found, with what is open of the same kind already: unexplained units add up as long as nobody looked,
 * the others are replaced by how they stand now.
 */
export function decideFindings(
  verdict: Pick<Verdict, "explained" | "findings">,
  open: ReadonlyMap<DiscrepancyKind, FindingDetail>,
): readonly FindingChange[] {
  const adopted = verdict.explained
    .filter(({ parts }) => parts.some(({ cause }) => cause === "unexplained"))
    .map(({ movementId }) => movementId);
  return verdict.findings.map((finding) => {
    const before = open.get(finding.kind);
    if (finding.kind !== "unexplained") {
      return { kind: finding.kind, detail: detailOf(finding), isNews: before === undefined };
    }
    const movements = [...(before?.movements ?? []), ...adopted].slice(-IDS_MAX);
    const units = finding.units + (before?.units ?? 0);
    return { kind: finding.kind, detail: { units, orders: [], movements }, isNews: true };
  });
}

const detailOf = ({ orders, units }: Finding): FindingDetail => ({
  units,
  orders: [...new Set(orders)].slice(-IDS_MAX),
});

/**
 * What is left of an unexplained finding when some of its movements found their cause after all; undefined where nothing
 * is left of it, null where it stays as it is.
 */
export function decideLeftUnexplained(
  { explained }: Pick<Verdict, "explained">,
  late: Episode["late"],
  open: FindingDetail | undefined,
): FindingDetail | undefined | null {
  const found = late.filter(({ movementId }) => explained.some((one) => one.movementId === movementId));
  if (open === undefined || found.length === 0) return null;
  const ids = new Set(found.map(({ movementId }) => movementId));
  const movements = (open.movements ?? []).filter((id) => !ids.has(id));
  const units = open.units - found.reduce((sum, { delta }) => sum + delta, 0);
  return movements.length === 0 ? undefined : { ...open, units, movements };
}

/** Where the row ends at best after this verdict, and whether something was sold of it. */
export function decideOutlook(
  episode: Episode,
  verdict: Pick<Verdict, "explained" | "settledLines">,
): { readonly figure: number; readonly isSale: boolean } {
  const explained = new Set(verdict.explained.map(({ movementId }) => movementId));
  const parts = verdict.explained.flatMap((one) => one.parts);
  const dropped = new Set(verdict.settledLines.map(({ detailId }) => detailId));
  const owed = episode.lines
    .filter(({ detailId }) => !dropped.has(detailId))
    .map((line) =>
      parts
        .filter(({ detailId }) => detailId === line.detailId)
        .reduce((units, { delta }) => units + delta, line.owed),
    );
  const lost = parts.filter(({ cause }) => cause === "overwrite").map(({ delta }) => delta);
  const isTaking = parts.some(({ cause, delta }) => (cause === "sale" || cause === "edit") && delta < 0);
  return {
    figure: decideFigure({
      position: episode.position,
      owed,
      pending: episode.changes
        .filter(({ movementId }) => !explained.has(movementId))
        .map(({ delta }) => delta),
      losses: [...episode.losses.map(({ delta }) => delta), ...lost],
    }),
    isSale: isTaking || owed.some((units) => units > 0),
  };
}
