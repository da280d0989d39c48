import type { Epoch } from "./ids.ts";

/** Which orders are exported, and under which keys. It changes only by `erpsync adopt`, which restarts the work. */
export interface ExportScope {
  /** Letters and digits; stands in every external id. */
  readonly shopKey: string;
  /** Orders up to this id are history, exported only when a person asks for them. */
  readonly exportAfterOrder: number;
  readonly epochs: readonly Epoch[];
}
