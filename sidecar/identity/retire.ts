import type { Tx } from "../platform/database.ts";
import { inTransaction } from "../platform/transaction.ts";
import { type AdoptDeps, type KindTask, PAGE, subjectOf } from "./adopt-situation.ts";
import {
  type AdoptedKind,
  deleteConfirmations,
  deleteMappings,
  deleteParcels,
  deleteProgress,
  pageTraces,
  resetJobs,
  retireAttempts,
  retireCommands,
  retireOperations,
} from "./adopt-statements.ts";
import { decideRetire } from "./decide-adoption.ts";
import type { Proofs } from "./prove.ts";

/** Puts away what other records left under ids of the new epoch. Returns how many subjects. */
export async function retire(
  deps: AdoptDeps,
  { kind, known }: KindTask,
  firstId: number,
  { candidates, provenIds }: Pick<Proofs, "candidates" | "provenIds">,
): Promise<number> {
  let retired = 0;
  let fromId = firstId;
  for (;;) {
    const ids = await pageTraces(deps.db, kind, fromId, PAGE);
    const last = ids.at(-1);
    if (last === undefined) return retired;
    const strangers = ids.filter((id) => !provenIds.has(id) && decideRetire(candidates.get(id)));
    if (strangers.length > 0) {
      const isPresent = (id: number): boolean => candidates.has(id);
      await inTransaction(deps.db, (tx) => retireBatch(tx, kind, strangers, isPresent, known));
    }
    retired += strangers.length;
    fromId = last + 1;
  }
}

async function retireBatch(
  tx: Tx,
  kind: AdoptedKind,
  ids: readonly number[],
  isPresent: (id: number) => boolean,
  epoch: number,
): Promise<void> {
  const subjects = ids.map((id) => subjectOf(kind, id));
  await retireOperations(tx, subjects, epoch);
  await retireAttempts(tx, subjects, epoch);
  await retireCommands(tx, subjects, epoch);
  await deleteMappings(tx, kind, ids);
  if (kind === "order") {
    await deleteConfirmations(tx, ids);
    await deleteProgress(tx, ids);
    await deleteParcels(tx, ids);
  }
  const there = ids.filter((id) => isPresent(id)).map((id) => subjectOf(kind, id));
  const gone = ids.filter((id) => !isPresent(id)).map((id) => subjectOf(kind, id));
  await resetJobs(tx, there, "ready");
  await resetJobs(tx, gone, "done");
}
