import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** How deploy/Dockerfile starts Node: without these bounds it clears its memory up the later the more the machine has. */
export const NODE_FLAGS = ["--max-semi-space-size=4", "--max-old-space-size=1024"] as const;

/** A program of the benchmarks as plain JavaScript. */
export interface Program {
  readonly file: string;
  readonly [Symbol.dispose]: () => void;
}

/**
 * A program that imports nothing but the sidecar, as plain JavaScript, as it is deployed: a loader that compiles on the
 * fly holds some 60 MiB of its own. It lies under node_modules, so that it finds its packages and nobody commits it.
 */
export function compileProgram(program: string): Program {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, "erpsync-bench-"));
  writeFileSync(join(out, "package.json"), '{"type":"module"}');
  const sources = readdirSync(join(root, "sidecar"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join("sidecar", name));
  for (const source of [...sources, program]) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, source), "utf8"), {
      fileName: source,
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        rewriteRelativeImportExtensions: true,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(out, source.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return {
    file: join(out, program.replace(/\.ts$/, ".js")),
    [Symbol.dispose]: () => {
      rmSync(out, { recursive: true, force: true });
    },
  };
}
