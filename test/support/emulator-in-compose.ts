// The ERP of docker-compose.yml's demo profile: starts the emulator and writes a configuration that works on it.
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";
import { startNetSuiteEmulator } from "./netsuite-emulator.ts";
import { SupportError } from "./support-error.ts";

/** Items that exist in the emulator: 1 to this. Map the shop's products to them by `erpsync mapping import`. */
const ITEMS = 1_000;
const TEMPLATE = resolve(import.meta.dirname, "../../deploy/erpsync.compose.yaml");

const { values } = parseArgs({
  options: { origin: { type: "string" }, port: { type: "string" }, config: { type: "string" } },
});
if (values.origin === undefined || values.port === undefined || values.config === undefined) {
  throw new SupportError("Usage: emulator-in-compose.ts --origin URL --port N --config FILE");
}
const emulator = await startNetSuiteEmulator({ origin: values.origin, port: Number(values.port) });
emulator.addItems(Array.from({ length: ITEMS }, (_, index) => String(index + 1)));
const template = parse(readFileSync(TEMPLATE, "utf8")) as { readonly erp: object };
const configuration = { ...template, erp: { ...template.erp, netsuite: emulator.settings() } };
writeFileSync(values.config, stringify(configuration));
console.log(`NetSuite's emulator listens at ${emulator.url}; ${values.config} is written.`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void emulator.close());
