import { sql } from "kysely";
import { expect, test } from "vitest";
import { openDatabase } from "../../sidecar/platform/database.ts";
import { eachServer } from "../support/each-server.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { World } from "../support/world.ts";

eachServer("a half-open database connection", (server) => {
  test("fails its statement within the bound instead of holding a worker, and is replaced by a new one", async () => {
    await using world = await World.create({ server });
    const proxy = await startTcpProxy(server);
    world.onDispose(() => proxy.close());
    const settings = { ...world.settings, host: proxy.host, port: proxy.port, connections: 1 };
    const db = openDatabase({ ...settings, statementTimeoutMs: 300 });
    world.onDispose(() => db.destroy());
    await sql`SELECT 1`.execute(db);
    proxy.setMode({ kind: "half-open" });
    await expect(sql`SELECT 1`.execute(db)).rejects.toMatchObject({ code: "PROTOCOL_SEQUENCE_TIMEOUT" });
    proxy.setMode({ kind: "pass" });
    await expect(sql`SELECT 2 AS two`.execute(db)).resolves.toMatchObject({ rows: [{ two: 2 }] });
  });
});
