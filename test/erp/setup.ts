import { prepareTryton, trytonMissing } from "../support/tryton.ts";

/** Vitest's globalSetup: what is made once is made before several files want it at once. */
export function setup(): void {
  const missing = trytonMissing();
  if (missing === undefined) prepareTryton();
  else console.error(`The tests on Tryton are skipped. ${missing}`);
}
