import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";

/** A Redis server of the test's own, without persistence: a restart loses all, which is what the limiter must bear. */
export interface RedisProcess {
  readonly url: string;
  readonly start: () => Promise<void>;
  /** As a power cut: nothing is saved, no connection is closed politely. */
  readonly kill: () => Promise<void>;
  readonly command: (...words: readonly string[]) => string;
}

/** The reason why there can be no Redis here, or undefined. */
export function redisIsMissing(): string | undefined {
  const found = spawnSync("redis-server", ["--version"]).status === 0;
  return found ? undefined : "redis-server is not installed (apt-get install redis-server)";
}

/** A server on a free port of the loopback address; not started yet. */
export async function redisProcess(): Promise<RedisProcess> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  return {
    url: `redis://127.0.0.1:${String(port)}`,
    start: async () => {
      const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
      const starting = spawn("redis-server", words, { stdio: ["ignore", "pipe", "inherit"] });
      child = starting;
      for await (const chunk of starting.stdout) {
        if (String(chunk).includes("Ready to accept connections")) break;
      }
      starting.stdout.resume();
    },
    kill: async () => {
      const dying = child;
      child = undefined;
      if (dying?.exitCode !== null) return;
      dying.kill("SIGKILL");
      await once(dying, "exit");
    },
    command: (...words) =>
      spawnSync("redis-cli", ["-p", String(port), ...words], { encoding: "utf8" }).stdout.trim(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
