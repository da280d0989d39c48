import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createInterface } from "node:readline";

/** An SMTP server on the loopback that accepts every mail and keeps only its subject. */
export class MailSink implements AsyncDisposable {
  readonly subjects: string[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(): Promise<MailSink> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const sink = new MailSink(server);
    server.on("connection", (socket) => {
      let inData = false;
      socket.on("error", () => socket.destroy());
      socket.write("220 sink\r\n");
      createInterface({ input: socket }).on("line", (line) => {
        if (inData) {
          if (line.toLowerCase().startsWith("subject:")) sink.subjects.push(line.slice(8).trim());
          if (line === ".") {
            inData = false;
            socket.write("250 kept\r\n");
          }
          return;
        }
        inData = line.toUpperCase() === "DATA";
        socket.write(inData ? "354 go on\r\n" : line.toUpperCase() === "QUIT" ? "221 bye\r\n" : "250 ok\r\n");
      });
    });
    return sink;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
