import { expect, test } from "vitest";
import { runCommand } from "../../support/command.ts";
import { eachServer } from "../../support/each-server.ts";
import { insertAttempt, insertJob, jobStates } from "../../support/job-rows.ts";
import { startNetSuiteEmulator } from "../../support/netsuite-emulator.ts";
import { Installation } from "../../support/sidecar.ts";
import { World } from "../../support/world.ts";

eachServer("erpsync dlq and jobs", (server) => {
  test("dead and parked jobs are listed with their reason, and resubmitted with a record of who and why", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await insertJob(world, { subject: "order:1", state: "dead", code: "E_ERP_FAILED", attempts: 5 });
    await insertJob(world, { subject: "order:2", state: "parked", code: "E_MAPPING_MISSING" });
    await insertJob(world, { subject: "order:3", state: "retrying", code: "E_ERP_FAILED", attempts: 2 });
    await insertJob(world, { subject: "order:4", state: "done" });

    const listed = JSON.parse((await runCommand(installation, "dlq", "list", "--json")).out) as object[];
    expect(listed).toMatchObject([
      { subject: "order:1", state: "dead", code: "E_ERP_FAILED", attempts: 5 },
      { subject: "order:2", state: "parked", code: "E_MAPPING_MISSING" },
    ]);
    const retrying = await runCommand(installation, "dlq", "list", "--state", "retrying");
    expect(retrying.out).toContain("order:3");

    const action = ["--reason", "the item exists now", "--actor", "ada"];
    const resubmitted = await runCommand(
      installation,
      ...["dlq", "resubmit", "order:1", "order:3", "order:4", "--json", ...action],
    );
    expect(JSON.parse(resubmitted.out)).toEqual({
      resubmitted: ["order:1"],
      leftAlone: ["order:3", "order:4"],
    });
    expect(resubmitted.code).toBe(1);
    expect(await jobStates(world)).toEqual({
      "order:1": "ready",
      "order:2": "parked",
      "order:3": "retrying",
      "order:4": "done",
    });

    const byCode = ["dlq", "resubmit", "--code", "E_MAPPING_MISSING", ...action];
    expect((await runCommand(installation, ...byCode)).code).toBe(0);
    const rows = await world.rows(
      `SELECT actor, action, subject, reason FROM ${world.table("erpsync_action")} ORDER BY id`,
    );
    expect(rows).toEqual([
      { actor: "ada", action: "dlq.resubmit", subject: "order:1", reason: "the item exists now" },
      { actor: "ada", action: "dlq.resubmit", subject: "order:2", reason: "the item exists now" },
    ]);
    const [first] = await world.rows(
      `SELECT attempts FROM ${world.table("erpsync_job")} WHERE subject = 'order:1'`,
    );
    expect(first).toEqual({ attempts: 0 });
  });

  test("a subject is shown with what was sent and answered, and a resubmission needs a reason", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await insertJob(world, { subject: "order:7", state: "dead", code: "E_ERP_FAILED", attempts: 5 });
    await insertAttempt(world, "order:7", 1);

    const { out } = await runCommand(installation, "dlq", "show", "order:7", "--json");

    expect(JSON.parse(out)).toMatchObject({
      job: { subject: "order:7", state: "dead" },
      attempts: [{ request: { said: "something" }, answer: { said: "something" } }],
      actions: [],
    });
    expect((await runCommand(installation, "dlq", "show", "order:8")).code).toBe(1);
    expect((await runCommand(installation, "dlq", "show", "parcel:8")).code).toBe(2);
    expect((await runCommand(installation, "dlq", "resubmit", "order:7")).code).toBe(2);
    expect((await runCommand(installation, "dlq", "resubmit", "--reason", "why not")).code).toBe(2);
    expect(await jobStates(world)).toEqual({ "order:7": "dead" });
  });

  test("only a torn order that is held can be released", async () => {
    await using world = await World.create({ server });
    await using erp = await startNetSuiteEmulator();
    const installation = await Installation.create(world, { netsuite: erp.settings() });
    await insertJob(world, { subject: "order:1", state: "held", code: "order-torn" });
    await insertJob(world, { subject: "order:2", state: "held", code: "waits-for-customer" });

    const release = (subject: string) =>
      runCommand(installation, "jobs", "release", subject, "--reason", "paid by phone");

    expect((await release("order:1")).code).toBe(0);
    const refused = await release("order:2");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("not held as torn");
    const rows = await world.rows(
      `SELECT subject, state, released FROM ${world.table("erpsync_job")} ORDER BY subject`,
    );
    expect(rows).toEqual([
      { subject: "order:1", state: "ready", released: 1 },
      { subject: "order:2", state: "held", released: 0 },
    ]);
    expect(await world.rows(`SELECT action, subject FROM ${world.table("erpsync_action")}`)).toEqual([
      { action: "jobs.release", subject: "order:1" },
    ]);
  });
});
