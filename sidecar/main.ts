#!/usr/bin/env node
import { execute } from "./cli/program.ts";

process.exitCode = await execute(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isWatched: process.stdout.isTTY,
  fail: () => undefined,
});
