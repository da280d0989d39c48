const MARK = /\[erpsync:([^\][]*)\]/;

/** Text for a field that people may write in, too: `[erpsync:…]`. */
export const encodeFingerprint = (fingerprint: string): string =>
  `[erpsync:${fingerprint.replace(/[%[\]]/g, (sign) => encodeURIComponent(sign))}]`;

/** The fingerprint in a field's text, or undefined where it holds none. */
export function decodeFingerprint(text: unknown): string | undefined {
  const marked = typeof text === "string" ? MARK.exec(text)?.[1] : undefined;
  return marked?.replace(/%(25|5B|5D)/g, (code) => decodeURIComponent(code));
}
