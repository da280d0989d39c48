import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../../sidecar/config.ts";

const EXAMPLE = readFileSync(resolve(import.meta.dirname, "../../deploy/erpsync.example.yaml"), "utf8");
const SECRETS = {
  ERPSYNC_SHOP_SECRET: "s".repeat(40),
  ERPSYNC_DB_PASSWORD: "p",
  NETSUITE_CLIENT_ID: "c",
  NETSUITE_CERTIFICATE_ID: "k",
  NETSUITE_PRIVATE_KEY: "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
};
const folder = mkdtempSync(join(tmpdir(), "erpsync-config-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Loads the example with one line of it replaced. */
async function loadWith(line: string, replacement: string) {
  const file = join(folder, "erpsync.yaml");
  expect(EXAMPLE).toContain(line);
  writeFileSync(file, EXAMPLE.replace(line, replacement));
  return await loadConfig(file, SECRETS);
}

test("a misspelt setting of the ERP is refused by its name, together with every other fault", async () => {
  await expect(loadWith("  limit: 8", "  limt: 2\n  redisUrl: 7")).rejects.toThrow(
    /erp\.redisUrl[\s\S]*erp\.limt: there is no such setting/,
  );
});

test("a settling time within the reach of a call is refused with the least that will do", async () => {
  await expect(loadWith("  settleMs: 60000", "  settleMs: 35000")).rejects.toThrow(
    /erp\.settleMs: 35000 .*more than 35000/,
  );
  const config = await loadWith("  settleMs: 60000", "  settleMs: 35001");
  expect(config.erp.settleMs).toBe(35_001);
});

test("an ERP that owns the stock without a ledger to compare with is refused", async () => {
  const comment = "  # `erp`: figures of the ERP set the shop's stock. `shop`: nothing of the ERP's does.";
  const lines = `  ledger: true\n${comment}\n`;
  const owned = `${lines}  owner: erp`;
  await expect(loadWith(`${lines}  owner: shop`, owned)).resolves.toMatchObject({ stock: { owner: "erp" } });
  await expect(
    loadWith(`${lines}  owner: shop`, owned.replace("ledger: true", "ledger: false")),
  ).rejects.toThrow(/stock\.owner: erp needs stock\.ledger: true/);
});

test.each(["half past three", "30 3 * *", "30 3 * * * *", "61 3 * * *", "0 0 31 2 *", ""])(
  "a schedule that is no cron expression or never comes is refused: '%s'",
  async (text) => {
    await expect(loadWith('reconcileAt: "30 3 * * *"', `reconcileAt: "${text}"`)).rejects.toThrow(
      /stock\.reconcileAt: use a cron expression/,
    );
  },
);
