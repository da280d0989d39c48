import { Socket } from "node:net";
import ZongJi, { type AnyBinlogEvent, type BinlogEventName, type ZongJiOptions } from "zongji";
import type { Clock, Sleep } from "../domain/clock.ts";
import type { DatabaseSettings } from "../platform/database.ts";
import type { BinlogPoint, Resume } from "./decide-resume.ts";
import { decideTailEnd, type TailEnd } from "./decide-tail-end.ts";
import { decodeRows, type RowChange, type RowEvent, type RowKind } from "./decode-row.ts";

/** How a tail is opened. */
export interface TailSettings {
  readonly database: DatabaseSettings;
  /** Ours alone among the server's replicas: a second one with the same id ends the first. */
  readonly serverId: number;
  /** How often an idle server gives a sign of life. */
  readonly heartbeatMs: number;
  /** Silence after which the connection is taken to be dead; several heartbeats long. */
  readonly silenceMs: number;
  /** How long the server waits for a paused tail before it hangs up; its own default is 60. */
  readonly netWriteTimeoutSeconds: number;
  /** Tables that are tailed, without the shop's prefix. */
  readonly tables: readonly string[];
}

/** One committed transaction; `changes` is empty where it touched no table of ours. */
export interface BinlogTransaction {
  readonly changes: readonly RowChange[];
  /** Rows whose record could not be told; see binlog_row_image and binlog_row_metadata. */
  readonly unreadRows: number;
  /** The place behind the transaction. */
  readonly at: BinlogPoint;
  /** When the server wrote the event, in whole seconds of its clock. */
  readonly committedAtMs: number;
}

/** Called in the order of the binlog, synchronously: what takes time is for the receiver to queue. */
export interface TailHandlers {
  /** The server accepted the place and streams from it. */
  readonly onStarted: () => void;
  readonly onTransaction: (transaction: BinlogTransaction) => void;
  /** Nothing new: we have read all there is. */
  readonly onHeartbeat: () => void;
}

/** A tail that runs until it is closed or fails; it never runs again. */
export interface Tail {
  /** Resolves once, also after a failure; it never rejects. */
  readonly ended: Promise<TailEnd>;
  /** Stops reading from the socket, so that the server waits. Not for longer than netWriteTimeoutSeconds. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Ends the tail and its two connections. */
  readonly close: () => Promise<void>;
}

/** `tablemap` must be among them: without it the library cannot name a row's columns. */
const EVENTS: readonly BinlogEventName[] = [
  "tablemap",
  "writerows",
  "updaterows",
  "deleterows",
  "xid",
  "query",
  "xaprepare",
  "rotate",
  "heartbeat",
];

const ROW_KINDS: Readonly<Partial<Record<BinlogEventName, RowKind>>> = {
  writerows: "insert",
  updaterows: "update",
  deleterows: "delete",
};

/** What ends a transaction of tables that know none (MyISAM), or of a mixture. BEGIN, SAVEPOINT and DDL do not. */
const COMMIT_QUERY = /^\s*(?:COMMIT|ROLLBACK|XA\s+COMMIT)\b(?!\s+TO\b)/i;

/**
 * Tails the binlog. The library has no reconnect and stays deaf after any error, so the first error ends the tail:
 * the caller opens a new one at its last checkpoint. Only ids are kept of the rows, whatever their number.
 */
export function openTail(
  settings: TailSettings,
  resume: Resume,
  handlers: TailHandlers,
  time: { readonly clock: Clock; readonly sleep: Sleep },
): Tail {
  const zongji = dial(settings.database);
  const state = { paused: false };
  const stopWatching = new AbortController();
  let resolveEnded: (end: TailEnd) => void = () => undefined;
  const ended = new Promise<TailEnd>((resolve) => {
    resolveEnded = resolve;
  });
  let stopped: Promise<void> | undefined;
  const end = (reason: TailEnd): void => {
    resolveEnded(reason);
    stopWatching.abort();
    stopped ??= stop(zongji);
  };
  // This listener stays for good: an `error` that nobody hears would end the process.
  zongji.on("error", (error: unknown) => {
    end(decideTailEnd(error));
  });
  zongji.on("ready", () => {
    zongji.connection?.query(sessionSql(settings), (error) => {
      if (error !== null) end(decideTailEnd(error));
    });
  });
  const read = reader(zongji, settings.database.prefix, handlers);
  zongji.on("binlog", (event: AnyBinlogEvent) => {
    if (stopped !== undefined) return;
    try {
      read(event);
    } catch (thrown) {
      // A throw inside the library's handler would leave its stream half read and silent.
      end({ kind: "decode", message: decideTailEnd(thrown).message });
    }
  });
  zongji.start(startOptions(settings, resume));
  void watch(zongji, settings, state, time, stopWatching.signal).then((isSilent) => {
    if (isSilent) end({ kind: "watchdog", message: `No sign of life for ${String(settings.silenceMs)} ms` });
  });
  return {
    ended,
    pause: () => {
      state.paused = true;
      zongji.connection?.pause();
    },
    resume: () => {
      if (!state.paused) return;
      state.paused = false;
      zongji.connection?.resume();
    },
    close: async () => {
      end({ kind: "closed", message: "Closed by us" });
      await stopped;
    },
  };
}

