import { setMaxListeners } from "node:events";
import Bottleneck from "bottleneck";
import { Redis } from "ioredis";
import type { Clock, Sleep } from "../domain/clock.ts";
import { messageOf } from "../domain/errors.ts";
import { createCallRoom } from "./call-room.ts";
import { decideClimb, decideThrottled, fullLimit, type LimitRule, type LimitState } from "./decide-limit.ts";
import { type ErpCall, type ErpPort, ErpThrottledError } from "./port.ts";
import { createSharedSlots, type SharedSlots, type SharedState, type SharedStore } from "./shared-slots.ts";

/** How the calls to an ERP are limited. */
export interface LimiterOptions {
  /** Calls in flight at once; over all processes where `redis` is given. */
  readonly limit: number;
  /** The longest time that one call of the port takes, in milliseconds; slots live longer than that. */
  readonly callTimeoutMs: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** After a 429 the limit is halved; it grows by one after this long without another. 10,000 unless told. */
  readonly climbEveryMs?: number;
  /** Milliseconds that an aborted call may take to end. 5,000 unless told. */
  readonly abortSlackMs?: number;
  /** A call that waits longer than this for a Redis that is away is given back to its caller. 10,000 unless told. */
  readonly patienceMs?: number;
  readonly redis?: {
    readonly url: string;
    /** Processes with the same name share the limit. One name an ERP account. */
    readonly name: string;
  };
}

/** What the limiter does at present. */
export interface LimiterStats {
  /** Calls of this process that are under way. */
  readonly inFlight: number;
  /** Calls of this process that wait for their turn. */
  readonly queued: number;
  /** The limit as lowered after a 429. */
  readonly limit: number;
  /** `local` without Redis. */
  readonly shared: SharedState | "local";
}

/** Milliseconds until a job whose call waited too long for its place is taken up again. */
const LATE_RETRY_MS = 1_000;

/** A port whose calls wait for their turn. */
export interface LimitedErpPort extends ErpPort {
  readonly stats: () => LimiterStats;
  /** Resolves once calls can start: at once, or when Redis stands. */
  readonly ready: () => Promise<void>;
}

/**
 * Lets at most `limit` calls of the port be in flight, the most urgent first. A 429 halves this process's share for a
 * while. A call that is aborted while it waits ends at once with `ErpUnavailableError`: nothing was executed.
 */
export function limitErp(port: ErpPort, options: LimiterOptions): LimitedErpPort {
  const gate = createGate(options);
  const limited =
    <Args extends readonly unknown[], Result>(run: (...args: [...Args, ErpCall]) => Promise<Result>) =>
    (...args: [...Args, ErpCall]): Promise<Result> => {
      const call = args.at(-1) as ErpCall;
      const rest = args.slice(0, -1) as unknown as Args;
      return gate.run(call, (signal) => run(...rest, { ...call, signal }));
    };
  return {
    name: port.name,
    capabilities: port.capabilities,
    probe: limited(port.probe),
    findCustomer: limited(port.findCustomer),
    createCustomer: limited(port.createCustomer),
    amendCustomer: limited(port.amendCustomer),
    findOrder: limited(port.findOrder),
    createOrder: limited(port.createOrder),
    amendOrder: limited(port.amendOrder),
    cancelOrder: limited(port.cancelOrder),
    withdrawOrder: limited(port.withdrawOrder),
    readOrder: limited(port.readOrder),
    findPayment: limited(port.findPayment),
    createPayment: limited(port.createPayment),
    findCredit: limited(port.findCredit),
    createCredit: limited(port.createCredit),
    readProgress: limited(port.readProgress),
    readStock: limited(port.readStock),
    close: async () => {
      await gate.close();
      await port.close();
    },
    stats: gate.stats,
    ready: gate.ready,
  };
}

