import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { jsonReply, Problem, type Reply } from "./netsuite-emulator-problem.ts";

/** The ways to log in that the emulator has credentials for. */
export type AuthKind = "oauth2-es256" | "oauth2-ps256" | "tba";

/** The `auth` section of a configuration that the emulator lets in. */
export type AuthSettings =
  | {
      readonly kind: "oauth2";
      readonly clientId: string;
      readonly certificateId: string;
      readonly privateKey: string;
      readonly algorithm: "PS256" | "ES256";
    }
  | {
      readonly kind: "tba";
      readonly consumerKey: string;
      readonly consumerSecret: string;
      readonly tokenId: string;
      readonly tokenSecret: string;
    };

/** A request, as far as its login is concerned. */
export interface SignedRequest {
  readonly method: string;
  /** Address that the client signed: the emulator's own origin with path and query. */
  readonly url: URL;
  readonly authorization: string;
}

/** NetSuite's door. */
export interface EmulatorAuth {
  readonly settings: (kind: AuthKind) => AuthSettings;
  /** The token endpoint. */
  readonly token: (form: string) => Promise<Reply>;
  /** Throws 401 INVALID_LOGIN unless the request is let in. */
  readonly check: (request: SignedRequest) => void;
  /** Ends all tokens at once, as a changed certificate does. */
  readonly expireTokens: () => void;
  readonly tokensIssued: () => number;
}

