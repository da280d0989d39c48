import { readFileSync } from "node:fs";
import { splitStatements } from "../../sidecar/platform/decide-migrations.ts";
import type { World } from "./world.ts";

/** Makes a user with the rights of a file in db/grants, and returns who it is; it ends with the world. */
export async function grantFromFile(
  world: World,
  role: "run" | "migrate",
): Promise<{ readonly user: string; readonly password: string }> {
  const { user, password } = await world.createUser([]);
  const file = new URL(`../../db/grants/${world.server.kind}/${role}.sql`, import.meta.url);
  const text = readFileSync(file, "utf8")
    .replaceAll("DATABASE", world.database)
    .replaceAll("PREFIX_", world.prefix)
    .replaceAll("'USER'@'HOST'", `'${user}'@'127.0.0.1'`)
    .replaceAll("'PASSWORD'", `'${password}'`);
  for (const statement of splitStatements(text)) await world.pool.query(statement);
  return { user, password };
}
