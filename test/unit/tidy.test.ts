// What no linter holds: that the documents and the code say the same, and that the tree is clean.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { JOB_STATES } from "../../sidecar/domain/job.ts";
import { createMetrics } from "../../sidecar/platform/metrics.ts";
import { migrationFiles } from "../../sidecar/platform/migrate.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** Committed files and new ones, without what is ignored or was removed. */
const FILES = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const SIDECAR = FILES.filter((path) => path.startsWith("sidecar/") && path.endsWith(".ts"));
const TEXTS = FILES.filter((path) => !/\.(png|ico|woff2?)$/.test(path) && path !== "package-lock.json");

/** The first cells of the tables below a heading of ARCHITECTURE.md, without their backticks. */
function catalogue(heading: string): readonly string[] {
  const [, below = ""] = read("ARCHITECTURE.md").split(`\n## ${heading}\n`);
  const [part = ""] = below.split("\n## ");
  return [...part.matchAll(/^\| `([^`]+)` \|/gm)].map((row) => row[1] ?? "");
}

/** Every match of the pattern's first group in these files, once. */
function mentioned(paths: readonly string[], pattern: RegExp): readonly string[] {
  const found = paths.flatMap((path) => [...read(path).matchAll(pattern)].map((match) => match[1] ?? ""));
  return [...new Set(found)].sort();
}

describe("the documents and the code", () => {
  test("name the same folders of the sidecar, in the README of the sidecar", () => {
    const folders = readdirSync(join(ROOT, "sidecar"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    const parts = readdirSync(join(ROOT, "sidecar/stock"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `stock/${entry.name}`);
    const rows = read("sidecar/README.md").matchAll(/^\| `([a-z]+(?:\/[a-z]+)?)\/` \|/gm);
    const documented = [...rows].map((row) => row[1]);
    expect([...documented].sort()).toEqual([...folders, ...parts].sort());
  });

  test("have the same error codes, each documented once", () => {
    expect([...catalogue("Errors")].sort()).toEqual(mentioned(SIDECAR, /"(E_[A-Z_]+)"/g));
  });

  test("have the same metrics, each documented once", () => {
    const names = createMetrics()
      .registry.getMetricsAsArray()
      .map((metric) => metric.name);
    expect([...catalogue("Metrics")].sort()).toEqual(names.sort());
  });

  test("have the same log events, each documented once", () => {
    const names = mentioned(["sidecar/platform/log.ts"], /event: "([a-z._]+)"/g);
    expect([...catalogue("Log events")].sort()).toEqual(names);
  });

  test("draw the same states of a job", () => {
    const diagram = /```mermaid\n([\s\S]*?)```/.exec(read("ARCHITECTURE.md"))?.[1] ?? "";
    const drawn = [...diagram.matchAll(/([a-z]+) --> ([a-z]+)/g)].flatMap((arrow) => [arrow[1], arrow[2]]);
    expect([...new Set(drawn)].sort()).toEqual([...JOB_STATES].sort());
  });

  test.each(["ARCHITECTURE.md", "test/CASES.md"])(
    "agree on which test holds what %s tells of",
    (document) => {
      const text = read(document);
      const rows = [...text.matchAll(/`(test\/[^`]+)`(?: › "([^"]+)")?/g)].map((row) => ({
        path: row[1] ?? "",
        title: row[2] ?? "",
      }));
      expect(rows.length).toBeGreaterThan(20);
      for (const { path, title } of rows) {
        expect(existsSync(join(ROOT, path)), path).toBe(true);
        if (title !== "") expect(read(path), `${path} › ${title}`).toContain(title);
      }
    },
  );

  test("link to files that exist", () => {
    for (const path of FILES.filter((file) => file.endsWith(".md"))) {
      for (const link of read(path).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(ROOT, dirname(path), link[1] ?? "")), `${path} → ${link[1] ?? ""}`).toBe(true);
      }
    }
  });

  test("name only commands that the command line has", () => {
    const registered = mentioned(
      SIDECAR.filter((path) => path.startsWith("sidecar/cli/")),
      /\.command\("([a-z]+)/g,
    );
    const documents = ["README.md", "deploy/RUNBOOK.md", "ARCHITECTURE.md", "CHANGELOG.md"];
    const named = mentioned(documents, /`erpsync ([a-z]+)/g);
    expect(named.filter((name) => !registered.includes(name))).toEqual([]);
  });

  test("tell in the changelog what has not been released yet", () => {
    const unreleased = /\n## Unreleased\n([\s\S]*?)(?:\n## |$)/.exec(read("CHANGELOG.md"))?.[1] ?? "";
    expect(unreleased.trim().length).toBeGreaterThan(100);
  });
});

describe("the tree", () => {
  test("has migrations without a gap, each with its header", () => {
    const files = migrationFiles();
    expect(files.map((file) => file.id)).toEqual(files.map((_, index) => index + 1));
    for (const file of files) expect(file.statements.length).toBeGreaterThan(0);
  });

  test("switches a rule off only with a reason", () => {
    const markers = [
      { of: /eslint-disable[^\n]*/g, reasoned: /eslint-disable-(next-)?line \S.* -- \S/ },
      { of: /@ts-(expect-error|ignore|nocheck)[^\n]*/g, reasoned: /@ts-expect-error \S+ \S+/ },
      { of: /@phpstan-ignore[^\n]*/g, reasoned: /@phpstan-ignore\S* \S+ \S+/ },
    ];
    const self = "test/unit/tidy.test.ts";
    for (const path of TEXTS.filter((file) => /\.(ts|mjs|cjs|php)$/.test(file) && file !== self)) {
      for (const { of, reasoned } of markers) {
        for (const [marker] of read(path).matchAll(of)) expect(marker, path).toMatch(reasoned);
      }
    }
  });

  test("holds no file of more than 200 KB but the lock file", () => {
    const large = FILES.filter(
      (path) => path !== "package-lock.json" && statSync(join(ROOT, path)).size > 200_000,
    );
    expect(large).toEqual([]);
  });

  test("holds no file that a run left behind", () => {
    expect(FILES.filter((path) => /\.(log|dump|bak|orig|rej|tmp|pid|sock)$|(^|\/)\.env$/.test(path))).toEqual(
      [],
    );
  });

  test("is free of notes to oneself, of machine paths and of registries' addresses", () => {
    // Written in halves, so that this file does not contain them.
    const forbidden = new RegExp(
      [
        "TO" + "DO",
        "FIX" + "ME",
        "XX" + "X\\b",
        "/wo" + "rk/",
        'console\\.log\\("debug',
        "regis" + "try\\.(npm|yarn)",
      ].join("|"),
    );
    const found = TEXTS.filter((path) => forbidden.test(read(path)));
    expect(found.filter((path) => path !== "test/unit/tidy.test.ts")).toEqual([]);
    expect(read("package-lock.json")).not.toMatch(/"resolved"/);
  });

  test("has an index.php in every folder of the module, as the shop's validator asks", () => {
    const folders = new Set(
      FILES.filter((path) => path.startsWith("prestashop-module/erpsync/")).map((path) => dirname(path)),
    );
    for (const folder of folders) expect(existsSync(join(ROOT, folder, "index.php")), folder).toBe(true);
  });

  test("locks the binaries of every platform, so that npm ci works anywhere", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(
        (name) =>
          packages[`${path}/node_modules/${name}`] === undefined &&
          packages[`node_modules/${name}`] === undefined,
      ),
    );
    expect(missing).toEqual([]);
  });
});
