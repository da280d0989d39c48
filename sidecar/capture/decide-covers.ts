import type { Flavour } from "./check-source.ts";

/**
 * True where every transaction that `needed` names is in `have`. MySQL names sets (`uuid:1-5:7`, with tags since
 * 8.3: `uuid:1-5:tag:1`), MariaDB the last transaction of each domain (`0-1-42`).
 */
export function covers(flavour: Flavour, have: string, needed: string): boolean {
  return flavour === "mysql" ? setCovers(have, needed) : positionCovers(have, needed);
}

type Interval = readonly [from: bigint, to: bigint];

function setCovers(have: string, needed: string): boolean {
  const owned = parseSet(have);
  for (const [source, intervals] of parseSet(needed)) {
    const mine = owned.get(source) ?? [];
    if (!intervals.every(([from, to]) => mine.some(([low, high]) => low <= from && to <= high))) return false;
  }
  return true;
}

/** Intervals by source (`uuid` or `uuid:tag`), adjacent ones joined so that one interval can answer for a range. */
function parseSet(text: string): Map<string, readonly Interval[]> {
  const sets = new Map<string, Interval[]>();
  for (const block of text.replace(/\s/g, "").split(",")) {
    const [uuid = "", ...tokens] = block.split(":");
    let source = uuid.toLowerCase();
    for (const token of tokens) {
      const match = /^([0-9]+)(?:-([0-9]+))?$/.exec(token);
      if (match === null) {
        source = `${uuid.toLowerCase()}:${token.toLowerCase()}`;
        continue;
      }
      const from = BigInt(match[1] ?? "0");
      sets.set(source, [...(sets.get(source) ?? []), [from, BigInt(match[2] ?? from)]]);
    }
  }
  return new Map([...sets].map(([source, intervals]) => [source, joined(intervals)]));
}

function joined(intervals: readonly Interval[]): readonly Interval[] {
  const result: Interval[] = [];
  for (const [from, to] of [...intervals].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1n) {
      result[result.length - 1] = [last[0], to > last[1] ? to : last[1]];
    } else {
      result.push([from, to]);
    }
  }
  return result;
}

function positionCovers(have: string, needed: string): boolean {
  const owned = parsePosition(have);
  for (const [domain, sequence] of parsePosition(needed)) {
    const mine = owned.get(domain);
    if (mine === undefined || mine < sequence) return false;
  }
  return true;
}

/** The last sequence number of each domain; the server id in the middle changes with a failover and does not count. */
function parsePosition(text: string): Map<string, bigint> {
  const domains = new Map<string, bigint>();
  for (const entry of text.split(",")) {
    const match = /^\s*([0-9]+)-[0-9]+-([0-9]+)\s*$/.exec(entry);
    if (match !== null) domains.set(match[1] ?? "", BigInt(match[2] ?? "0"));
  }
  return domains;
}
