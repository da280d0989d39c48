import type { Config } from "../config.ts";
import { UsageError } from "../domain/errors.ts";
import { readIdentity } from "../identity/statements.ts";
import type { Database } from "../platform/database.ts";
import { createMetrics } from "../platform/metrics.ts";
import type { StockParts } from "../stock-wiring.ts";

/**
 * What a command needs to write stock.
 * @throws UsageError while writing is stopped.
 */
export async function commandStock(db: Database, config: Config): Promise<StockParts> {
  const identity = await readIdentity(db);
  if (identity !== undefined && identity.stoppedCode !== null) {
    throw new UsageError(
      `Writing is stopped (${identity.stoppedCode}): ${identity.stoppedReason ?? ""}; see "erpsync adopt"`,
    );
  }
  // The writer asks the database again in each of its transactions.
  return { config, db, metrics: createMetrics(), stopped: () => false };
}
