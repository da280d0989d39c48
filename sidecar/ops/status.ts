import { z } from "zod";
import type { StockStatus } from "./status-statements.ts";

/** What only the running process knows; it answers with it on `GET /status`. */
export const LiveStatusSchema = z.object({
  /** Tells our sidecar from another that happens to listen on the same port. */
  installation: z.string(),
  capture: z.object({
    lagMs: z.number().nullable(),
    position: z.string().nullable(),
    leader: z.boolean(),
    mode: z.enum(["starting", "binlog", "polling"]),
    reasons: z.array(z.string()).readonly(),
  }),
  erp: z.object({
    breaker: z.enum(["open", "closed"]),
    breakerReason: z.string(),
    inFlight: z.number(),
    limit: z.number(),
  }),
});
export type LiveStatus = z.infer<typeof LiveStatusSchema>;

/** States of jobs as `status` counts them, the worst last. */
export const STATUS_STATES = ["ready", "working", "held", "retrying", "parked", "dead", "done"] as const;

/**
 * What `erpsync status --json` prints: a public contract, so keys are added only with care. Facts that only a running
 * process knows are null where none answers.
 */
export interface Status {
  readonly jobs: Readonly<Record<(typeof STATUS_STATES)[number], number>>;
  readonly capture: {
    readonly lagMs: number | null;
    readonly position: string | null;
    readonly leader: boolean | null;
  };
  readonly erp: {
    readonly breaker: "open" | "closed" | null;
    readonly inFlight: number | null;
    readonly limit: number | null;
  };
  readonly outbox: { readonly depth: number; readonly oldestMs: number };
  readonly stock: StockStatus;
}

/** What `status` is made of. */
export interface StatusFacts {
  readonly jobs: ReadonlyMap<string, number>;
  readonly outbox: Status["outbox"];
  readonly stock: StockStatus;
  /** Undefined where no sidecar answers. */
  readonly live: LiveStatus | undefined;
  /** Where the tail last recorded that it was; null before the first start and without a binlog. */
  readonly checkpoint: string | null;
}

/** Puts the status together; live facts go before recorded ones. */
export function composeStatus(facts: StatusFacts): Status {
  const { jobs, live, outbox } = facts;
  const count = (state: string): number => jobs.get(state) ?? 0;
  return {
    jobs: {
      ready: count("ready"),
      working: count("working"),
      held: count("held"),
      retrying: count("retrying"),
      parked: count("parked"),
      dead: count("dead"),
      done: count("done"),
    },
    ...(live === undefined
      ? {
          capture: { lagMs: null, position: facts.checkpoint, leader: null },
          erp: { breaker: null, inFlight: null, limit: null },
        }
      : liveParts(live, facts.checkpoint)),
    outbox,
    stock: facts.stock,
  };
}

function liveParts(live: LiveStatus, checkpoint: string | null): Pick<Status, "capture" | "erp"> {
  const { lagMs, leader, position } = live.capture;
  const { breaker, inFlight, limit } = live.erp;
  return { capture: { lagMs, position: position ?? checkpoint, leader }, erp: { breaker, inFlight, limit } };
}
