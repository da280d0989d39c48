import type { Command } from "commander";
import { type Config, loadConfig } from "../config.ts";
import { ConfigError } from "../domain/errors.ts";
import { openBase } from "../wiring.ts";
import { type CommonOptions, counted, say, type Terminal, withCommonOptions } from "./command-line.ts";
import { type Finding, fault, ok } from "./decide-findings.ts";
import { examine } from "./doctor-checks.ts";

const SIGNS = { ok: "ok     ", warning: "WARNING", fault: "FAULT  ", skipped: "-      " } as const;

/** `erpsync doctor`. */
export function registerDoctor(program: Command, terminal: Terminal): void {
  withCommonOptions(program.command("doctor"))
    .description("check every precondition; all faults at once, each with its remedy")
    .action(async (options: CommonOptions) => {
      const findings = await examineAll(options.config);
      const count = (level: Finding["level"]): number =>
        findings.filter((finding) => finding.level === level).length;
      say(terminal, options, { healthy: count("fault") === 0, findings }, [
        ...findings.flatMap(sentences),
        `${counted(count("fault"), "fault")}, ${counted(count("warning"), "warning")}.`,
      ]);
      if (count("fault") > 0) terminal.fail();
    });
}

async function examineAll(file: string): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = await loadConfig(file);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.faults.map((text) => fault("config", text, `Mend it in ${file}`));
  }
  const base = openBase(config, () => undefined);
  try {
    return [ok("config", "The configuration is valid"), ...(await examine(base))];
  } finally {
    await base.close();
  }
}

function sentences({ check, level, message, remedy }: Finding): readonly string[] {
  const line = `${SIGNS[level]} ${check}: ${message}`;
  return remedy === "" ? [line] : [line, `        → ${remedy}`];
}