interface Certificate {
  readonly algorithm: "PS256" | "ES256";
  readonly privateKey: string;
  readonly publicKey: KeyObject;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Section_162790605110: the algorithms that NetSuite takes. */
const ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const CLIENT_ID = "emulator-client";
const TIMESTAMP_WINDOW_SECONDS = 300;

/** Opens the door; `account` is what TBA's realm must say, `tokenUrl` what an assertion's audience must be. */
export function createEmulatorAuth(options: {
  readonly account: string;
  readonly tokenUrl: () => string;
  readonly tokenLifeSeconds: number;
  readonly nowMs: () => number;
}): EmulatorAuth {
  const certificates = new Map<string, Certificate>();
  const tokens = new Map<string, number>();
  const tba = {
    kind: "tba",
    consumerKey: randomBytes(32).toString("hex"),
    consumerSecret: randomBytes(32).toString("hex"),
    tokenId: randomBytes(32).toString("hex"),
    tokenSecret: randomBytes(32).toString("hex"),
  } as const;
  const noncesSeen = new Set<string>();
  let issued = 0;
  return {
    settings: (kind) => (kind === "tba" ? tba : oauth2Settings(kind, certificates)),
    token: async (form) => {
      try {
        await checkAssertion(new URLSearchParams(form), certificates, options.tokenUrl(), options.nowMs());
      } catch (thrown) {
        const description = thrown instanceof Error ? thrown.message : String(thrown);
        return jsonReply(
          400,
          { error: "invalid_request", error_description: description },
          "application/json",
        );
      }
      issued += 1;
      const token = randomBytes(24).toString("base64url");
      tokens.set(token, options.nowMs() + options.tokenLifeSeconds * 1_000);
      // Token 3600 s, no refresh token (facts). NetSuite writes the life as text.
      const body = {
        access_token: token,
        expires_in: String(options.tokenLifeSeconds),
        token_type: "bearer",
      };
      return jsonReply(200, body, "application/json");
    },
    check: (request) => {
      const bearer = /^Bearer (.+)$/.exec(request.authorization)?.[1];
      const letIn =
        bearer !== undefined
          ? (tokens.get(bearer) ?? 0) > options.nowMs()
          : tbaIsValid(request, tba, options.account, noncesSeen, options.nowMs());
      if (!letIn) throw invalidLogin();
    },
    expireTokens: () => {
      tokens.clear();
    },
    tokensIssued: () => issued,
  };
}

/** 401 INVALID_LOGIN, in the words of section_156570709583. */
const invalidLogin = (): Problem =>
  new Problem(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail.");

/** Makes the key pair when it is first asked for, because a 3072-bit RSA pair takes up to a second. */
function oauth2Settings(
  kind: "oauth2-es256" | "oauth2-ps256",
  certificates: Map<string, Certificate>,
): AuthSettings {
  const certificateId = `cert-${kind}`;
  const certificate = certificates.get(certificateId) ?? newCertificate(kind);
  certificates.set(certificateId, certificate);
  const { algorithm, privateKey } = certificate;
  return { kind: "oauth2", clientId: CLIENT_ID, certificateId, privateKey, algorithm };
}

function newCertificate(kind: "oauth2-es256" | "oauth2-ps256"): Certificate {
  // RSA 3072 or 4096, or EC (section_162755359851).
  const pem = { type: "pkcs8", format: "pem" } as const;
  const { privateKey } =
    kind === "oauth2-ps256"
      ? generateKeyPairSync("rsa", { modulusLength: 3072 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const text = privateKey.export(pem).toString();
  return {
    algorithm: kind === "oauth2-ps256" ? "PS256" : "ES256",
    privateKey: text,
    publicKey: createPublicKey(text),
  };
}

/** Form and assertion as section_162790605110 asks for them: grant type, kid, issuer, audience, scope, life. */
async function checkAssertion(
  form: URLSearchParams,
  certificates: ReadonlyMap<string, Certificate>,
  audience: string,
  nowMs: number,
): Promise<void> {
  if (form.get("grant_type") !== "client_credentials") throw new RangeError("grant_type");
  if (form.get("client_assertion_type") !== ASSERTION_TYPE) throw new RangeError("client_assertion_type");
  const assertion = form.get("client_assertion") ?? "";
  const header = decodeProtectedHeader(assertion);
  const certificate = certificates.get(header.kid ?? "");
  if (certificate === undefined) throw new RangeError("kid names no certificate");
  if (header.typ !== "JWT") throw new RangeError("typ");
  const { payload } = await jwtVerify(assertion, certificate.publicKey, {
    algorithms: ALGORITHMS,
    issuer: CLIENT_ID,
    audience,
    currentDate: new Date(nowMs),
    requiredClaims: ["iat", "exp"],
  });
  const scope: unknown = payload["scope"];
  const scopes = Array.isArray(scope) ? scope : String(scope).split(/[ ,]+/);
  if (!scopes.includes("rest_webservices")) throw new RangeError("scope");
  const lifeSeconds = (payload.exp ?? 0) - (payload.iat ?? 0);
  // Exp may be no later than 60 minutes after iat.
  if (lifeSeconds <= 0 || lifeSeconds > 3_600) throw new RangeError("exp");
  if ((payload.iat ?? 0) > nowMs / 1_000 + 60) throw new RangeError("iat lies in the future");
}

/**
 * RFC 5849 with HMAC-SHA256 (section_1534941088). Written apart from the adapter's signature on purpose: one error in
 * both would otherwise agree with itself. A nonce counts once; a timestamp may be five minutes off.
 */
function tbaIsValid(
  request: SignedRequest,
  tba: Extract<AuthSettings, { kind: "tba" }>,
  account: string,
  noncesSeen: Set<string>,
  nowMs: number,
): boolean {
  const sent = oauthParameters(request.authorization);
  const nonce = sent.get("oauth_nonce") ?? "";
  const offSeconds = Math.abs(Number(sent.get("oauth_timestamp")) - nowMs / 1_000);
  const known =
    sent.get("oauth_consumer_key") === tba.consumerKey &&
    sent.get("oauth_token") === tba.tokenId &&
    sent.get("oauth_signature_method") === "HMAC-SHA256" &&
    sent.get("realm") === account.toUpperCase().replaceAll("-", "_");
  if (!known || nonce === "" || noncesSeen.has(nonce) || !(offSeconds <= TIMESTAMP_WINDOW_SECONDS))
    return false;
  const pairs: string[] = [];
  for (const [name, value] of sent) {
    if (name !== "realm" && name !== "oauth_signature") pairs.push(`${rfc3986(name)}=${rfc3986(value)}`);
  }
  for (const [name, value] of request.url.searchParams) pairs.push(`${rfc3986(name)}=${rfc3986(value)}`);
  const address = request.url.origin + request.url.pathname;
  const base = `${request.method}&${rfc3986(address)}&${rfc3986(pairs.sort().join("&"))}`;
  const expected = createHmac("sha256", `${tba.consumerSecret}&${tba.tokenSecret}`)
    .update(base)
    .digest("base64");
  if (sent.get("oauth_signature") !== expected) return false;
  noncesSeen.add(nonce);
  return true;
}

function oauthParameters(authorization: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (!authorization.startsWith("OAuth ")) return parameters;
  for (const match of authorization.matchAll(/([a-z_]+)="([^"]*)"/g)) {
    parameters.set(match[1] ?? "", decodeURIComponent(match[2] ?? ""));
  }
  return parameters;
}

/** Percent-encodes byte by byte all but the unreserved signs. */
function rfc3986(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const sign = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9\-._~]/.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
