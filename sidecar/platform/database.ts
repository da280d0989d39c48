import {
  Kysely,
  type KyselyPlugin,
  type LogEvent,
  MysqlDialect,
  type MysqlPool,
  type MysqlPoolConnection,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PrimitiveValueListNode,
  type RawBuilder,
  type RootOperationNode,
  type SchemableIdentifierNode,
  type SqlBool,
  sql,
  type Transaction,
  type ValueNode,
} from "kysely";
import { createPool, type Pool, type PoolConnection } from "mysql2";
import { TABLE_NAMES, type Tables } from "./schema.ts";

/** Where the shop's database is, and who we are there. */
export interface DatabaseSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** The shop's table prefix, for instance `ps_`. */
  readonly prefix: string;
  readonly connections: number;
  /** TLS as mysql2 takes it; undefined for a plain connection. */
  readonly ssl?: { readonly rejectUnauthorized: boolean; readonly ca?: string };
  /** Milliseconds that a statement may stay without an answer; a minute unless told, 0 for as long as it takes (DDL). */
  readonly statementTimeoutMs?: number;
}

/** Who wants to know what happens on a pool. */
export interface DatabaseWatch {
  /** Each statement as it ends. */
  readonly onQuery?: (event: LogEvent) => void;
  /** A connection died while nobody was using it; a statement under way is told by its own error. */
  readonly onConnectionLost?: () => void;
}

/** Statements take this: a pool or, in a transaction, its one connection. */
export type Database = Kysely<Tables>;
/** A statement that makes no sense alone takes this. */
export type Tx = Transaction<Tables>;

/** The database's own time, UTC with microseconds; the only clock that rows are stamped with. */
export const utcNow = sql<string>`UTC_TIMESTAMP(6)`;

/** The database's time this many milliseconds from now. */
export const utcIn = (ms: number): RawBuilder<string> =>
  sql<string>`UTC_TIMESTAMP(6) + INTERVAL ${ms * 1000} MICROSECOND`;

/**
 * Whether two columns are one of these pairs, one range each. Told once for each second value: servers take long to see
 * what a long list of pairs has in common (3.8 against 0.8 ms for 45 of them, MariaDB 10.11).
 */
export function isPairOf(
  first: string,
  second: string,
  pairs: readonly (readonly [number, number])[],
): RawBuilder<SqlBool> {
  const bySecond = new Map<number, number[]>();
  for (const [one, other] of pairs) {
    const same = bySecond.get(other);
    if (same === undefined) bySecond.set(other, [one]);
    else same.push(one);
  }
  const ranges = [...bySecond].map(
    ([other, ones]) => sql`${sql.ref(second)} = ${other} AND ${sql.ref(first)} IN (${sql.join(ones)})`,
  );
  return sql<SqlBool>`(${sql.join(ranges, sql` OR `)})`;
}

/** Adds the shop's prefix to every table name, so that statements are written once for all shops. */
class PrefixPlugin implements KyselyPlugin {
  readonly #transformer: PrefixTransformer;
  constructor(prefix: string) {
    this.#transformer = new PrefixTransformer(prefix);
  }
  transformQuery(args: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(args.node);
  }
  transformResult(
    args: Parameters<KyselyPlugin["transformResult"]>[0],
  ): ReturnType<KyselyPlugin["transformResult"]> {
    return Promise.resolve(args.result);
  }
}

class PrefixTransformer extends OperationNodeTransformer {
  readonly #prefix: string;
  constructor(prefix: string) {
    super();
    this.#prefix = prefix;
  }
  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    const { name } = node.identifier;
    // References name aliases as well (`j.subject`); only tables have the prefix.
    if (!TABLE_NAMES.has(name)) return node;
    return { ...node, identifier: { ...node.identifier, name: `${this.#prefix}${name}` } };
  }
  // Values name no table, and an INSERT has thousands of them, which need not be copied.
  protected override transformValue(node: ValueNode): ValueNode {
    return node;
  }
  protected override transformPrimitiveValueList(node: PrimitiveValueListNode): PrimitiveValueListNode {
    return node;
  }
}

// MySQL answers SHOW TABLE STATUS from statistics of up to 24 hours ago, and a stale AUTO_INCREMENT would look like a
// shop that was restored; MariaDB has no such setting and skips the comment.
const SESSION = [
  "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 10, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION' /*!80000 , information_schema_stats_expiry = 0 */",
] as const;

const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * Bounds every statement. A half-open connection gives no error at all: without the bound a worker would wait for
 * it until TCP gives up, about a quarter of an hour. A connection that stayed silent is never used again.
 */
function bounded(pool: Pool, timeoutMs: number): MysqlPool {
  return {
    getConnection: (callback) => {
      pool.getConnection((error, connection) => {
        // On an error Kysely reads the first argument only.
        callback(error, error === null ? boundedConnection(connection, timeoutMs) : connection);
      });
    },
    end: (callback) => {
      pool.end(callback);
    },
  };
}

function boundedConnection(connection: PoolConnection, timeout: number): MysqlPoolConnection {
  const query = ((
    statement: string,
    values: unknown[],
    callback?: (error: unknown, result: unknown) => void,
  ) =>
    callback === undefined
      ? connection.query(statement, values)
      : connection.query({ sql: statement, values, timeout }, (error, result) => {
          if (error?.code === "PROTOCOL_SEQUENCE_TIMEOUT") connection.destroy();
          callback(error, result);
        })) as MysqlPoolConnection["query"];
  return {
    query,
    release: () => {
      connection.release();
    },
  };
}

/**
 * Opens a pool. Every session is READ COMMITTED (under REPEATABLE READ a claim on the empty outbox makes a
 * checkout's INSERT wait), in UTC, and strict. BIGINT beyond 2^53 comes as text, DECIMAL always does.
 */
export function openDatabase(settings: DatabaseSettings, watch: DatabaseWatch = {}): Database {
  const pool = createPool({
    host: settings.host,
    port: settings.port,
    user: settings.user,
    password: settings.password,
    database: settings.database,
    connectionLimit: settings.connections,
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    charset: "utf8mb4",
    dateStrings: true,
    supportBigNumbers: true,
    timezone: "Z",
    enableKeepAlive: true,
    connectTimeout: 10_000,
  });
  pool.on("connection", (connection) => {
    // Errors of a dead connection reach the query that uses it; without a listener they would end the process.
    connection.on("error", () => watch.onConnectionLost?.());
    for (const statement of SESSION) {
      // A session without these settings could make a checkout wait: better no connection than such a one.
      connection.query(statement, (error) => {
        if (error !== null) connection.destroy();
      });
    }
  });
  return new Kysely<Tables>({
    dialect: new MysqlDialect({ pool: bounded(pool, settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS) }),
    plugins: [new PrefixPlugin(settings.prefix)],
    ...(watch.onQuery === undefined ? {} : { log: watch.onQuery }),
  });
}

/**
 * Ends this very connection, with all locks that it holds, so that its pool makes a new one. For a connection in a state
 * that its next user must not meet.
 */
export async function closeConnection(connection: Database): Promise<void> {
  // The server answers with an error, because the statement is interrupted by itself.
  await sql`KILL CONNECTION_ID()`.execute(connection).catch(() => undefined);
}