interface Gate {
  readonly run: <T>(call: ErpCall, task: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly stats: () => LimiterStats;
  readonly ready: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Two stages. The first is this process's own room: priorities, and the limit as lowered by 429s. The second, with
 * Redis, are the slots that all processes share; no more than `limit` calls of a process ever wait in Bottleneck,
 * which slows down when thousands do (4,000 dumped at once: 150 calls a second).
 */
function createGate(options: LimiterOptions): Gate {
  const room = createCallRoom(options.limit);
  const share = createShare(options, room.resize);
  const shared = options.redis === undefined ? undefined : openShared(options, options.redis);
  return {
    run: async (call, task) => {
      // Many calls may share one signal, for instance the worker's; Node would warn of a leak at eleven listeners.
      setMaxListeners(0, call.signal);
      await room.enter(call.priority, call.signal);
      try {
        const begin = (signal: AbortSignal) => {
          requireInTime(call, options.clock);
          return share.count(() => task(signal));
        };
        return await (shared === undefined
          ? begin(call.signal)
          : shared.run(call.priority, call.signal, begin));
      } finally {
        room.leave();
      }
    },
    stats: () => ({
      inFlight: share.inFlight(),
      queued: room.inside() - share.inFlight() + room.waiting(),
      limit: share.limit(),
      shared: shared?.state() ?? "local",
    }),
    ready: () => shared?.ready() ?? Promise.resolve(),
    close: async () => {
      await shared?.close();
    },
  };
}

/** After 429s many wait for few places; one that waited longer than its claim allows must not be sent any more. */
function requireInTime(call: ErpCall, clock: Clock): void {
  if (call.startByMs === undefined || clock.monotonicMs() <= call.startByMs) return;
  throw new ErpThrottledError("The call waited too long for its place at the limit", LATE_RETRY_MS);
}

/** This process's share of the limit: halved by 429s, and climbing back as time goes by. */
interface Share {
  /** Runs a call and learns from its end. */
  readonly count: <T>(task: () => Promise<T>) => Promise<T>;
  readonly inFlight: () => number;
  /** The limit now. Looking at it applies what time has given back, so no timer is needed. */
  readonly limit: () => number;
}

function createShare(options: LimiterOptions, apply: (limit: number) => void): Share {
  const { clock } = options;
  const rule: LimitRule = { limitMax: options.limit, climbEveryMs: options.climbEveryMs ?? 10_000 };
  let state: LimitState = fullLimit(rule, clock.monotonicMs());
  let inFlight = 0;
  const move = (next: LimitState): void => {
    const changed = next.limit !== state.limit;
    state = next;
    if (changed) apply(next.limit);
  };
  const limit = (): number => {
    move(decideClimb(state, rule, clock.monotonicMs()));
    return state.limit;
  };
  return {
    count: async (task) => {
      limit();
      const startedAtMs = clock.monotonicMs();
      inFlight += 1;
      try {
        return await task();
      } catch (thrown) {
        if (thrown instanceof ErpThrottledError) {
          move(decideThrottled(state, startedAtMs, clock.monotonicMs()));
        }
        throw thrown;
      } finally {
        inFlight -= 1;
        limit();
      }
    },
    inFlight: () => inFlight,
    limit,
  };
}

function openShared(options: LimiterOptions, redis: NonNullable<LimiterOptions["redis"]>): SharedSlots {
  const slotLifeMs = options.callTimeoutMs + (options.abortSlackMs ?? 5_000);
  const store = redisStore(redis, options.limit, slotLifeMs);
  const { clock, sleep, patienceMs = 10_000 } = options;
  return createSharedSlots({ store, clock, sleep, slotLifeMs, patienceMs });
}

/** Bottleneck gives its Lua errors no code, and Redis 7 writes the script's name behind them. */
const STATE_GONE = /SETTINGS_KEY_NOT_FOUND|UNKNOWN_CLIENT/;

/**
 * Bottleneck's cluster mode over one connection of ioredis. Commands wait while Redis is away instead of failing, so
 * that a blip neither ends the process nor lets a call through.
 */
function redisStore(
  redis: NonNullable<LimiterOptions["redis"]>,
  limit: number,
  slotLifeMs: number,
): SharedStore {
  const client = openRedis(redis.url);
  const connection = new Bottleneck.IORedisConnection({ client });
  // The states of `client` tell what there is to know; without a listener an error event would end the process.
  connection.on("error", () => undefined);
  const id = `erpsync-${redis.name}`;
  return {
    open: (onTrouble) => {
      const limiter = new Bottleneck({ id, connection, maxConcurrent: limit });
      limiter.on("error", (error: unknown) => {
        if (STATE_GONE.test(messageOf(error))) onTrouble();
      });
      return {
        ready: async () => {
          await limiter.ready();
          // A state that other processes made before keeps their limit unless it is told ours.
          // eslint-disable-next-line @typescript-eslint/await-thenable -- its typings leave out the promise
          await limiter.updateSettings({ maxConcurrent: limit });
        },
        // Without an expiration the slots of a killed process would never be free again.
        schedule: (priority, job) => limiter.schedule({ priority, expiration: slotLifeMs }, job),
        running: () => limiter.running(),
        discard: () => {
          void limiter.disconnect(false);
        },
      };
    },
    hasState: async () => (await client.exists(`b_${id}_settings`)) === 1,
    reachable: () => client.status === "ready",
    close: () => {
      // Not `quit`: it would wait for a Redis that is away.
      client.disconnect();
      return connection.disconnect(false).catch(() => undefined);
    },
  };
}

/**
 * A connection that outlives its server. Bottleneck lets the promise of its `unsubscribe` go unwatched; where the
 * connection ends first, that would be an unhandled rejection and the end of the process.
 */
function openRedis(url: string): Redis {
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
  });
  const subscriber = client.duplicate();
  const unsubscribe = subscriber.unsubscribe.bind(subscriber) as (...channels: string[]) => Promise<unknown>;
  subscriber.unsubscribe = (...channels: unknown[]) =>
    unsubscribe(...channels.map(String)).catch(() => undefined);
  client.duplicate = () => subscriber;
  return client;
}
