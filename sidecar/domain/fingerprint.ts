import { createHash } from "node:crypto";

/**
 * Tells a record from another that once had the same id: 16 hex digits over what never changes in it. An order:
 * reference, secure key, date; a customer: secure key, date. (The secure key is a secret, so only its hash leaves.)
 */
export function fingerprint(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
}

/** SHA-256 of a text, hex: of bodies and of what was sent and answered. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** An order's fingerprint, from what never changes in its row. */
export function orderFingerprint(row: {
  readonly reference: string;
  readonly secure_key: string;
  readonly date_add: string;
}): string {
  return fingerprint(row.reference, row.secure_key, row.date_add);
}

/** A customer's fingerprint, from what never changes in the account. */
export function customerFingerprint(row: { readonly secure_key: string; readonly date_add: string }): string {
  return fingerprint(row.secure_key, row.date_add);
}
