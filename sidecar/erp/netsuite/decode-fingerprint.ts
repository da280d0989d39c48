const MARK = /\[erpsync:([^\][]*)\]/;

/**
 * Text for the field that carries the fingerprint: `[erpsync:…]`. The mark keeps it readable to us when a person
 * writes something before or behind it.
 */
export function encodeFingerprint(fingerprint: string): string {
  return `[erpsync:${fingerprint.replace(/[%[\]]/g, (sign) => encodeURIComponent(sign))}]`;
}

/** The fingerprint in a field's text, or undefined where it holds none. */
export function decodeFingerprint(text: unknown): string | undefined {
  const marked = typeof text === "string" ? MARK.exec(text)?.[1] : undefined;
  return marked?.replace(/%(25|5B|5D)/g, (code) => decodeURIComponent(code));
}
