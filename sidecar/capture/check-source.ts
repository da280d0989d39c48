/** The two families of servers whose binlogs differ in form. */
export type Flavour = "mariadb" | "mysql";

/** What the server can give us, and what to do about what it cannot. */
export type SourceVerdict =
  | {
      readonly mode: "binlog";
      readonly flavour: Flavour;
      /** What tells this server from another; see `identify`. */
      readonly server: string;
      readonly warnings: readonly string[];
    }
  | { readonly mode: "polling"; readonly reasons: readonly string[] };

/** Global variables by lower-case name; one that the server does not know is missing. */
export type ServerVariables = Readonly<Record<string, string>>;

/** The variables that `checkSource` and the resume decision look at. */
export const SOURCE_VARIABLES = [
  "version",
  "server_uuid",
  "server_uid",
  "server_id",
  "hostname",
  "port",
  "log_bin",
  "binlog_format",
  "binlog_row_image",
  "binlog_row_metadata",
  "binlog_transaction_compression",
  "binlog_row_value_options",
  "gtid_mode",
  "gtid_executed",
  "gtid_purged",
  "gtid_binlog_pos",
] as const;

/** MariaDB reports its family in the version text; nothing else in it says so. */
export function flavourOf(variables: ServerVariables): Flavour {
  return /mariadb/i.test(variables["version"] ?? "") ? "mariadb" : "mysql";
}

/**
 * What tells this server from another, at most 96 characters.
 * MySQL keeps a UUID in its data directory, so it moves with the data. MariaDB has no such thing: `server_uid` (since
 * 10.6.19, 10.11.9) is a hash of network card and TCP port, so it changes when the machine, the container or the
 * port does, and stays when other data are restored on the same place. Before those versions host name, port and
 * server_id must do. A changed identity costs one full sweep and nothing else.
 */
export function identify(variables: ServerVariables): string {
  const { server_uuid: uuid, server_uid: uid, hostname = "", port = "", server_id: id = "" } = variables;
  if (flavourOf(variables) === "mysql" && uuid !== undefined) return uuid;
  if (uid !== undefined && uid !== "") return `uid:${uid}`;
  return `${id}@${hostname}:${port}`.slice(0, 96);
}

/**
 * Decides whether the binlog of this server can be tailed, from its global variables and our own grants.
 * Without grants (`SHOW GRANTS` was refused) the privileges are taken to be there: the dump will say so if not.
 */
export function checkSource(variables: ServerVariables, grants?: readonly string[]): SourceVerdict {
  const flavour = flavourOf(variables);
  const reasons = [
    ...versionReasons(flavour, variables["version"] ?? ""),
    ...formatReasons(variables),
    ...(grants === undefined ? [] : privilegeReasons(flavour, grants)),
  ];
  if (reasons.length > 0) return { mode: "polling", reasons };
  return { mode: "binlog", flavour, server: identify(variables), warnings: warningsFor(flavour, variables) };
}

function versionReasons(flavour: Flavour, version: string): readonly string[] {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const isOld = flavour === "mariadb" ? major < 10 || (major === 10 && minor < 6) : major < 8;
  if (!isOld) return [];
  return [`The server is ${version}: use MariaDB 10.6, MySQL 8.0 or newer (SKIP LOCKED is needed as well).`];
}

function formatReasons(variables: ServerVariables): readonly string[] {
  const reasons: string[] = [];
  if (variables["log_bin"] !== "ON") {
    reasons.push("There is no binlog: start the server with log_bin and a server_id.");
  }
  if (variables["binlog_format"] !== undefined && variables["binlog_format"] !== "ROW") {
    reasons.push(
      `binlog_format is ${variables["binlog_format"]}, which hides rows: SET GLOBAL binlog_format = 'ROW'.`,
    );
  }
  if (variables["binlog_transaction_compression"] === "ON") {
    reasons.push(
      "binlog_transaction_compression is ON, which cannot be read: SET GLOBAL binlog_transaction_compression = OFF.",
    );
  }
  if ((variables["binlog_row_value_options"] ?? "").includes("PARTIAL_JSON")) {
    reasons.push("binlog_row_value_options has PARTIAL_JSON, which cannot be read: SET GLOBAL it to ''.");
  }
  return reasons;
}

function warningsFor(flavour: Flavour, variables: ServerVariables): readonly string[] {
  const warnings: string[] = [];
  const image = variables["binlog_row_image"] ?? "FULL";
  if (image !== "FULL") {
    warnings.push(
      `binlog_row_image is ${image}: edits of an order's lines are then found by hook or sweep only, and the stock ledger cannot be kept. SET GLOBAL binlog_row_image = 'FULL'.`,
    );
  }
  if (variables["binlog_row_metadata"] !== "FULL") {
    warnings.push(
      "binlog_row_metadata is not FULL: rows logged before an ALTER TABLE may be misread. SET GLOBAL binlog_row_metadata = 'FULL'.",
    );
  }
  if (flavour === "mysql" && variables["gtid_mode"] !== "ON") {
    warnings.push(
      "gtid_mode is not ON: the tail resumes by file and position, which another server cannot continue.",
    );
  }
  return warnings;
}

/** Any one privilege of a group will do; SUPER stood for all of them in older servers. */
const PRIVILEGES: Readonly<Record<Flavour, readonly (readonly string[])[]>> = {
  mariadb: [
    ["REPLICATION SLAVE", "REPLICATION REPLICA"],
    ["BINLOG MONITOR", "REPLICATION CLIENT"],
  ],
  mysql: [["REPLICATION SLAVE"], ["REPLICATION CLIENT"]],
};

function privilegeReasons(flavour: Flavour, grants: readonly string[]): readonly string[] {
  const global = grants
    .map((grant) => /^GRANT (.+) ON \*\.\* TO /.exec(grant)?.[1] ?? "")
    .flatMap((list) => list.split(",").map((name) => name.trim()));
  // A role's own privileges are not listed with the user's; the dump itself will tell.
  const hasRole = grants.some((grant) => !grant.includes(" ON "));
  if (hasRole || global.includes("ALL PRIVILEGES")) return [];
  return PRIVILEGES[flavour]
    .filter((group) => !group.some((name) => global.includes(name)))
    .map(([name = ""]) => `The database user lacks ${name}: GRANT ${name} ON *.* TO it.`);
}
