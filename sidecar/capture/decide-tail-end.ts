/**
 * Why a tail ended:
 * - `closed`: we closed it.
 * - `lost`: the connection is gone; build a new tail and resume.
 * - `watchdog`: nothing was heard for too long, as on a half-open connection; the same cure.
 * - `gap`: the server cannot go on from the place asked for; what lies between must be swept.
 * - `clash`: another replica came with the same server_id.
 * - `decode`: an event could not be read; the stream stands still behind it.
 */
export interface TailEnd {
  readonly kind: "closed" | "lost" | "watchdog" | "gap" | "clash" | "decode";
  readonly message: string;
}

const ER_MASTER_FATAL_ERROR_READING_BINLOG = 1236;
/** MariaDB says "same server_id" by this number, which mysql2 does not know by name. */
const ER_MARIADB_SLAVE_SAME_ID = 4052;
const SAME_SERVER = /same server_(?:uuid|id)/i;

/**
 * Sorts what a tail failed with. Errno 1236 has several meanings that only its text tells apart, so the text is
 * looked at here and nowhere else. An error without any code was raised by the decoder itself.
 */
export function decideTailEnd(thrown: unknown): TailEnd {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const errno = numberOf(thrown, "errno");
  if (
    errno === ER_MARIADB_SLAVE_SAME_ID ||
    (errno === ER_MASTER_FATAL_ERROR_READING_BINLOG && SAME_SERVER.test(message))
  ) {
    return { kind: "clash", message };
  }
  if (errno === ER_MASTER_FATAL_ERROR_READING_BINLOG) return { kind: "gap", message };
  const hasCode =
    errno !== undefined || (thrown instanceof Error && "code" in thrown && thrown.code !== undefined);
  return { kind: hasCode ? "lost" : "decode", message };
}

function numberOf(thrown: unknown, key: string): number | undefined {
  const value: unknown = typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, key) : undefined;
  return typeof value === "number" ? value : undefined;
}
