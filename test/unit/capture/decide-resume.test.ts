import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers } from "../../../sidecar/capture/decide-covers.ts";
import { type Checkpoint, decideResume, type ServerFacts } from "../../../sidecar/capture/decide-resume.ts";

const UUID = "0e6d9198-e5d6-11f1-8e95-02fc00000001";
const MYSQL: ServerFacts = {
  flavour: "mysql",
  server: UUID,
  logs: [
    { file: "binlog.000003", sizeBytes: 500 },
    { file: "binlog.000004", sizeBytes: 900 },
  ],
  gtidExecuted: `${UUID}:1-100`,
  gtidPurged: `${UUID}:1-40`,
};
const at = (over: Partial<Checkpoint> = {}): Checkpoint => ({
  server: UUID,
  file: "binlog.000004",
  position: 700,
  gtidSet: `${UUID}:1-90`,
  ...over,
});
const reasonOf = (checkpoint: Checkpoint | undefined, facts: ServerFacts): string => {
  const resume = decideResume(checkpoint, facts);
  return resume.kind === "now" ? resume.reason : "on";
};

describe("the tail goes on where it stopped", () => {
  test("by GTID where both sides have one, even when its file was renamed", () => {
    expect(decideResume(at({ file: "other.000001" }), MYSQL)).toEqual({
      kind: "on",
      byGtid: true,
      from: { file: "other.000001", position: 700, gtidSet: `${UUID}:1-90` },
    });
  });

  test("by position where one of them has no GTID", () => {
    const from = { file: "binlog.000004", position: 700, gtidSet: "" };
    const byPosition = { kind: "on", byGtid: false };
    expect(decideResume(at({ gtidSet: "" }), MYSQL)).toEqual({ ...byPosition, from });
    expect(decideResume(at(), { ...MYSQL, gtidExecuted: "", gtidPurged: "" })).toEqual({
      ...byPosition,
      from: { ...from, gtidSet: at().gtidSet },
    });
  });
});

describe("the tail starts from now, with the reason", () => {
  test.each<[string, Checkpoint | undefined, ServerFacts]>([
    ["first start", undefined, MYSQL],
    ["another server", at({ server: "uid:else" }), MYSQL],
    ["purged file", at({ gtidSet: `${UUID}:1-39` }), MYSQL],
    ["file reset", at({ gtidSet: `${UUID}:1-101` }), MYSQL],
    ["purged file", at({ gtidSet: "", file: "binlog.000002" }), MYSQL],
    ["file reset", at({ gtidSet: "", file: "binlog.000005" }), MYSQL],
    ["file reset", at({ gtidSet: "", position: 901 }), MYSQL],
  ])("%s", (reason, checkpoint, facts) => {
    expect(reasonOf(checkpoint, facts)).toBe(reason);
    const resume = decideResume(checkpoint, facts);
    expect(resume.from).toEqual({ file: "binlog.000004", position: 900, gtidSet: facts.gtidExecuted });
  });
});

test("a server that executed nothing yet is asked by GTID where that is safe", () => {
  const fresh = { ...MYSQL, gtidExecuted: "", gtidPurged: "" };
  expect(decideResume(undefined, fresh).byGtid).toBe(false);
  expect(decideResume(undefined, { ...fresh, flavour: "mariadb" }).byGtid).toBe(true);
});

describe("whatever the checkpoint and the server say", () => {
  const sequence = fc.integer({ min: 1, max: 200 });
  const factsOf = (flavour: "mysql" | "mariadb", executed: number, purged: number): ServerFacts => ({
    flavour,
    server: "s",
    logs: [{ file: "binlog.000007", sizeBytes: 1_000 }],
    gtidExecuted: flavour === "mysql" ? `${UUID}:1-${String(executed)}` : `0-1-${String(executed)}`,
    gtidPurged: flavour === "mysql" ? `${UUID}:1-${String(purged)}` : `0-1-${String(purged)}`,
  });
  const pointOf = (flavour: "mysql" | "mariadb", n: number): Checkpoint => ({
    server: "s",
    file: "binlog.000007",
    position: 4,
    gtidSet: flavour === "mysql" ? `${UUID}:1-${String(n)}` : `0-1-${String(n)}`,
  });

  test("a place is resumed by GTID exactly when the server executed it and still has what follows it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("mysql" as const, "mariadb" as const),
        sequence,
        sequence,
        sequence,
        (flavour, a, b, done) => {
          const facts = factsOf(flavour, Math.max(a, b), Math.min(a, b));
          const resumes = decideResume(pointOf(flavour, done), facts).kind === "on";
          expect(resumes).toBe(done <= Math.max(a, b) && done >= Math.min(a, b));
        },
      ),
    );
  });

  test("a position is never resumed in a file that is not listed, nor behind a file's end", () => {
    const file = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(file, fc.nat(2_000), fc.nat(2_000), file, (number, position, sizeBytes, oldest) => {
        const name = (n: number): string => `binlog.00000${String(n)}`;
        const logs = [oldest, 9].map((n) => ({ file: name(n), sizeBytes }));
        const facts = { ...MYSQL, gtidExecuted: "", gtidPurged: "", logs };
        const resume = decideResume(at({ gtidSet: "", file: name(number), position }), facts);
        const isListed = logs.some((log) => log.file === name(number)) && position <= sizeBytes;
        expect(resume.kind).toBe(isListed ? "on" : "now");
        expect(resume.byGtid).toBe(false);
      }),
    );
  });
});

describe("one set of transactions covers another", () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 25 });
  const setOf = (ids: readonly number[]): string => `${UUID}:${ids.map(String).join(":")}`;

  test("exactly when it holds every number of it, however the intervals are written", () => {
    fc.assert(
      fc.property(numbers, numbers, (have, needed) => {
        const expected = needed.every((id) => have.includes(id));
        expect(covers("mysql", setOf(have), setOf(needed))).toBe(expected);
      }),
    );
  });

  test("only for the same source and tag", () => {
    expect(covers("mysql", `${UUID}:1-9`, `${UUID}:tag:1`)).toBe(false);
    expect(covers("mysql", `${UUID}:1-9:tag:1-3`, `${UUID}:tag:2:4-5`)).toBe(false);
    expect(covers("mysql", `${UUID}:1-9:tag:1-3`, `${UUID}:2-3:tag:2`)).toBe(true);
    expect(covers("mysql", "", `${UUID}:1`)).toBe(false);
    expect(covers("mysql", `${UUID}:1`, "")).toBe(true);
  });

  test("in MariaDB when no domain of it is ahead or unknown", () => {
    expect(covers("mariadb", "0-1-9,1-1-4", "0-2-9")).toBe(true);
    expect(covers("mariadb", "0-1-9", "0-1-10")).toBe(false);
    expect(covers("mariadb", "0-1-9", "1-1-1")).toBe(false);
    expect(covers("mariadb", "0-1-18446744073709551615", "0-1-18446744073709551614")).toBe(true);
  });
});
