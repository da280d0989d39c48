import { Command, CommanderError } from "commander";
import { messageOf, UsageError } from "../domain/errors.ts";
import { packageVersion } from "../platform/package-root.ts";
import { registerAdopt } from "./adopt.ts";
import { EXIT, type Terminal } from "./command-line.ts";
import { registerDlq } from "./dlq.ts";
import { registerDoctor } from "./doctor.ts";
import { registerGdpr } from "./gdpr.ts";
import { registerMapping } from "./mapping.ts";
import { registerMigrate } from "./migrate.ts";
import { registerPurge } from "./purge.ts";
import { registerReconcile } from "./reconcile.ts";
import { registerReport } from "./report.ts";
import { registerRun } from "./run.ts";
import { registerStatus } from "./status.ts";
import { registerStock } from "./stock.ts";
import { registerSync } from "./sync.ts";

/** Runs one command line to its end and returns its exit code. */
export async function execute(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok;
  const program = createProgram({
    ...terminal,
    fail: () => {
      code = EXIT.failed;
    },
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (thrown) {
    // Commander has printed its own sentence already, and ends `--help` in this way too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
    terminal.err(`${messageOf(thrown)}\n`);
    return thrown instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

function createProgram(terminal: Terminal): Command {
  // Commands made below inherit how this one prints and ends.
  const program = new Command("erpsync")
    .description("Keeps a PrestaShop shop and its ERP in agreement.")
    .version(packageVersion())
    .showHelpAfterError('(try "erpsync --help")')
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .exitOverride();
  registerRun(program);
  registerMigrate(program, terminal);
  registerStatus(program, terminal);
  registerDlq(program, terminal);
  registerSync(program, terminal);
  registerStock(program, terminal);
  registerReconcile(program, terminal);
  registerReport(program, terminal);
  registerMapping(program, terminal);
  registerAdopt(program, terminal);
  registerGdpr(program, terminal);
  registerDoctor(program, terminal);
  registerPurge(program, terminal);
  return program;
}
