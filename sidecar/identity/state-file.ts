import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { ConfigError } from "../domain/errors.ts";
import type { Remembered } from "./decide-identity.ts";

const Content = z.object({
  installation: z.string().min(1),
  server: z.string(),
  shopUrl: z.string(),
  orderHighWater: z.number().int().nonnegative(),
  orderFingerprint: z.string(),
  customerHighWater: z.number().int().nonnegative(),
  epoch: z.number().int().positive(),
});

/**
 * Reads what the file outside the database remembers; undefined where there is none.
 * @throws ConfigError where the file cannot be read or is damaged: then nobody may guess.
 */
export async function readStateFile(path: string): Promise<Remembered | undefined> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConfigError([`stateFile: ${path} cannot be read: give the sidecar's user access to it`]);
  });
  if (text === undefined) return undefined;
  try {
    return Content.parse(JSON.parse(text));
  } catch {
    throw new ConfigError([
      `stateFile: ${path} is damaged: restore it, or remove it and run "erpsync adopt --moved"`,
    ]);
  }
}

/** Replaces the file in one step, so that a crash leaves the old or the new one. */
export async function writeStateFile(path: string, state: Remembered): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.new`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flush: true });
  await rename(draft, path);
}
