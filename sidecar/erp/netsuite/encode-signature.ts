import { createHmac } from "node:crypto";

/** What a token-based request is signed with. */
export interface TbaCredentials {
  readonly account: string;
  readonly consumerKey: string;
  readonly consumerSecret: string;
  readonly tokenId: string;
  readonly tokenSecret: string;
}

/** The parts of a signature that must differ from request to request. */
export interface SignatureMoment {
  readonly nonce: string;
  /** Seconds since 1970. */
  readonly timestampSeconds: number;
}

/** Percent-encoding of RFC 5849, section 3.6: everything but letters, digits and `-._~`. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The `Authorization` header of a token-based request: OAuth 1.0a with HMAC-SHA256 (RFC 5849, 3.4; Oracle
 * section_1534941088). Signed are the method, the address without query, and the oauth and query parameters in order
 * of their encoded names; the JSON body and the realm are not.
 */
export function encodeSignature(
  method: string,
  address: string,
  credentials: TbaCredentials,
  moment: SignatureMoment,
): string {
  const url = new URL(address);
  const oauth: readonly (readonly [string, string])[] = [
    ["oauth_consumer_key", credentials.consumerKey],
    ["oauth_nonce", moment.nonce],
    ["oauth_signature_method", "HMAC-SHA256"],
    ["oauth_timestamp", String(moment.timestampSeconds)],
    ["oauth_token", credentials.tokenId],
    ["oauth_version", "1.0"],
  ];
  const parameters = [...oauth, ...url.searchParams]
    .map(([name, value]) => ({ name: percentEncode(name), value: percentEncode(value) }))
    .sort((a, b) => order(a.name, b.name) || order(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join("&");
  const base = [method.toUpperCase(), `${url.origin}${url.pathname}`, parameters]
    .map(percentEncode)
    .join("&");
  const key = `${percentEncode(credentials.consumerSecret)}&${percentEncode(credentials.tokenSecret)}`;
  const signature = createHmac("sha256", key).update(base).digest("base64");
  const realm = credentials.account.toUpperCase().replaceAll("-", "_");
  const header = [["realm", realm] as const, ...oauth, ["oauth_signature", signature] as const];
  return `OAuth ${header.map(([name, value]) => `${name}="${percentEncode(value)}"`).join(", ")}`;
}

/** Byte order, as the RFC asks; the texts are ASCII by then. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
