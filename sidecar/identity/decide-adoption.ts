/** What is known of a record of the shop when it is adopted. */
export interface Candidate {
  readonly id: number;
  /** The fingerprint of the record as the shop has it now. */
  readonly fingerprint: string;
  /** How the mapping knows it; `trusted` is an imported row that is older than no record it could name. */
  readonly mapping:
    | { readonly kind: "fingerprint"; readonly fingerprint: string }
    | { readonly kind: "trusted" | "untrusted" }
    | undefined;
  /** What the ERP has under its key; undefined where it was not asked. */
  readonly erp:
    | { readonly kind: "nothing" }
    | { readonly kind: "record"; readonly fingerprint: string | undefined }
    | undefined;
  /** Fingerprint in the body of an operation that is still open. */
  readonly openFingerprint: string | undefined;
}

/**
 * - `proven`: the ERP knows this very record, and so do we.
 * - `found`: the ERP knows this very record, and we had forgotten.
 * - `stranger`: the ERP knows another record under this id.
 * - `unknown`: nothing is known in the ERP under this id.
 */
export type Proof = "proven" | "found" | "stranger" | "unknown";

/** Decides what is proven of a record. */
export function decideProof(candidate: Candidate): Proof {
  const { erp, fingerprint, mapping } = candidate;
  if (mapping?.kind === "fingerprint") return mapping.fingerprint === fingerprint ? "proven" : "stranger";
  if (mapping?.kind === "trusted") return "proven";
  if (erp?.kind === "record") return erp.fingerprint === fingerprint ? "found" : "stranger";
  return "unknown";
}

/**
 * Whether the traces of an id in the new epoch (its mapping, its operations) are another record's, and are put away.
 * An open operation of the record itself stays: its request may still be under way, and its key is free in the ERP.
 */
export function decideRetire(candidate: Candidate | undefined): boolean {
  if (candidate === undefined) return true;
  const proof = decideProof(candidate);
  if (proof === "proven" || proof === "found") return false;
  return proof === "stranger" || candidate.openFingerprint !== candidate.fingerprint;
}

/** Marks of one kind of record: what database and state file remember, and what the shop says. */
export interface Marks {
  readonly rowHighWater: number;
  readonly fileHighWater: number;
  readonly max: number;
  /** False where the record at the file's high water is another one now; undefined where that is not known. */
  readonly sameAtHighWater: boolean | undefined;
}

/**
 * Highest id up to which the shop's records are certainly the ones that we knew, by the marks alone.
 * The database is noted first and the file second, so a database that remembers less was put back, and its own mark
 * is from the time of the dump. Where nothing was put back and the highest record still stands, nothing was cleared.
 */
export function decideGenuineUpTo(marks: Marks, isDatabaseRestored: boolean): number {
  if (isDatabaseRestored) return marks.rowHighWater;
  const high = Math.max(marks.rowHighWater, marks.fileHighWater);
  return marks.max >= high && marks.sameAtHighWater !== false ? high : 0;
}

/** What decides where the new epoch begins. */
export interface EpochFacts {
  /** Highest id that is proven or found. */
  readonly highestProven: number;
  /** See `decideGenuineUpTo`. */
  readonly genuineUpTo: number;
  /** Lowest id under which the ERP, or the history before the export, knows another record. */
  readonly lowestStranger: number | undefined;
}

/**
 * First id of the new epoch: all above what is known to be old, and never above a stranger, whose key in the ERP is
 * taken. Proven records above a stranger keep the key that they have: their mapping names it.
 */
export function decideEpochStart(facts: EpochFacts): number {
  const above = Math.max(facts.highestProven, facts.genuineUpTo) + 1;
  return Math.min(above, facts.lowestStranger ?? above);
}

/** Milliseconds by which the clocks of the shop's PHP and its database may differ. */
const CLOCK_SLACK_MS = 60_000;

/** A time of the database (UTC) as the shop writes it, a minute later: what is dated after it was placed after it. */
export function shopTimeAfter(utc: string, timeZone: string): string {
  const ms = Date.parse(`${utc.slice(0, 19).replace(" ", "T")}Z`) + CLOCK_SLACK_MS;
  const format = { timeZone, dateStyle: "short", timeStyle: "medium" } as const;
  // Swedish dates are written as MySQL writes them.
  return new Intl.DateTimeFormat("sv-SE", format).format(ms);
}
