import { expect, test } from "vitest";
import {
  decideConnections,
  decideRetention,
  decideRights,
  decideSkew,
  decideSource,
  decideVersion,
} from "../../../sidecar/cli/decide-findings.ts";

test.each([
  ["10.11.6-MariaDB-log", "ok"],
  ["10.6.0-MariaDB", "ok"],
  ["10.5.21-MariaDB", "fault"],
  ["8.0.36", "ok"],
  ["5.7.44-log", "fault"],
] as const)("version %s is judged: %s", (version, level) => {
  expect(decideVersion({ version }).level).toBe(level);
});

test("a binlog that is kept for less than three days is a warning, and one that never ends is none", () => {
  const level = (facts: Record<string, string>): string => decideRetention(facts).level;
  expect(level({ binlog_expire_logs_seconds: "86400" })).toBe("warning");
  expect(level({ binlog_expire_logs_seconds: "0", expire_logs_days: "1.000000" })).toBe("warning");
  expect(level({ binlog_expire_logs_seconds: "0", expire_logs_days: "0.000000" })).toBe("ok");
  expect(level({ binlog_expire_logs_seconds: "2592000" })).toBe("ok");
});

test("our connections must fit beside the shop's, and within what a user may have", () => {
  const facts = { max_connections: "151", max_user_connections: "0" };
  expect(decideConnections(facts, 100, 20).level).toBe("ok");
  expect(decideConnections(facts, 140, 20).level).toBe("warning");
  expect(decideConnections({ ...facts, max_user_connections: "10" }, 5, 20).level).toBe("fault");
});

test("each table that lacks rights is one fault, whose remedy names the very rights", () => {
  const who = { user: "erpsync", database: "shop", flavour: "mysql" } as const;
  const findings = decideRights(
    [
      { right: "SELECT", table: "ps_orders", refusal: undefined },
      { right: "INSERT", table: "ps_erpsync_job", refusal: "denied" },
      { right: "DELETE", table: "ps_erpsync_job", refusal: "denied" },
      { right: "SELECT", table: "ps_state", refusal: "no-table" },
    ],
    who,
  );
  expect(findings.map(({ level }) => level)).toEqual(["fault", "fault"]);
  expect(findings[0]?.remedy).toContain("GRANT INSERT, DELETE ON `shop`.`ps_erpsync_job` TO 'erpsync'");
  expect(findings[1]?.message).toContain("ps_state");
});

test("a minute between two clocks is borne, and more is a fault with its direction", () => {
  expect(decideSkew("shop", -59_000).level).toBe("ok");
  expect(decideSkew("shop", 61_000)).toMatchObject({
    level: "fault",
    message: expect.stringContaining("ahead of") as string,
  });
  expect(decideSkew("database", -61_000).message).toContain("behind");
});

test("without a binlog each reason is a warning that says what it costs", () => {
  const findings = decideSource("auto", { mode: "polling", reasons: ["turn it on", "grant it"] });
  expect(findings.map(({ level, remedy }) => [level, remedy])).toEqual([
    ["warning", "turn it on"],
    ["warning", "grant it"],
  ]);
  expect(findings[0]?.message).toContain("exact stock is not offered");
});
