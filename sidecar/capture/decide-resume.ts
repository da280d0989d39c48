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
export type Resume =
  | { readonly by: "gtid"; readonly from: BinlogPoint }
  | { readonly by: "position"; readonly from: BinlogPoint }
  | { readonly by: "now"; readonly from: BinlogPoint; readonly reason: GapReason };

/** Decides where the tail starts. By GTID wherever both sides have one, since a position means one file of one server. */
export function decideResume(checkpoint: Checkpoint | undefined, facts: ServerFacts): Resume {
  const reason = checkpoint === undefined ? "first start" : gapSince(checkpoint, facts);
  if (checkpoint === undefined || reason !== undefined) {
    return { by: "now", from: endOf(facts), reason: reason ?? "first start" };
  }
  const { file, position, gtidSet } = checkpoint;
  const byGtid = gtidSet !== "" && facts.gtidExecuted !== "";
  return { by: byGtid ? "gtid" : "position", from: { file, position, gtidSet: byGtid ? gtidSet : "" } };
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

/** The end of the binlog, as the place to start from. */
export function endOf(facts: ServerFacts): BinlogPoint {
  const newest = facts.logs.at(-1);
  return { file: newest?.file ?? "", position: newest?.sizeBytes ?? 4, gtidSet: facts.gtidExecuted };
}
