// Runs a TypeScript file of this repository from a fresh clone: `node bootstrap.mjs FILE.ts [arguments]`.
// Plain JavaScript without packages, since it is what installs them.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_NODE = [20, 19];
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** A package that the lock file lists and that is not there, or in another version; undefined when all is well. */
function firstMissingPackage() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === "" || entry.optional || entry.devOptional || entry.peer || entry.link) continue;
    const manifest = join(root, path, "package.json");
    if (!existsSync(manifest)) return path;
    if (JSON.parse(readFileSync(manifest, "utf8")).version !== entry.version) return path;
  }
  return undefined;
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  fail(
    `Node ${OLDEST_NODE.join(".")} or newer is needed; this is ${process.versions.node}. See https://nodejs.org.`,
  );
}

function npm(...words) {
  return (
    spawnSync("npm", [...words, "--no-audit", "--no-fund"], { cwd: root, stdio: ["ignore", 2, 2] }).status ===
    0
  );
}

const missing = firstMissingPackage();
if (missing !== undefined) {
  console.error(`The package ${missing.replace("node_modules/", "")} is missing; running npm ci.`);
  // npm ci refuses a lock file in which a registry's gap left out the binaries of other platforms; npm install
  // takes the same versions from it and leaves the file as it is.
  if (!npm("ci") && !npm("install", "--no-save")) {
    fail(
      "npm could not install the packages; its messages stand above. Run npm ci once the cause is mended.",
    );
  }
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("Usage: node test/support/bootstrap.mjs FILE.ts [arguments]");
if (!existsSync(resolve(file))) fail(`There is no ${file} in ${process.cwd()}.`);

const child = spawn(process.execPath, ["--import", "tsx", file, ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // From a terminal the child gets Ctrl-C itself; sent twice it does no harm, and this process must outlive it.
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("error", (error) => fail(`Node could not be started: ${error.message}`));
child.on("exit", (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});
