import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SidecarError, safeDescription, UsageError, WritingStoppedError } from "../domain/errors.ts";
import type { Log } from "../platform/log.ts";
import { isDatabaseAway } from "../platform/transaction.ts";

/** What a caller of `/api` asked. */
export interface ApiRequest {
  /** The parts of the path that vary, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined where there was none. The route checks its form. */
  readonly body: unknown;
}

/** What a caller of `/api` gets, as JSON. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: object;
}

/**
 * One path of `/api`. What it throws becomes an answer with a remedy: a UsageError 400, a database that is away or writing
 * that is stopped 503, anything else 500.
 */
export interface ApiRoute {
  readonly method: "GET" | "POST";
  /** Below `/api`, for instance `/stock/movements`; `:name` for a part that varies. */
  readonly path: string;
  readonly answer: (request: ApiRequest) => Promise<ApiAnswer>;
}

/** What an answer says that is no success. */
export interface ApiFault {
  readonly code: string;
  readonly message: string;
  /** What the caller can do. */
  readonly remedy: string;
}

/** Bytes of a request's body; 500 movements are about 150 KB. */
const BODY_BYTES_MAX = 512 * 1024;
/** When a caller may ask again after a 503. */
const RETRY_AFTER_S = 5;

/**
 * Mounts `/api` for who has the token, `Authorization: Bearer …`. Without a token in the configuration nobody has it.
 * Answers and logs hold no personal data but what the routes give.
 */
export async function mountApi(
  server: FastifyInstance,
  token: string | undefined,
  routes: readonly ApiRoute[],
  log: Log,
): Promise<void> {
  await server.register(
    (scope, _options, done) => {
      scope.addHook("onRequest", async (request, reply) => {
        const fault = refusal(token, request.headers.authorization);
        if (fault !== undefined) await send(reply, fault.status, fault);
      });
      scope.setErrorHandler((thrown: FastifyError, request, reply) => {
        const { status, ...fault } = faultOf(thrown);
        if (status >= 500) {
          const path = request.routeOptions.url ?? "";
          log(status === 503 ? "warn" : "error", {
            event: "api.failed",
            path,
            message: safeDescription(thrown),
          });
        }
        return send(reply, status, fault);
      });
      scope.setNotFoundHandler((_request, reply) =>
        send(reply, 404, {
          code: "unknown_path",
          message: "There is no such path, or it takes another method",
          remedy: "See deploy/api.md, which lists the paths",
        }),
      );
      for (const { method, path, answer } of routes) {
        scope.route({
          method,
          url: path,
          bodyLimit: BODY_BYTES_MAX,
          handler: async (request, reply) => {
            const { status, body } = await answer(readRequest(request));
            if (status === 503) void reply.header("retry-after", RETRY_AFTER_S);
            return await reply.code(status).send(body);
          },
        });
      }
      done();
    },
    { prefix: "/api" },
  );
}

function readRequest(request: FastifyRequest): ApiRequest {
  return { parameters: texts(request.params), query: texts(request.query), body: request.body };
}

/** The values that are texts; a parameter that comes twice is none. */
function texts(values: unknown): Readonly<Record<string, string>> {
  if (typeof values !== "object" || values === null) return {};
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

async function send(reply: FastifyReply, status: number, { code, message, remedy }: ApiFault): Promise<void> {
  if (status === 401) void reply.header("www-authenticate", "Bearer");
  if (status === 503) void reply.header("retry-after", RETRY_AFTER_S);
  await reply.code(status).send({ error: { code, message, remedy } });
}

type Refusal = ApiFault & { readonly status: number };

function refusal(token: string | undefined, header: string | undefined): Refusal | undefined {
  if (token === undefined) {
    return {
      status: 404,
      code: "api_off",
      message: "This sidecar answers nobody on /api, because its configuration has no token",
      remedy: "Set http.apiToken, at least 32 characters, and restart it",
    };
  }
  const given = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  if (given === undefined) {
    return {
      status: 401,
      code: "token_missing",
      message: "The request carries no token",
      remedy: "Send the header Authorization: Bearer <http.apiToken>",
    };
  }
  if (isSame(given, token)) return undefined;
  return {
    status: 403,
    code: "token_wrong",
    message: "The token is not this sidecar's",
    remedy: "Send the http.apiToken of its configuration",
  };
}

/** Compares in a time that tells nothing of where two texts differ, nor of their lengths. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function faultOf(thrown: FastifyError): Refusal {
  if (thrown instanceof UsageError) {
    return { status: 400, code: thrown.code, message: thrown.message, remedy: "Change the request" };
  }
  if (isDatabaseAway(thrown)) {
    return {
      status: 503,
      code: "E_DATABASE_AWAY",
      message: "The shop's database is away just now",
      remedy: "Send the same request again; what was done is not done twice",
    };
  }
  if (thrown instanceof WritingStoppedError) {
    return { status: 503, code: thrown.code, message: thrown.message, remedy: "See `erpsync doctor`" };
  }
  if (thrown instanceof SidecarError) {
    // Its text may quote the ERP, and that a customer.
    const isPassing = thrown.advice.kind !== "park";
    const remedy = isPassing ? "Send the same request again later" : "See the log";
    return { status: isPassing ? 503 : 500, code: thrown.code, message: "It could not be done", remedy };
  }
  // Of what Fastify refuses itself: a body that is no JSON, too large, or of another type.
  const status = thrown.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    const remedy = `Send JSON of at most ${String(BODY_BYTES_MAX / 1024)} KiB`;
    return { status, code: "malformed_body", message: "The body cannot be read", remedy };
  }
  const remedy = "Send the same request again; should it stay, see the log";
  return { status: 500, code: "E_BUG", message: "The sidecar failed on the request", remedy };
}
