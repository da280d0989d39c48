/** What we remember of the shop. The same is kept in the database and in a file outside of it. */
export interface Remembered {
  /** UUID of this installation, made at its first start. */
  readonly installation: string;
  /** MySQL's server UUID; empty on MariaDB, whose identity names the machine and not the data. */
  readonly server: string;
  readonly shopUrl: string;
  /** Highest id_order that was seen. */
  readonly orderHighWater: number;
  /** Fingerprint of that order; empty where there was none. */
  readonly orderFingerprint: string;
  readonly customerHighWater: number;
  /** The last epoch that was opened, which a restored database may have forgotten; its number is never used again. */
  readonly epoch: number;
}

/** What the database remembers; the fingerprint and the epochs stand in tables of their own. */
export type RememberedRow = Omit<Remembered, "orderFingerprint" | "epoch">;

/** What the shop says now. */
export interface ShopNow {
  readonly server: string;
  readonly shopUrl: string;
  readonly orderMax: number;
  readonly customerMax: number;
  /** The id that the next order gets, or undefined where the server does not say. */
  readonly nextOrderId: number | undefined;
  /** Fingerprint of the order that the file remembers as the highest; undefined where that order is gone. */
  readonly fingerprintAtHighWater: string | undefined;
}

/** Why writing stops. `restored` covers a cleared shop: in both, ids come back. */
export type IdentityVerdict =
  | { readonly kind: "first-start" }
  | { readonly kind: "same" }
  | {
      readonly kind: "stop";
      readonly code: "restored" | "moved";
      readonly reason: string;
      /** False where only this process's state file is the matter: a second machine must not stop the first one. */
      readonly everywhere: boolean;
    };

const stop = (code: "restored" | "moved", reason: string, everywhere = true): IdentityVerdict => ({
  kind: "stop",
  code,
  reason,
  everywhere,
});

/** Decides whether the shop is the one that we last saw. `row` is the database's memory, `file` the file's. */
export function decideIdentity(
  row: RememberedRow | undefined,
  file: Remembered | undefined,
  now: ShopNow,
): IdentityVerdict {
  if (row === undefined) {
    if (file === undefined) return { kind: "first-start" };
    return stop(
      "restored",
      "The database knows nothing of erpsync, and the state file remembers this installation",
    );
  }
  return decideMoved(row, file, now) ?? decideRestored(row, file, now) ?? { kind: "same" };
}

function decideMoved(
  row: RememberedRow,
  file: Remembered | undefined,
  now: ShopNow,
): IdentityVerdict | undefined {
  if (file === undefined) {
    return stop("moved", "The database was set up by another machine: this one has no state file", false);
  }
  if (file.installation !== row.installation) {
    return stop("moved", "The state file belongs to another installation than the database", false);
  }
  if (row.shopUrl !== now.shopUrl) {
    return stop("moved", `The shop's address was ${row.shopUrl} and is ${now.shopUrl}: a clone, or a move`);
  }
  if (row.server !== now.server) {
    return stop("moved", `The database server was ${row.server} and is ${now.server}: a clone, or a move`);
  }
  return undefined;
}

function decideRestored(
  row: RememberedRow,
  file: Remembered | undefined,
  now: ShopNow,
): IdentityVerdict | undefined {
  return (
    (file === undefined ? undefined : decideOtherOrders(row, file, now)) ?? decideUsedIds(row, file, now)
  );
}

function decideOtherOrders(row: RememberedRow, file: Remembered, now: ShopNow): IdentityVerdict | undefined {
  if (row.orderHighWater < file.orderHighWater && now.orderMax < file.orderHighWater) {
    return stop(
      "restored",
      `Order ${String(file.orderHighWater)} was seen, and the highest is ${String(now.orderMax)}`,
    );
  }
  const sameOrder = now.fingerprintAtHighWater === file.orderFingerprint;
  if (now.fingerprintAtHighWater !== undefined && !sameOrder) {
    return stop("restored", `Order ${String(file.orderHighWater)} is not the one that had this id before`);
  }
  return undefined;
}

function decideUsedIds(
  row: RememberedRow,
  file: Remembered | undefined,
  now: ShopNow,
): IdentityVerdict | undefined {
  const high = Math.max(row.orderHighWater, file?.orderHighWater ?? 0);
  // Deleted orders leave the counter where it was; a cleared or restored table hands the ids out again.
  if (now.orderMax < high && now.nextOrderId !== undefined && now.nextOrderId <= high) {
    return stop(
      "restored",
      `The next order would get id ${String(now.nextOrderId)}, and ${String(high)} was used before`,
    );
  }
  return undefined;
}
