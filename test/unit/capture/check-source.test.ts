import { describe, expect, test } from "vitest";
import { checkSource, identify, type ServerVariables } from "../../../sidecar/capture/check-source.ts";

const MARIADB: ServerVariables = {
  version: "10.11.19-MariaDB-log",
  server_uid: "qakJYjhGt1AJnSLPW9nhcQzFVQ0=",
  server_id: "1",
  hostname: "db",
  port: "3306",
  log_bin: "ON",
  binlog_format: "ROW",
  binlog_row_image: "FULL",
  binlog_row_metadata: "FULL",
};
const MYSQL: ServerVariables = {
  version: "9.7.4",
  server_uuid: "0e6d9198-e5d6-11f1-8e95-02fc00000001",
  log_bin: "ON",
  binlog_format: "ROW",
  binlog_row_image: "FULL",
  binlog_row_metadata: "FULL",
  binlog_transaction_compression: "OFF",
  binlog_row_value_options: "",
  gtid_mode: "ON",
};

const reasonsOf = (variables: ServerVariables, grants?: readonly string[]): readonly string[] => {
  const verdict = checkSource(variables, grants);
  return verdict.mode === "polling" ? verdict.reasons : [];
};

describe("a server whose binlog can be tailed", () => {
  test("is tailed without warnings when everything is as it should be", () => {
    expect(checkSource(MARIADB)).toEqual({
      mode: "binlog",
      flavour: "mariadb",
      server: "uid:qakJYjhGt1AJnSLPW9nhcQzFVQ0=",
      warnings: [],
    });
    expect(checkSource(MYSQL)).toEqual({
      mode: "binlog",
      flavour: "mysql",
      server: MYSQL["server_uuid"],
      warnings: [],
    });
  });

  test.each([
    ["binlog_row_image", "MINIMAL"],
    ["binlog_row_metadata", "NO_LOG"],
    ["gtid_mode", "OFF"],
  ])("is tailed with a warning that names %s when that is %s", (name, value) => {
    const verdict = checkSource({ ...MYSQL, [name]: value });
    expect(verdict.mode === "binlog" ? verdict.warnings : []).toEqual([expect.stringContaining(name)]);
  });
});

describe("a server whose binlog cannot be tailed", () => {
  test.each([
    ["log_bin", "OFF"],
    ["binlog_format", "MIXED"],
    ["binlog_format", "STATEMENT"],
    ["binlog_transaction_compression", "ON"],
    ["binlog_row_value_options", "PARTIAL_JSON"],
  ])("is polled, with the remedy, when %s is %s", (name, value) => {
    expect(reasonsOf({ ...MYSQL, [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  test.each(["10.5.29-MariaDB", "5.7.44-log"])("is refused by its version %s", (version) => {
    expect(reasonsOf({ ...MARIADB, version })).toEqual([expect.stringContaining(version)]);
  });

  test.each(["10.6.1-MariaDB", "11.8.2-MariaDB-ubu2404", "8.0.44", "8.4.5", "9.7.4-2"])(
    "is not refused for its version %s",
    (version) => {
      const base = version.includes("MariaDB") ? MARIADB : MYSQL;
      expect(reasonsOf({ ...base, version })).toEqual([]);
    },
  );

  test("says all its faults at once", () => {
    expect(
      reasonsOf({ ...MYSQL, log_bin: "OFF", binlog_format: "MIXED" }, ["GRANT USAGE ON *.* TO `u`@`h`"]),
    ).toHaveLength(4);
  });
});

describe("our grants", () => {
  const user = "TO `u`@`%`";
  test.each([
    ["mariadb", `GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* ${user}`],
    ["mariadb", `GRANT ALL PRIVILEGES ON *.* ${user} WITH GRANT OPTION`],
    ["mysql", `GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* ${user}`],
  ])("suffice on %s with %s", (flavour, grant) => {
    expect(reasonsOf(flavour === "mysql" ? MYSQL : MARIADB, [grant])).toEqual([]);
  });

  test("are read globally: the same words on one database do not count", () => {
    expect(reasonsOf(MYSQL, [`GRANT ALL PRIVILEGES ON \`shop\`.* ${user}`])).toHaveLength(2);
  });

  test("name each missing privilege with its GRANT", () => {
    const reasons = reasonsOf(MARIADB, [`GRANT USAGE ON *.* ${user}`]);
    expect(reasons.join(" ")).toMatch(/GRANT REPLICATION SLAVE .* GRANT BINLOG MONITOR/);
  });

  test("are not judged where a role may hold them", () => {
    expect(reasonsOf(MYSQL, [`GRANT USAGE ON *.* ${user}`, `GRANT \`tailer\`@\`%\` ${user}`])).toEqual([]);
  });
});

test("a MariaDB without server_uid is told by id, host name and port", () => {
  const { server_uid: _, ...old } = MARIADB;
  expect(identify(old)).toBe("1@db:3306");
});
