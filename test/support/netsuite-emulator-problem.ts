/** An answer of the emulator before it is written to the socket. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal in NetSuite's own form; thrown by rules, written by the front. */
export class Problem extends Error {
  readonly reply: Reply;
  /** `path` is where in the body, `queryParam` which parameter of the address or of a query it is about. */
  constructor(status: number, code: string, detail: string, path?: string, queryParam?: string) {
    super(detail);
    this.reply = problemReply(status, code, detail, path, queryParam);
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  // NetSuite calls a 429 "Bad Request" too (facts: seen in public code).
  429: "Bad Request",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The error body of Oracle's page section_156570709583. */
export function problemReply(
  status: number,
  code: string,
  detail: string,
  path?: string,
  queryParam?: string,
): Reply {
  return jsonReply(status, {
    type: "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
    title: TITLES[status] ?? "Error",
    status,
    "o:errorDetails": [
      {
        detail,
        "o:errorCode": code,
        ...(path === undefined ? {} : { "o:errorPath": path }),
        ...(queryParam === undefined ? {} : { "o:errorQueryParam": queryParam }),
      },
    ],
  });
}

/** An answer with a JSON body. */
export function jsonReply(
  status: number,
  body: unknown,
  contentType = "application/vnd.oracle.resource+json; type=error",
): Reply {
  return { status, headers: { "content-type": contentType }, body: JSON.stringify(body) };
}

/** An answer without a body. */
export const emptyReply = (status: number, headers: Readonly<Record<string, string>> = {}): Reply => ({
  status,
  headers,
  body: "",
});

/** A refused value with the path that it stands at (section_156570709583: `item.items[0].item`). */
export const invalidContent = (detail: string, path: string): Problem =>
  new Problem(400, "INVALID_CONTENT", `Error while accessing a resource. ${detail}`, path);

/** A refusal by the rules of the business, known of public code only by its code. */
export const userError = (detail: string): Problem =>
  new Problem(400, "USER_ERROR", `Error while accessing a resource. ${detail}`);
