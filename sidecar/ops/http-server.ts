import Fastify from "fastify";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { type ApiRoute, mountApi } from "./api.ts";
import type { Readiness } from "./decide-ready.ts";
import type { LiveStatus } from "./status.ts";

export interface OpsServerDeps {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly readiness: () => Promise<Readiness>;
  /** Brings the gauges up to date before they are read. */
  readonly refresh: () => Promise<void>;
  readonly live: () => LiveStatus;
  /** What `/api` offers to who has the token; undefined: it answers nobody. */
  readonly apiToken?: string | undefined;
  readonly apiRoutes: readonly ApiRoute[];
}

/** A running server; `address` is where it listens. */
export interface OpsServer {
  readonly address: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves `/health` (the process lives), `/ready` (it works, or the reasons why not), `/metrics` (Prometheus), `/status` (what
 * only this process knows, for `erpsync status`) and `/api`. No answer holds personal data. A port that is taken is an error: an unseen sidecar is worse than none.
 */
export async function startOpsServer(deps: OpsServerDeps): Promise<OpsServer> {
  const server = Fastify({ logger: false });
  server.get("/health", () => ({ status: "ok" }));
  server.get("/ready", async (_request, reply) => {
    const readiness = await deps.readiness();
    return await reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  server.get("/metrics", async (_request, reply) => {
    await deps.refresh();
    return await reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics());
  });
  server.get("/status", () => deps.live());
  await mountApi(server, deps.apiToken, deps.apiRoutes, deps.log);
  const address = await server.listen({ host: deps.host, port: deps.port });
  deps.log("info", { event: "http.listening", address });
  return { address, close: () => server.close() };
}
