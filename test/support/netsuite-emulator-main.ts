import { parseArgs } from "node:util";
import { startNetSuiteEmulator } from "./netsuite-emulator.ts";

/**
 * The emulator as a process of its own, because tests kill sidecars, not the ERP. Prints one line of JSON
 * (`{"url","controlUrl","settings"}`) once it listens; ends on SIGTERM, SIGINT, or when its parent's pipe to stdin closes
 * with `--with-parent`.
 *
 *     npx tsx test/support/netsuite-emulator-main.ts [--port N] [--control-port N] [--limit 10] [--token-seconds 3600]
 *                                                    [--auth oauth2-es256|oauth2-ps256|tba] [--with-parent]
 */
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    "control-port": { type: "string", default: "0" },
    limit: { type: "string", default: "10" },
    "token-seconds": { type: "string", default: "3600" },
    auth: { type: "string", default: "oauth2-es256" },
    "with-parent": { type: "boolean", default: false },
  },
});

const emulator = await startNetSuiteEmulator({
  port: Number(values.port),
  controlPort: Number(values["control-port"]),
  concurrencyLimit: Number(values.limit),
  tokenLifeSeconds: Number(values["token-seconds"]),
});
const auth = values.auth === "tba" || values.auth === "oauth2-ps256" ? values.auth : "oauth2-es256";
const { url, controlUrl } = emulator;
process.stdout.write(`${JSON.stringify({ url, controlUrl, settings: emulator.settings(auth) })}\n`);

const stop = (): void => {
  // An open stdin would keep the process alive.
  process.stdin.destroy();
  void emulator.close();
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
if (values["with-parent"]) {
  process.stdin.resume();
  process.stdin.once("end", stop);
}
