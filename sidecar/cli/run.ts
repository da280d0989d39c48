import type { Command } from "commander";
import { loadConfig } from "../config.ts";
import { messageOf, UsageError } from "../domain/errors.ts";
import { createLog } from "../platform/log.ts";
import { ROLES, type Role, run } from "../run.ts";
import { openBase } from "../wiring.ts";

/** `erpsync run`. */
export function registerRun(program: Command): void {
  program
    .command("run")
    .description("run the sidecar; SIGTERM drains")
    .requiredOption("--config <file>", "configuration file (YAML)")
    .option("--roles <list>", "roles of this process, by comma", ROLES.join(","))
    .action(async (options: { config: string; roles: string }) => {
      const roles = parseRoles(options.roles);
      try {
        await runUntilSignal(options.config, roles);
      } catch (thrown) {
        // Who collects the log must see why there is no more of it.
        createLog("error")("error", { event: "process.crashed", message: messageOf(thrown) });
        throw thrown;
      }
    });
}

async function runUntilSignal(configFile: string, roles: readonly Role[]): Promise<void> {
  const base = openBase(await loadConfig(configFile));
  const signal = stopSignal((name) => {
    base.log("info", { event: "process.draining", signal: name });
  });
  try {
    await run(base, roles, signal);
  } finally {
    await base.close();
  }
}

/** Ends with the signal's drain: the first SIGTERM or SIGINT stops, a second one ends the process at once. */
function stopSignal(onSignal: (name: string) => void): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      onSignal(name);
      stop.abort();
    });
  }
  return stop.signal;
}

function parseRoles(text: string): readonly Role[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0)
    throw new UsageError(`--roles: ${unknown.join(", ")} is unknown; roles are ${ROLES.join(", ")}`);
  return ROLES.filter((role) => names.includes(role));
}
