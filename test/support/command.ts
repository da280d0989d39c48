import { execute } from "../../sidecar/cli/program.ts";
import type { Installation } from "./sidecar.ts";

/** How a command ended and what it printed. */
export interface CommandEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of the command line within this process: the same code, without the start of a new Node. */
export async function runCommand(
  installation: Pick<Installation, "configFile">,
  ...args: readonly string[]
): Promise<CommandEnd> {
  let out = "";
  let err = "";
  const code = await execute([...args, "--config", installation.configFile], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isWatched: false,
    fail: () => undefined,
  });
  return { code, out, err };
}
