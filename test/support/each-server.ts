import { describe, inject } from "vitest";
import type { ServerAddress } from "./database-server.ts";
import type {} from "./servers.ts";
import { SupportError } from "./support-error.ts";

/** One `describe` for each server of this run, named after it. */
export function eachServer(title: string, tests: (server: ServerAddress) => void): void {
  describe.each(inject("servers").map((server) => ({ kind: server.kind, server })))(
    `${title} ($kind)`,
    ({ server }) => {
      tests(server);
    },
  );
}

/** The same on the first server only, for long tests of what does not depend on the server. */
export function oneServer(title: string, tests: (server: ServerAddress) => void): void {
  describe(title, () => {
    tests(runningServer());
  });
}

/** The running server of that kind; without a kind the first, which is MariaDB unless the run excludes it. */
export function runningServer(kind?: ServerAddress["kind"]): ServerAddress {
  const found = inject("servers").find((server) => kind === undefined || server.kind === kind);
  if (found === undefined) {
    throw new SupportError(
      `This run has no ${kind ?? "server"}; set ERPSYNC_TEST_SERVERS=both or use eachServer.`,
    );
  }
  return found;
}
