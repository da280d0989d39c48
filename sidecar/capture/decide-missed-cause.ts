/** Why no hook announced an order, as far as the shop's tables tell. */
export type MissedCause = "module-absent" | "module-disabled" | "hook-unregistered" | "hook-failed-or-sql";

/** What the shop's tables say of the module. */
export interface ModuleState {
  readonly installed: boolean;
  readonly active: boolean;
  /** Names of the hooks that the module is registered on. */
  readonly hooks: readonly string[];
}

/** Both are needed: the first opens the transaction, the second writes the outbox row and commits. */
export const ORDER_HOOKS = ["actionObjectOrderAddBefore", "actionObjectOrderAddAfter"] as const;

/** Decides on the cause; the last one means that all is set up, so the hook failed or nobody called it (plain SQL). */
export function decideMissedCause(state: ModuleState): MissedCause {
  if (!state.installed) return "module-absent";
  if (!state.active) return "module-disabled";
  const registered = new Set(state.hooks.map((name) => name.toLowerCase()));
  const isRegistered = ORDER_HOOKS.every((name) => registered.has(name.toLowerCase()));
  return isRegistered ? "hook-failed-or-sql" : "hook-unregistered";
}