/** With options and never a connection: the library then owns both of its connections and ends them with `stop`. */
function dial(database: DatabaseSettings): ZongJi {
  return new ZongJi({
    host: database.host,
    port: database.port,
    user: database.user,
    password: database.password,
    ...(database.ssl === undefined ? {} : { ssl: database.ssl }),
    dateStrings: true,
    supportBigNumbers: true,
    enableKeepAlive: true,
    connectTimeout: 10_000,
  });
}

/** Sent before the dump. MySQL calls the variable `source` since 8.0.26, MariaDB `master`; nanoseconds in both. */
function sessionSql(settings: TailSettings): string {
  const periodNs = String(settings.heartbeatMs * 1_000_000);
  return `SET @master_heartbeat_period = ${periodNs}, @source_heartbeat_period = ${periodNs}, SESSION net_write_timeout = ${String(settings.netWriteTimeoutSeconds)}`;
}

function startOptions(settings: TailSettings, resume: Resume): ZongJiOptions {
  const { database, prefix } = settings.database;
  const { file, position, gtidSet } = resume.from;
  return {
    serverId: settings.serverId,
    ...(resume.byGtid ? { gtidSet } : { filename: file, position }),
    includeEvents: [...EVENTS],
    includeSchema: { [database]: settings.tables.map((table) => `${prefix}${table}`) },
  };
}

/** Puts row events together to transactions. */
function reader(zongji: ZongJi, prefix: string, handlers: TailHandlers): (event: AnyBinlogEvent) => void {
  let changes: RowChange[] = [];
  let unreadRows = 0;
  let file: string | undefined;
  const point = (): BinlogPoint => ({
    file: zongji.options.filename ?? "",
    position: zongji.options.position ?? 4,
    gtidSet: zongji.gtidSet ?? "",
  });
  const commit = (event: AnyBinlogEvent): void => {
    const transaction = { changes, unreadRows, at: point(), committedAtMs: event.timestamp };
    changes = [];
    unreadRows = 0;
    handlers.onTransaction(transaction);
  };
  const rotate = (event: AnyBinlogEvent): void => {
    const isFirst = file === undefined;
    const isNewFile = file !== zongji.options.filename;
    file = zongji.options.filename;
    if (isFirst) handlers.onStarted();
    // The place moves on without any transaction, else a purge of the old file would look like a gap.
    else if (isNewFile && changes.length === 0) commit(event);
  };
  return (event) => {
    const name = event.getEventName();
    const kind = ROW_KINDS[name];
    if (kind !== undefined) {
      const decoded = decodeRows(rowEvent(event, kind), prefix);
      if (decoded.change !== undefined) changes.push(decoded.change);
      unreadRows += decoded.unreadRows;
    } else if (name === "xid" || name === "xaprepare" || isCommitQuery(event)) commit(event);
    else if (name === "rotate") rotate(event);
    else if (name === "heartbeat") handlers.onHeartbeat();
  };
}

function isCommitQuery(event: AnyBinlogEvent): boolean {
  return "query" in event && COMMIT_QUERY.test(event.query);
}

function rowEvent(event: AnyBinlogEvent, kind: RowKind): RowEvent {
  if (!("rows" in event)) return { table: "", kind, rows: [] };
  return { table: event.tableMap[event.tableId]?.tableName ?? "", kind, rows: event.rows };
}

/**
 * Returns true when nothing came over the wire for too long. Bytes are counted, not events: a long transaction of
 * other tables brings no event, and a half-open connection brings no error.
 */
async function watch(
  zongji: ZongJi,
  settings: TailSettings,
  state: { readonly paused: boolean },
  { clock, sleep }: { readonly clock: Clock; readonly sleep: Sleep },
  signal: AbortSignal,
): Promise<boolean> {
  let bytes = -1;
  let heardAtMs = clock.monotonicMs();
  for (;;) {
    await sleep(settings.heartbeatMs, signal);
    if (signal.aborted) return false;
    // TCP keep-alive does not count for wait_timeout, which some hosts set to a minute.
    zongji.ctrlConnection?.ping(() => undefined);
    const bytesNow = bytesRead(zongji);
    if (bytesNow !== bytes || state.paused) {
      bytes = bytesNow;
      heardAtMs = clock.monotonicMs();
    } else if (clock.monotonicMs() - heardAtMs >= settings.silenceMs) return true;
  }
}

function bytesRead(zongji: ZongJi): number {
  const stream: unknown = zongji.connection === null ? undefined : Reflect.get(zongji.connection, "stream");
  return stream instanceof Socket ? stream.bytesRead : 0;
}

function stop(zongji: ZongJi): Promise<void> {
  return new Promise((resolve) => {
    zongji.once("stopped", resolve);
    zongji.stop();
  });
}
