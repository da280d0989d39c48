import { flavourOf, type ServerVariables, type SourceVerdict } from "../capture/check-source.ts";
import { type ModuleState, ORDER_HOOKS } from "../capture/decide-missed-cause.ts";
import type { IdentityVerdict } from "../identity/decide-identity.ts";
import type { Refusal, Right } from "../ops/doctor-statements.ts";
import type { ShopDescription } from "../shop/commands.ts";

/** What `doctor` found: a fault keeps the sidecar from its work, a warning costs something. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "fault" | "skipped";
  readonly message: string;
  /** What to do about it; empty where all is well. */
  readonly remedy: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: "ok", message, remedy: "" });
export const fault = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, level: "fault", message, remedy },
});
export const warning = (check: string, message: string, remedy: string): Finding => ({
  ...{ check, level: "warning", message, remedy },
});

/** Decides on the server's version; SKIP LOCKED is what older ones lack. */
export function decideVersion(variables: ServerVariables): Finding {
  const version = variables["version"] ?? "unknown";
  const flavour = flavourOf(variables);
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  const isOld = flavour === "mariadb" ? major < 10 || (major === 10 && minor < 6) : major < 8;
  return isOld
    ? fault("version", `The server is ${version}`, "Use MariaDB 10.6, MySQL 8.0 or newer")
    : ok("version", `The server is ${flavour === "mariadb" ? "MariaDB" : "MySQL"} ${version}`);
}

/** Decides on the binlog: without one the outbox is polled, and exact stock (law 3) is not offered. */
export function decideSource(mode: "auto" | "polling", verdict: SourceVerdict): readonly Finding[] {
  const cost = "the outbox is polled, orders arrive a little later, and exact stock is not offered";
  if (mode === "polling") {
    return [warning("binlog", `capture.mode is polling: ${cost}`, "Set capture.mode to auto")];
  }
  if (verdict.mode === "polling") {
    return verdict.reasons.map((reason) => warning("binlog", `No binlog can be read: ${cost}`, reason));
  }
  if (verdict.warnings.length === 0) return [ok("binlog", "The binlog can be read")];
  return verdict.warnings.map((reason) => warning("binlog", "The binlog can be read, with a limit", reason));
}

/** Seconds that the binlog should be kept: a sidecar that stands still over a weekend goes on where it was. */
const RETENTION_S = 3 * 86_400;

/** Decides on how long the server keeps its binlog. */
export function decideRetention(facts: Readonly<Record<string, string>>): Finding {
  const seconds = Number(facts["binlog_expire_logs_seconds"] ?? 0);
  const keptS = seconds > 0 ? seconds : Number(facts["expire_logs_days"] ?? 0) * 86_400;
  if (keptS === 0 || keptS >= RETENTION_S)
    return ok("binlog-retention", "The binlog is kept for three days or more");
  return warning(
    "binlog-retention",
    `The binlog is kept for ${String(Math.round(keptS / 3_600))} h; a longer standstill costs a full sweep`,
    `SET GLOBAL binlog_expire_logs_seconds = ${String(RETENTION_S)}`,
  );
}

/** Decides on the connections that are left for us beside the shop's own. */
export function decideConnections(
  facts: Readonly<Record<string, string>>,
  mostUsed: number,
  ours: number,
): Finding {
  const max = Number(facts["max_connections"] ?? 0);
  const forUser = Number(facts["max_user_connections"] ?? 0);
  if (forUser > 0 && forUser < ours) {
    return fault(
      "connections",
      `A user may have ${String(forUser)} connections, and database.connections is ${String(ours)}`,
      `Set database.connections to ${String(Math.max(6, forUser))} at most, or raise max_user_connections`,
    );
  }
  if (mostUsed + ours <= max)
    return ok("connections", `${String(max - mostUsed)} connections were always free`);
  return warning(
    "connections",
    `The server had ${String(mostUsed)} of ${String(max)} connections in use at once, and we may take ${String(ours)}`,
    "Raise max_connections, or lower database.connections: the shop goes first",
  );
}

/** A right that was tried. */
export interface TriedRight {
  readonly right: Right;
  readonly table: string;
  readonly refusal: Refusal | undefined;
}

