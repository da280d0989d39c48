import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HttpRequest } from "../../../sidecar/erp/port.ts";
import { createHttp, type Http } from "../../../sidecar/platform/http.ts";

/** A server that speaks raw bytes, because what is tested are the ways in which an answer can go wrong. */
let server: Server;
let sockets: Socket[];
let requests: string[];
let onRequest: (socket: Socket, request: string) => void;
let http: Http;
let url: string;

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Mixed-Case: Yes\r\n\r\nok";
const never = new AbortController().signal;
const get = (change: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  url: `${url}/a?b=c`,
  headers: {},
  timeoutMs: 5_000,
  ...change,
});

beforeEach(async () => {
  sockets = [];
  requests = [];
  onRequest = (socket) => socket.write(OK);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      requests.push(String(data));
      onRequest(socket, String(data));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  http = createHttp({ connections: 2, connectTimeoutMs: 500 });
});
const onlyOneSocket = async (): Promise<void> => {
  await http.close();
  http = createHttp({ connections: 1 });
};
afterEach(async () => {
  await http.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

test("an answer comes with its status, its body and its headers in small letters", async () => {
  const outcome = await http.send(get(), never);
  expect(outcome).toMatchObject({ kind: "answered", status: 200, body: "ok" });
  expect(outcome.kind === "answered" && outcome.headers["x-mixed-case"]).toBe("Yes");
  expect(requests[0]).toMatch(/^GET \/a\?b=c HTTP\/1\.1\r\n/);
});

test("one socket serves one request after the other", async () => {
  await onlyOneSocket();
  await http.send(get(), never);
  await http.send(get({ method: "POST", body: "{}" }), never);
  expect(sockets).toHaveLength(1);
  expect(requests).toHaveLength(2);
});

test("a refused connection was certainly not sent", async () => {
  server.close();
  expect(await http.send(get(), never)).toMatchObject({
    kind: "not-sent",
    cause: expect.stringContaining("ECONNREFUSED") as unknown,
  });
});

test("a host that does not exist and an address that is none were certainly not sent", async () => {
  expect(await http.send(get({ url: "http://nowhere.invalid/" }), never)).toMatchObject({ kind: "not-sent" });
  expect(await http.send(get({ url: "no address" }), never)).toMatchObject({ kind: "not-sent" });
});

test("a server that cannot do TLS was certainly not sent anything", async () => {
  onRequest = (socket) => socket.end("this is no TLS\r\n");
  const outcome = await http.send(
    get({ url: url.replace("http:", "https:"), method: "POST", body: "x" }),
    never,
  );
  expect(outcome.kind).toBe("not-sent");
});

test("a connection that breaks after the request leaves the outcome unknown", async () => {
  onRequest = (socket) => socket.destroy();
  expect(await http.send(get({ method: "POST", body: "{}" }), never)).toMatchObject({ kind: "unknown" });
});

test("a connection that breaks in the middle of the answer leaves the outcome unknown", async () => {
  onRequest = (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", () => socket.destroy());
  };
  expect(await http.send(get(), never)).toMatchObject({ kind: "unknown" });
});

test("an answer that is no HTTP leaves the outcome unknown", async () => {
  onRequest = (socket) => socket.write("SSH-2.0-what\r\n\r\n");
  expect(await http.send(get(), never)).toMatchObject({ kind: "unknown" });
});

test("a request is never sent twice, whatever becomes of its kept-alive socket", async () => {
  await onlyOneSocket();
  await http.send(get(), never);
  // The socket is kept; the server drops the next request on it without an answer.
  onRequest = (socket) => socket.resetAndDestroy();
  expect(await http.send(get({ method: "POST", body: "once" }), never)).toMatchObject({ kind: "unknown" });
  expect(sockets).toHaveLength(1);
  expect(requests.filter((request) => request.startsWith("POST"))).toHaveLength(1);
});

test("an answer that does not come in time is given up, its outcome unknown", async () => {
  onRequest = () => undefined;
  const outcome = await http.send(get({ timeoutMs: 50 }), never);
  expect(outcome).toEqual({ kind: "unknown", cause: "no complete answer within 50 ms" });
});

test("an answer that trickles is given up when the whole of it is late", async () => {
  onRequest = (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  expect(await http.send(get({ timeoutMs: 50 }), never)).toMatchObject({ kind: "unknown" });
});

test("an abort after the request left makes the outcome unknown; before, it was not sent", async () => {
  onRequest = () => undefined;
  const abort = new AbortController();
  const outcome = http.send(get(), abort.signal);
  await expect.poll(() => requests.length).toBe(1);
  abort.abort();
  expect(await outcome).toMatchObject({ kind: "unknown" });
  expect(await http.send(get(), AbortSignal.abort())).toMatchObject({ kind: "not-sent" });
  expect(requests).toHaveLength(1);
});

test("a request that waits for a free socket and is aborted was not sent, then or later", async () => {
  onRequest = () => undefined;
  const open = [http.send(get(), never), http.send(get(), never)];
  await expect.poll(() => requests.length).toBe(2);
  const abort = new AbortController();
  const waiting = http.send(get({ method: "POST", body: "waits" }), abort.signal);
  abort.abort();
  expect(await waiting).toMatchObject({ kind: "not-sent" });
  onRequest = (socket) => socket.write(OK);
  for (const socket of sockets) socket.write(OK);
  await Promise.all(open);
  await http.send(get(), never);
  expect(requests.filter((request) => request.startsWith("POST"))).toHaveLength(0);
});

test("an answer larger than the limit is cut off and its outcome unknown", async () => {
  await http.close();
  http = createHttp({ connections: 1, answerBytesMax: 10 });
  onRequest = (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n${"x".repeat(11)}`);
  const outcome = await http.send(get(), never);
  expect(outcome).toEqual({ kind: "unknown", cause: "the answer is larger than 10 bytes" });
});
