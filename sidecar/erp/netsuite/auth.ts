import { randomBytes } from "node:crypto";
import { importPKCS8, SignJWT } from "jose";
import { z } from "zod";
import { messageOf } from "../../domain/errors.ts";
import { type AdapterTools, ErpUnavailableError, type HttpOutcome } from "../port.ts";
import { encodeSignature } from "./encode-signature.ts";
import { type NetSuiteSettings, tokenUrlOf } from "./settings.ts";

/** How requests are let in. Rejects only with `ErpUnavailableError`: without a login nothing was executed. */
export interface Auth {
  /** The `Authorization` header of one request. Asks for a token only where `leftMs` is enough to wait for it. */
  readonly header: (method: string, url: string, leftMs: number) => Promise<string>;
  /** Tells that NetSuite refused this header, so that the token in it is not used again. */
  readonly refused: (header: string) => void;
}

type Oauth2 = Extract<NetSuiteSettings["auth"], { kind: "oauth2" }>;
type Tba = Extract<NetSuiteSettings["auth"], { kind: "tba" }>;

/** A token is renewed this long before NetSuite lets it die, so that no request carries one that dies on its way. */
const RENEW_BEFORE_END_MS = 5 * 60_000;
/** A token comes soon or not at all. */
const TOKEN_TIMEOUT_MS_MAX = 10_000;
/** Life of the assertion itself; NetSuite takes up to 60 minutes, a minute or two is what it needs. */
const ASSERTION_SECONDS = 5 * 60;

/** The way in that the configuration names. */
export function createAuth(settings: NetSuiteSettings, tools: AdapterTools): Auth {
  return settings.auth.kind === "oauth2"
    ? oauth2Auth(settings.auth, settings, tools)
    : tbaAuth(settings.auth, settings, tools);
}

function tbaAuth(auth: Tba, settings: NetSuiteSettings, tools: AdapterTools): Auth {
  const credentials = { ...auth, account: settings.account };
  return {
    header: (method, url) => {
      const moment = {
        nonce: randomBytes(16).toString("hex"),
        timestampSeconds: Math.floor(tools.clock.nowMs() / 1_000),
      };
      return Promise.resolve(encodeSignature(method, url, credentials, moment));
    },
    refused: () => undefined,
  };
}

interface Token {
  readonly header: string;
  readonly renewAtMs: number;
}

/** OAuth 2.0 client credentials (Oracle section_162790605110): one token for all requests, one request for a token. */
function oauth2Auth(auth: Oauth2, settings: NetSuiteSettings, tools: AdapterTools): Auth {
  const { clock } = tools;
  let token: Token | undefined;
  let underWay: Promise<Token> | undefined;
  const timeoutMs = Math.min(TOKEN_TIMEOUT_MS_MAX, settings.timeoutMs / 2);
  const renewed = (leftMs: number): Promise<Token> => {
    if (leftMs < timeoutMs)
      return Promise.reject(new ErpUnavailableError("no time was left to log in to NetSuite"));
    underWay ??= requestToken(auth, { url: tokenUrlOf(settings), timeoutMs }, tools)
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  return {
    header: async (_method, _url, leftMs) => {
      const usable =
        token !== undefined && clock.monotonicMs() < token.renewAtMs ? token : await renewed(leftMs);
      return usable.header;
    },
    refused: (header) => {
      if (token?.header === header) token = undefined;
    },
  };
}

async function requestToken(
  auth: Oauth2,
  { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number },
  tools: AdapterTools,
): Promise<Token> {
  const startedAtMs = tools.clock.monotonicMs();
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await assertion(auth, url, tools.clock.nowMs()),
  });
  const outcome = await tools.http(
    {
      method: "POST",
      url,
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: form.toString(),
      timeoutMs,
    },
    // The token serves all callers, so that no single caller's abort may end the request for it.
    new AbortController().signal,
  );
  const { access_token, expires_in } = readToken(outcome);
  const lifeMs = expires_in * 1_000;
  // A token that lives shorter than the margin is renewed after half its life instead of before every request.
  return {
    header: `Bearer ${access_token}`,
    renewAtMs: startedAtMs + Math.max(lifeMs - RENEW_BEFORE_END_MS, lifeMs / 2),
  };
}

async function assertion(auth: Oauth2, audience: string, nowMs: number): Promise<string> {
  const nowSeconds = Math.floor(nowMs / 1_000);
  try {
    const key = await importPKCS8(auth.privateKey, auth.algorithm);
    return await new SignJWT({ scope: ["rest_webservices"] })
      .setProtectedHeader({ typ: "JWT", alg: auth.algorithm, kid: auth.certificateId })
      .setIssuer(auth.clientId)
      .setAudience(audience)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + ASSERTION_SECONDS)
      .sign(key);
  } catch (thrown) {
    throw new ErpUnavailableError(`the private key in erp.netsuite.auth cannot sign: ${messageOf(thrown)}`);
  }
}

/** NetSuite sends `expires_in` as text, RFC 6749 as a number. */
const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });
const TokenRefusal = z.object({ error: z.string(), error_description: z.string().catch("") });

/** The answer itself is in no message: it holds the token. */
function readToken(outcome: HttpOutcome): z.infer<typeof TokenAnswer> {
  if (outcome.kind !== "answered") {
    throw new ErpUnavailableError(`no token from NetSuite: ${outcome.cause}`);
  }
  const body = parse(outcome.body);
  const token = TokenAnswer.safeParse(body);
  if (outcome.status === 200 && token.success) return token.data;
  const refusal = TokenRefusal.safeParse(body);
  const reason = refusal.success
    ? `${refusal.data.error} ${refusal.data.error_description}`.trim()
    : "no reason given";
  throw new ErpUnavailableError(`NetSuite gave no token (${String(outcome.status)}): ${reason}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
