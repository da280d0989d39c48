import { deflateRawSync } from "node:zlib";
import type { World } from "./world.ts";

/** Puts a job into the table as a worker would have left it. */
export async function insertJob(
  world: World,
  job: {
    readonly subject: string;
    readonly state: string;
    readonly code?: string;
    readonly attempts?: number;
    readonly waitsFor?: string;
  },
): Promise<void> {
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_job")}
       (subject, lane, state, attempts, reason_code, waits_for, run_at, created_at, updated_at)
     VALUES (?, 'orders', ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
    [job.subject, job.state, job.attempts ?? 0, job.code ?? null, job.waitsFor ?? null],
  );
}

/** Puts an exchange on record, `daysAgo` days old. */
export async function insertAttempt(world: World, subject: string, daysAgo: number): Promise<void> {
  const body = deflateRawSync('{"said":"something"}');
  await world.pool.query(
    `INSERT INTO ${world.table("erpsync_attempt")}
       (subject, direction, purpose, outcome, method, path, status, request, request_hash, answer, answer_hash,
        took_ms, actor, ended_at)
     VALUES (?, 'to_erp', 'create', 'ok', 'POST', '/order', 204, ?, 'r', ?, 'a', 3, 'test:1',
       UTC_TIMESTAMP(6) - INTERVAL ? DAY)`,
    [subject, body, body, daysAgo],
  );
}

/** The states of all jobs, by subject. */
export async function jobStates(world: World): Promise<Readonly<Record<string, string>>> {
  const rows = await world.rows<{ subject: string; state: string }>(
    `SELECT subject, state FROM ${world.table("erpsync_job")} ORDER BY subject`,
  );
  return Object.fromEntries(rows.map((row) => [row.subject, row.state]));
}
