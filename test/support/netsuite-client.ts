import { encodeSignature } from "../../sidecar/erp/netsuite/encode-signature.ts";
import type { NetSuiteEmulator } from "./netsuite-emulator.ts";

/** What a request to the emulator came to. */
export interface ClientAnswer {
  readonly status: number;
  /** The first error's code and the path in the body that it is about; empty where there is none. */
  readonly code: string;
  readonly path: string;
  readonly location: string;
  readonly body: Record<string, unknown>;
}

/** A client that sends the emulator whatever a test wants, also what the adapter never would. */
export interface NetSuiteClient {
  /** The header of a token-based login; each is good for one request. */
  readonly signed: (method: string, url: string, change?: Partial<Moment>) => string;
  /** `body` goes out as JSON, or as it is where it is a text. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<ClientAnswer>;
}

interface Moment {
  readonly nonce: string;
  readonly timestampSeconds: number;
}

/** A client of the emulator that is the current one. */
export function createNetSuiteClient(current: () => NetSuiteEmulator): NetSuiteClient {
  let nonces = 0;
  const signed: NetSuiteClient["signed"] = (method, url, change = {}) => {
    const { auth, account } = current().settings("tba");
    if (auth.kind !== "tba") throw new RangeError("not token-based");
    nonces += 1;
    const moment = {
      nonce: `n${String(nonces)}`,
      timestampSeconds: Math.floor(Date.now() / 1_000),
      ...change,
    };
    return encodeSignature(method, url, { ...auth, account }, moment);
  };
  const send: NetSuiteClient["send"] = async (method, path, body, headers = {}) => {
    const url = current().url + path;
    const answer = await fetch(url, {
      method,
      headers: { "content-type": "application/json", authorization: signed(method, url), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed = (text.startsWith("{") ? JSON.parse(text) : {}) as Record<string, unknown>;
    const [detail] = (parsed["o:errorDetails"] ?? []) as Record<string, string>[];
    return {
      status: answer.status,
      code: detail?.["o:errorCode"] ?? "",
      path: detail?.["o:errorPath"] ?? "",
      location: answer.headers.get("location") ?? "",
      body: parsed,
    };
  };
  return { signed, send };
}
