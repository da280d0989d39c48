import type { Flavour } from "./check-source.ts";
import { covers } from "./decide-covers.ts";

/** A place in a server's binlog up to which everything is done. */
export interface BinlogPoint {
  readonly file: string;
  readonly position: number;
  /** MySQL: a GTID set; MariaDB: a GTID position; empty where there is none. */
  readonly gtidSet: string;
}

/** A place that is on record, and whose binlog it is in. */
export interface Checkpoint extends BinlogPoint {
  readonly server: string;
}

/** What the server says of its binlog now. */
export interface ServerFacts {
  readonly flavour: Flavour;
  /** See `identify` in check-source.ts. */
  readonly server: string;
  /** Oldest first; never empty where there is a binlog. */
  readonly logs: readonly { readonly file: string; readonly sizeBytes: number }[];
  /** All transactions that the binlog holds or once held. */
  readonly gtidExecuted: string;
  /** Those of them that are in no file any more. */
  readonly gtidPurged: string;
}

/** Why the tail cannot go on where it stopped. */
export type GapReason =
  | "first start"
  | "another server"
  | "purged file"
  | "file reset"
  /** The server would not send what its own lists promised. */
  | "refused by the server"
  /** The same event failed to decode several times. */
  | "unreadable event"
  /** For a while the binlog did not hold everything. */
  | "unsuitable source";

/** How the tail starts. `now` leaves a gap that a full sweep has to close. */
export type Resume = {
  readonly from: BinlogPoint;
  /** Whether the server is asked for the place by its GTIDs or by file and position. */
  readonly byGtid: boolean;
} & ({ readonly kind: "on" } | { readonly kind: "now"; readonly reason: GapReason });

/** Decides where the tail starts. By GTID wherever both sides have one, since a position means one file of one server. */
export function decideResume(checkpoint: Checkpoint | undefined, facts: ServerFacts): Resume {
  if (checkpoint === undefined) return fromNow(facts, "first start");
  const reason = gapSince(checkpoint, facts);
  if (reason !== undefined) return fromNow(facts, reason);
  const { file, position, gtidSet } = checkpoint;
  return {
    kind: "on",
    from: { file, position, gtidSet },
    byGtid: gtidSet !== "" && facts.gtidExecuted !== "",
  };
}

/** Starts at the end of the binlog, and says why. */
export function fromNow(facts: ServerFacts, reason: GapReason): Resume {
  const newest = facts.logs.at(-1);
  const from = {
    file: newest?.file ?? "",
    position: newest?.sizeBytes ?? 4,
    gtidSet: facts.gtidExecuted,
  };
  // A MariaDB that executed nothing sends all from its first transaction on. A MySQL in that state may have written
  // its binlog before gtid_mode was ON, and would refuse.
  const byGtid = facts.gtidExecuted !== "" || facts.flavour === "mariadb";
  return { kind: "now", from, byGtid, reason };
}

function gapSince(checkpoint: Checkpoint, facts: ServerFacts): GapReason | undefined {
  if (checkpoint.server !== facts.server) return "another server";
  if (checkpoint.gtidSet !== "" && facts.gtidExecuted !== "") {
    if (!covers(facts.flavour, facts.gtidExecuted, checkpoint.gtidSet)) return "file reset";
    return covers(facts.flavour, checkpoint.gtidSet, facts.gtidPurged) ? undefined : "purged file";
  }
  const log = facts.logs.find((candidate) => candidate.file === checkpoint.file);
  if (log !== undefined) return checkpoint.position > log.sizeBytes ? "file reset" : undefined;
  const newest = facts.logs.at(-1);
  return newest === undefined || fileNumber(checkpoint.file) > fileNumber(newest.file)
    ? "file reset"
    : "purged file";
}

function fileNumber(file: string): number {
  return Number(/\.([0-9]+)$/.exec(file)?.[1] ?? 0);
}