/** Decides on the rights that were tried; all that lack are named, a table each. */
export function decideRights(
  tried: readonly TriedRight[],
  who: { readonly user: string; readonly database: string; readonly flavour: "mariadb" | "mysql" },
): readonly Finding[] {
  const denied = new Map<string, Right[]>();
  for (const { refusal, right, table } of tried) {
    if (refusal === "denied") denied.set(table, [...(denied.get(table) ?? []), right]);
  }
  const gone = new Set(tried.filter(({ refusal }) => refusal === "no-table").map(({ table }) => table));
  const faults = [
    ...[...denied].map(([table, rights]) =>
      fault(
        "grants",
        `The database user lacks ${rights.join(", ")} on ${table}`,
        `GRANT ${rights.join(", ")} ON \`${who.database}\`.\`${table}\` TO '${who.user}'@'…' (all of them: db/grants/${who.flavour}/run.sql)`,
      ),
    ),
    ...[...gone].map((table) =>
      fault("grants", `There is no table ${table}`, 'Check database.prefix, and run "erpsync migrate"'),
    ),
  ];
  return faults.length > 0 ? faults : [ok("grants", "The database user has every right that is needed")];
}

/** Decides on a user that may more than it needs. */
export function decideExcess(mayDeleteOrders: boolean): Finding {
  return mayDeleteOrders
    ? warning(
        "grants-excess",
        "The database user may delete orders, which the sidecar never does",
        "Use a user of its own with the rights in db/grants",
      )
    : ok("grants-excess", "The database user cannot write the shop's orders");
}

/** Decides on the module as the shop's tables show it. */
export function decideModule(state: ModuleState): readonly Finding[] {
  if (!state.installed) {
    return [
      fault(
        "module",
        "The module erpsync is not installed in the shop",
        "Install it; see the module's README",
      ),
    ];
  }
  if (!state.active) {
    return [
      fault("module", "The module erpsync is disabled", "Enable it in the back office, module manager"),
    ];
  }
  const registered = new Set(state.hooks.map((name) => name.toLowerCase()));
  const missing = ORDER_HOOKS.filter((name) => !registered.has(name.toLowerCase()));
  if (missing.length === 0) return [ok("module", "The module is installed, active and on its hooks")];
  return [
    fault(
      "module",
      `The module is not registered on ${missing.join(", ")}`,
      "Reset the module in the module manager",
    ),
  ];
}

/** Decides on what the module says of itself over the signed endpoint. */
export function decideDescription(description: ShopDescription, shopKey: string): readonly Finding[] {
  const { hooksMissing, losses, module, prestashop } = description;
  const findings: Finding[] = [];
  if (description.shopKey !== shopKey) {
    findings.push(
      fault(
        "shop-key",
        `The module's shop key is "${description.shopKey}", and shop.key is "${shopKey}"`,
        "Make them equal before the first export; afterwards neither may change",
      ),
    );
  }
  if (hooksMissing.length > 0) {
    findings.push(
      warning(
        "hooks",
        `The module misses the hooks ${hooksMissing.join(", ")}`,
        "Reset the module in the module manager",
      ),
    );
  }
  if (losses.count > 0) {
    const causes = Object.entries(losses.byCause).map(([cause, count]) => `${cause} ${String(count)}`);
    findings.push(
      warning(
        "losses",
        `The module could not write ${String(losses.count)} events (${causes.join(", ")}); the sweep brings them`,
        "See the module's page in the back office, and the shop's var/logs/erpsync-losses.log",
      ),
    );
  }
  findings.push(ok("shop-endpoint", `PrestaShop ${prestashop} with module ${module} accepts our signature`));
  return findings;
}

/** Milliseconds that two clocks may differ. Signatures are good for 300 s, of which this leaves most. */
const SKEW_MAX_MS = 60_000;

/** Decides on a clock that differs from ours. */
export function decideSkew(whose: string, skewMs: number): Finding {
  const check = `clock-${whose}`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return ok(check, `The clock of the ${whose} agrees with ours`);
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return fault(
    check,
    `The clock of the ${whose} is ${String(seconds)} s ${skewMs > 0 ? "ahead of" : "behind"} ours`,
    "Set both by NTP: beyond 300 s the shop refuses our commands",
  );
}

/** Decides on the shop's identity. */
export function decideIdentityFinding(
  stopped: { readonly code: string; readonly reason: string } | undefined,
  verdict: IdentityVerdict,
): Finding {
  const stop = stopped ?? (verdict.kind === "stop" ? verdict : undefined);
  if (stop !== undefined) {
    return fault(
      "identity",
      `Writing is stopped (${stop.code}): ${stop.reason}`,
      stop.code === "moved" ? 'Run "erpsync adopt --moved"' : 'Run "erpsync adopt --restored"',
    );
  }
  return ok(
    "identity",
    verdict.kind === "first-start" ? "The shop has not been seen yet" : "This is the shop that was last seen",
  );
}
