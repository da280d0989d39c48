import type { Command } from "commander";
import { UsageError } from "../domain/errors.ts";
import { parseSubject } from "../domain/ids.ts";
import {
  countMatching,
  type JobFilter,
  listJobs,
  type StuckJob,
  type SubjectRecord,
} from "../ops/dead-letter-statements.ts";
import { readSubject, release, resubmit, type Which } from "../ops/dead-letters.ts";
import {
  type ActionOptions,
  type CommonOptions,
  counted,
  parseCount,
  say,
  type Terminal,
  withActionOptions,
  withCommonOptions,
  withDatabase,
} from "./command-line.ts";

const LISTED_STATES = ["dead", "parked", "retrying", "held"] as const;
const LIST_MAX = 100_000;

interface ListOptions extends CommonOptions {
  readonly state?: string;
  readonly code?: string;
  readonly limit: string;
}

interface ResubmitOptions extends ActionOptions {
  readonly code?: string;
  readonly all?: boolean;
}

/** `erpsync dlq list | show | resubmit` and `erpsync jobs release`. */
export function registerDlq(program: Command, terminal: Terminal): void {
  const dlq = program.command("dlq").description("dead letters, and what else does not go on by itself");
  registerList(dlq, terminal);
  withCommonOptions(dlq.command("show <subject>"))
    .description("all that is on record of a subject, for instance order:123; bodies hold personal data")
    .action(async (subject: string, options: CommonOptions) => {
      // An adoption put the operations of `order:7` away as `order:7@1`; their record is asked for by that name.
      requireSubject(subject.replace(/@[0-9]+$/, ""));
      await withDatabase(options, async (db) => {
        const record = await readSubject(db, subject);
        say(terminal, options, record, recordSentences(subject, record));
        if (isEmpty(record)) terminal.fail();
      });
    });
  registerResubmit(dlq, terminal);
  const jobs = program.command("jobs").description("what a person decides about a job");
  withActionOptions(jobs.command("release <subject>"))
    .description("export a torn order as it stands")
    .action(async (subject: string, options: ActionOptions) => {
      requireSubject(subject);
      await withDatabase(options, async (db) => {
        await release(db, subject, options);
        say(terminal, options, { released: subject }, [`${subject} is released and will be exported.`]);
      });
    });
}

function registerList(dlq: Command, terminal: Terminal): void {
  withCommonOptions(dlq.command("list"))
    .description("jobs that are dead or parked; with --state also those that wait")
    .option("--state <list>", `states, by comma: ${LISTED_STATES.join(", ")}`)
    .option("--code <code>", "only with this reason, for instance E_MAPPING_MISSING")
    .option("--limit <n>", "at most so many, the longest unchanged first", "100")
    .action(async (options: ListOptions) => {
      const filter: JobFilter = {
        states: parseStates(options.state ?? "dead,parked"),
        ...(options.code === undefined ? {} : { code: options.code }),
      };
      const limit = parseCount("--limit", options.limit, LIST_MAX);
      await withDatabase(options, async (db) => {
        const [jobs, all] = await Promise.all([listJobs(db, filter, limit), countMatching(db, filter)]);
        const rest = all > jobs.length ? [`… and ${counted(all - jobs.length, "more job")}.`] : [];
        const lines = jobs.length === 0 ? ["There is none."] : [...jobs.flatMap(jobSentences), ...rest];
        say(terminal, options, jobs, lines);
      });
    });
}

function registerResubmit(dlq: Command, terminal: Terminal): void {
  withActionOptions(dlq.command("resubmit [subjects...]"))
    .description("try dead and parked jobs again, with their attempts afresh")
    .option("--code <code>", "all that have this reason")
    .option("--all", "all that are dead or parked")
    .action(async (subjects: readonly string[], options: ResubmitOptions) => {
      const which = parseWhich(subjects, options);
      await withDatabase(options, async (db) => {
        const readied = await resubmit(db, which, options);
        const left = which.kind === "subjects" ? subjects.filter((one) => !readied.includes(one)) : [];
        say(terminal, options, { resubmitted: readied, leftAlone: left }, [
          `${counted(readied.length, "job")} resubmitted.`,
          ...left.map((one) => `${one} is neither dead nor parked, and was left as it is.`),
        ]);
        if (left.length > 0) terminal.fail();
      });
    });
}

function parseStates(text: string): readonly string[] {
  const states = text.split(",").map((state) => state.trim());
  const unknown = states.filter((state) => !LISTED_STATES.some((known) => known === state));
  if (unknown.length > 0) {
    throw new UsageError(`--state: ${unknown.join(", ")} is unknown; use ${LISTED_STATES.join(", ")}`);
  }
  return states;
}

function parseWhich(subjects: readonly string[], options: ResubmitOptions): Which {
  const ways = [subjects.length > 0, options.code !== undefined, options.all === true];
  if (ways.filter(Boolean).length !== 1) {
    throw new UsageError("Say which jobs: subjects such as order:123, or --code X, or --all");
  }
  for (const subject of subjects) requireSubject(subject);
  if (options.code !== undefined) return { kind: "code", code: options.code };
  return options.all === true ? { kind: "all" } : { kind: "subjects", subjects };
}

function requireSubject(subject: string): void {
  if (parseSubject(subject).kind === "other") {
    throw new UsageError(`"${subject}" is no subject; write order:123 or customer:9`);
  }
}

function jobSentences(job: StuckJob): readonly string[] {
  const flag = job.flagged ? ", changed since" : "";
  const head = `${job.subject}  ${job.state}  ${job.code ?? "-"}  ${counted(job.attempts, "attempt")}  since ${job.updatedAt.slice(0, 19)} UTC${flag}`;
  return job.reason === null ? [head] : [head, `    ${job.reason.split("\n")[0] ?? ""}`];
}

const isEmpty = ({ attempts, job, operations }: SubjectRecord): boolean =>
  job === undefined && operations.length === 0 && attempts.length === 0;

function recordSentences(subject: string, record: SubjectRecord): readonly string[] {
  if (isEmpty(record)) return [`Nothing is on record of ${subject}: nothing ever announced it.`];
  const section = (title: string, rows: readonly unknown[]): readonly string[] =>
    rows.length === 0 ? [] : ["", `${title}:`, ...rows.map((row) => JSON.stringify(row, undefined, 2))];
  return [
    `${subject}:`,
    ...(record.job === undefined ? [] : [JSON.stringify(record.job, undefined, 2)]),
    ...section("Operations, the newest first", record.operations),
    ...section("Attempts, the newest first", record.attempts),
    ...section("Effects in the other system", record.effects),
    ...section("What people did", record.actions),
  ];
}
