import { randomUUID } from "node:crypto";
import { uuidv7 } from "uuidv7";

/** A random UUID. */
export const v4 = (): string => randomUUID();
/** A UUID that sorts by time. */
export const v7 = (): string => uuidv7();
