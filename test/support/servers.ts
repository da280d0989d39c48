import type { TestProject } from "vitest/node";
import { addressOf, type DatabaseServer, type ServerAddress } from "./database-server.ts";
import { startMariadb } from "./mariadb.ts";
import { findMysql, startMysql } from "./mysql.ts";
import { SupportError } from "./support-error.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The servers that run for this test run; tests reach them through `eachServer`. */
    servers: readonly ServerAddress[];
  }
}

interface SharedServers {
  users: number;
  readonly started: Promise<readonly DatabaseServer[]>;
}

/** Vitest loads this file once a project, all in one process; the projects share one set of servers. */
const shared = globalThis as { erpsyncTestServers?: SharedServers | undefined };

/** Vitest's globalSetup: starts the servers, tells the tests where they are, and returns what stops them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.erpsyncTestServers ??= { users: 0, started: startServers() };
  const mine = shared.erpsyncTestServers;
  mine.users += 1;
  const servers = await mine.started;
  project.provide("servers", servers.map(addressOf));
  return async () => {
    mine.users -= 1;
    if (mine.users > 0) return;
    shared.erpsyncTestServers = undefined;
    await Promise.all(servers.map((server) => server.stop()));
  };
}

async function startServers(): Promise<readonly DatabaseServer[]> {
  const wanted = process.env["ERPSYNC_TEST_SERVERS"] ?? "both";
  if (wanted !== "mariadb" && wanted !== "mysql" && wanted !== "both") {
    throw new SupportError(`ERPSYNC_TEST_SERVERS is "${wanted}"; it can be mariadb, mysql or both.`);
  }
  if (wanted === "mysql" && findMysql() === undefined) {
    throw new SupportError(
      "ERPSYNC_TEST_SERVERS asks for MySQL, and there is none; see ERPSYNC_MYSQL_CHROOT.",
    );
  }
  const [mariadb, mysql] = await Promise.all([
    wanted === "mysql" ? undefined : startMariadb(),
    wanted === "mariadb" ? undefined : startMysql(),
  ]);
  return [mariadb, mysql].filter((server) => server !== undefined);
}
