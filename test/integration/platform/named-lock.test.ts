import { expect, test } from "vitest";
import { withNamedLock } from "../../../sidecar/platform/named-lock.ts";
import { systemSleep } from "../../../sidecar/platform/system-clock.ts";
import { eachServer } from "../../support/each-server.ts";
import { until } from "../../support/until.ts";
import { World } from "../../support/world.ts";

const NAME = "erpsync.test.lock";

eachServer("a named lock", (server) => {
  test("tells its holder at once when its connection is killed, and only then lets the next one work", async () => {
    await using world = await World.create({ server });
    const settings = { ...world.settings, connections: 1 };
    const name = `${NAME}.${world.database}`.slice(0, 60);
    const events: string[] = [];
    const end = new AbortController();
    const hold = (who: string) =>
      withNamedLock(
        {
          settings,
          name,
          sleep: systemSleep,
          signal: end.signal,
          onStandby: () => events.push(`${who} waits`),
        },
        async (signal, lost) => {
          events.push(`${who} works`);
          await new Promise<void>((done) => {
            signal.addEventListener("abort", () => done(), { once: true });
          });
          events.push(lost.aborted ? `${who} lost it` : `${who} ends`);
        },
      );
    const first = hold("first");
    await until(() => events.includes("first works"), { what: "the first holder" });
    const second = hold("second");
    await until(() => events.includes("second waits"), { what: "the one that stands by" });
    const [holder] = await world.rows<{ id: number }>("SELECT IS_USED_LOCK(?) AS id", [name]);
    await world.pool.query("KILL ?", [holder?.id]);
    await first;
    await until(() => events.includes("second works"), { what: "the second holder" });
    end.abort();
    await second;
    expect(events).toEqual(["first works", "second waits", "first lost it", "second works", "second ends"]);
  });
});
