import { createServer, connect as dial, type Server, type Socket } from "node:net";

/**
 * What the line does to a connection:
 * - pass: bytes go both ways;
 * - refuse: a new connection is reset at once, and so are those open now;
 * - cut-after-request: what the client says reaches the far side, and as soon as the far side answers, the
 *   line is reset and the answer dropped, so that the far side has acted and the client cannot know;
 * - half-open: nothing gets through either way and nothing closes, as behind a firewall that forgot a flow;
 * - delay: bytes arrive late, in order.
 */
export type LineMode =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse" }
  | {
      readonly kind: "cut-after-request";
      /** Only answers to requests that contain this text are dropped; without it, all. */
      readonly requestContains?: string;
      /** Back to `pass` after so many cuts; without it, never. */
      readonly times?: number;
    }
  | { readonly kind: "half-open" }
  | { readonly kind: "delay"; readonly delayMs: number };

export interface TcpProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Holds for the connections that are open and for those to come. */
  readonly setMode: (mode: LineMode) => void;
  readonly mode: () => LineMode;
  /** Answers dropped by cut-after-request so far. */
  readonly cuts: () => number;
  /** Connections accepted so far, and open now. */
  readonly accepted: () => number;
  readonly open: () => number;
  /** Resets every open connection; the mode stays. */
  readonly resetAll: () => void;
  readonly close: () => Promise<void>;
}

interface Line {
  readonly client: Socket;
  readonly far: Socket;
  /** What the client said since the far side last answered. */
  request: Buffer[];
}

const MAX_REQUEST_KEPT_BYTES = 1024 * 1024;

/** A line on the loopback to `target`, with faults that a test switches while it runs; for databases and HTTP alike. */
export async function startTcpProxy(target: {
  readonly host?: string;
  readonly port: number;
}): Promise<TcpProxy> {
  let mode: LineMode = { kind: "pass" };
  let cutCount = 0;
  let cutsBefore = 0;
  let acceptedCount = 0;
  const lines = new Set<Line>();

  const server = createServer({ noDelay: true }, (client) => {
    acceptedCount += 1;
    if (mode.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const far = dial({ host: target.host ?? "127.0.0.1", port: target.port, noDelay: true });
    const line: Line = { client, far, request: [] };
    lines.add(line);
    client.on("data", (bytes: Buffer) => {
      remember(line, bytes);
      carry(bytes, client, far);
    });
    far.on("data", (bytes: Buffer) => {
      if (mode.kind === "cut-after-request" && isMeant(mode, line)) {
        cutCount += 1;
        if (mode.times !== undefined && cutCount >= mode.times + cutsBefore) mode = { kind: "pass" };
        reset(line);
        return;
      }
      line.request = [];
      carry(bytes, far, client);
    });
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      from.on("error", () => undefined);
      from.on("end", () => {
        inOrder(() => to.end());
      });
      from.on("close", (hadError: boolean) => {
        if (hadError) inOrder(() => to.destroy());
        if (client.closed && far.closed) lines.delete(line);
      });
    }
  });

  /** Now, late or never, as the mode says. */
  function inOrder(act: () => unknown): void {
    if (mode.kind === "half-open") return;
    // Timers of one length fire in the order in which they were set, so bytes keep theirs.
    if (mode.kind === "delay") setTimeout(act, mode.delayMs);
    else act();
  }

  function carry(bytes: Buffer, from: Socket, to: Socket): void {
    inOrder(() => {
      if (to.destroyed || to.write(bytes)) return;
      from.pause();
      to.once("drain", () => from.resume());
    });
  }

  function reset(line: Line): void {
    lines.delete(line);
    line.client.resetAndDestroy();
    line.far.destroy();
  }

  const resetAll = (): void => {
    for (const line of [...lines]) reset(line);
  };
  const setMode = (next: LineMode): void => {
    // Bytes swallowed while half open are gone; such a connection can only be reset.
    if (mode.kind === "half-open" && next.kind !== "half-open") resetAll();
    mode = next;
    cutsBefore = cutCount;
    if (next.kind === "refuse") resetAll();
  };
  const close = async (): Promise<void> => {
    resetAll();
    await new Promise((resolve) => server.close(resolve));
  };

  const port = await listen(server);
  return {
    host: "127.0.0.1",
    port,
    setMode,
    mode: () => mode,
    cuts: () => cutCount,
    accepted: () => acceptedCount,
    open: () => lines.size,
    resetAll,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function remember(line: Line, bytes: Buffer): void {
  const keptBytes = line.request.reduce((total, chunk) => total + chunk.length, 0);
  if (keptBytes < MAX_REQUEST_KEPT_BYTES) line.request.push(bytes);
}

function isMeant(mode: Extract<LineMode, { kind: "cut-after-request" }>, line: Line): boolean {
  // A greeting that the far side says first, as databases do, answers nothing.
  if (line.request.length === 0) return false;
  return mode.requestContains === undefined || Buffer.concat(line.request).includes(mode.requestContains);
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
