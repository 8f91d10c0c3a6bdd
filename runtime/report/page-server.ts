import { STATUS_CODES } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { ConnectionBound } from "./connection-bound.ts";
import { HttpRequestReader, type HttpRequest } from "./http-request.ts";
import { StreamReader } from "./stream-reader.ts";
import { nextTurn } from "./shared-rendering.ts";

/** What is answered. Answers at the same time may share one `body`. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Further header fields, `Name: value`. */
  readonly headers?: readonly string[];
  /** What follows the body, as long as the client reads; the answer has no length then. Called once for each client. */
  readonly stream?: (reader: StreamReader) => void;
}

/** A request that has an answer. */
export type PageRequest = Extract<HttpRequest, { kind: "page" }>;

/** What a server of pages needs. */
export interface PageServerOptions {
  /** Address to listen on; omitted: every address of the machine. */
  readonly host?: string | undefined;
  /** TCP port; 0: a free one. */
  readonly port: number;
  /** Makes the page of a path. Never rejects. */
  readonly findPage: (path: string, request: PageRequest) => Promise<Page>;
  /** Told of each connection that had to make room for a newer one, with the address of its client. */
  readonly onDropped: (address: string) => void;
  /** Told of an error of the server as a whole, such as no descriptor for another connection. */
  readonly onError: (cause: Error) => void;
  /** Time for the whole request, from the start of the connection. @default 5000 */
  readonly requestTimeoutMs?: number;
  /** Time for the answer to be made and read. @default 10000, as long as Prometheus waits by default */
  readonly answerTimeoutMs?: number;
}

/** A server that listens. */
export interface PageServer {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  readonly close: () => void;
}

/** Connections at the same time: kubelet and Prometheus need five. With more, {@link ConnectionBound} says which one goes. */
export const maxConnections = 64;
const defaultRequestTimeoutMs = 5000;
const defaultAnswerTimeoutMs = 10_000;
/** Connections that the kernel keeps until they are accepted: with too few, a probe has to try again after a second. */
const backlog = 511;
/** Bytes after the request that are thrown away so that the client can read its answer; with more it is cut off. */
const maxIgnoredBytes = 64 * 1024;
/** Different bodies that slow readers may keep in memory; readers of the oldest are cut off for another one. */
const maxBodies = 4;

/**
 * Serves pages over HTTP/1.1 within bounds that no client can move: connections, time, bytes of a request, and memory for
 * answers. Takes one GET or HEAD for each connection and closes it then; an error of a connection is that connection's alone.
 * @throws {Error} when it can't listen, such as EADDRINUSE
 */
export async function servePages(options: PageServerOptions): Promise<PageServer> {
  const open = new ConnectionBound<Connection>(maxConnections);
  const answers = new Answers(options.findPage);
  const { requestTimeoutMs = defaultRequestTimeoutMs, answerTimeoutMs = defaultAnswerTimeoutMs } = options;
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    const connection = new Connection(socket, { answers, requestTimeoutMs, answerTimeoutMs });
    socket.once("close", () => {
      open.delete(connection);
    });
    const dropped = open.add(connection);
    if (dropped === undefined) return;
    dropped.drop();
    options.onDropped(dropped.address);
  });
  await listen(server, options);
  server.on("error", options.onError);
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return open.size;
    },
    close: () => {
      server.close();
      for (const connection of open) connection.drop();
    },
  };
}

async function listen(server: Server, { host, port }: PageServerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

interface ConnectionParts {
  readonly answers: Answers;
  readonly requestTimeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** One client: its request is read, answered, and then it has to leave. */
class Connection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #answers: Answers;
  readonly #answerTimeoutMs: number;
  readonly #reader = new HttpRequestReader();
  #hasAsked = false;
  #ignoredBytes = 0;
  #deadline: NodeJS.Timeout;

  constructor(socket: Socket, { answers, requestTimeoutMs, answerTimeoutMs }: ConnectionParts) {
    this.#socket = socket;
    this.#answers = answers;
    this.#answerTimeoutMs = answerTimeoutMs;
    this.address = socket.remoteAddress ?? "";
    this.#deadline = this.#dropAfter(requestTimeoutMs);
    socket.on("error", ignore); // "close" follows
    socket.on("data", (chunk: Buffer) => {
      this.#onData(chunk);
    });
    socket.on("end", () => {
      this.drop(); // it has read its answer, or wants none any more
    });
    socket.once("close", () => {
      clearTimeout(this.#deadline);
    });
  }

  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Ends it at once. With a reset: closed in good order, an answer that nobody reads would stay in the kernel's memory. */
  drop(): void {
    // The kernel refuses the reset for the moment in which our end of the connection is being closed.
    if (this.#socket.writableEnded && !this.#socket.writableFinished) this.#socket.destroy();
    else if (!this.#socket.destroyed) this.#socket.resetAndDestroy();
  }

  #onData(chunk: Buffer): void {
    if (!this.#hasAsked) {
      const request = this.#reader.push(chunk);
      if (request !== undefined) void this.#answer(request);
      return;
    }
    this.#ignoredBytes += chunk.length;
    if (this.#ignoredBytes > maxIgnoredBytes) this.drop();
  }

  async #answer(request: HttpRequest): Promise<void> {
    this.#hasAsked = true;
    clearTimeout(this.#deadline);
    this.#deadline = this.#dropAfter(this.#answerTimeoutMs);
    const page = await this.#answers.find(request);
    if (this.#socket.destroyed) return;
    this.#answers.hold(page.body, this);
    const isHead = request.kind === "page" && request.isHead;
    if (page.stream !== undefined && !isHead) {
      this.#answers.release(page.body, this);
      this.#stream(page, page.stream);
      return;
    }
    this.#socket.once("close", () => {
      this.#answers.release(page.body, this);
    });
    this.#socket.cork();
    this.#socket.write(formatHead(page));
    this.#socket.write(isHead ? "" : page.body, () => {
      this.#answers.release(page.body, this);
      // The client closes the connection once it has read the answer.
      this.#socket.end();
    });
    this.#socket.uncork();
  }

  /** Hands the connection over to whoever writes to it; a client that does not read is dropped. */
  #stream(page: Page, start: (reader: StreamReader) => void): void {
    clearTimeout(this.#deadline);
    this.#socket.write(formatHead(page));
    this.#socket.write(page.body);
    start(
      new StreamReader(this.#socket, () => {
        this.drop();
      }),
    );
  }

  #dropAfter(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.drop();
    }, milliseconds);
  }
}

/** Makes answers one by one, and knows which of them are still being read. */
class Answers {
  readonly #findPage: PageServerOptions["findPage"];
  readonly #readers = new Map<Buffer, Set<Connection>>();
  #turn: Promise<void> = Promise.resolve();

  constructor(findPage: PageServerOptions["findPage"]) {
    this.#findPage = findPage;
  }

  async find(request: HttpRequest): Promise<Page> {
    const page = request.kind === "page" ? await this.#findPage(request.path, request) : refusal(request.status);
    // One answer, and then what has come for the dataflows: 50 readers of one page would hold them up together.
    this.#turn = this.#turn.then(nextTurn);
    await this.#turn;
    return page;
  }

  hold(body: Buffer, reader: Connection): void {
    const readers = this.#readers.get(body);
    if (readers !== undefined) {
      readers.add(reader);
      return;
    }
    if (this.#readers.size >= maxBodies) this.#dropOldest();
    this.#readers.set(body, new Set([reader]));
  }

  release(body: Buffer, reader: Connection): void {
    const readers = this.#readers.get(body);
    readers?.delete(reader);
    if (readers?.size === 0) this.#readers.delete(body);
  }

  #dropOldest(): void {
    const [oldest] = this.#readers;
    if (oldest === undefined) return;
    this.#readers.delete(oldest[0]);
    for (const reader of oldest[1]) reader.drop();
  }
}

/** Makes a page of plain text. */
export function plainPage(status: number, text: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: Buffer.from(`${text}\n`) };
}

function refusal(status: number): Page {
  return plainPage(
    status,
    `${STATUS_CODES[status]}; send one GET or HEAD for a path, with less than 8 kB of header fields`,
  );
}

function formatHead({ status, contentType, body, headers = [], stream }: Page): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${contentType}`,
    ...(stream === undefined ? [`Content-Length: ${body.length}`] : []),
    ...headers,
    ...(status === 405 ? ["Allow: GET, HEAD"] : []),
    "Connection: close",
    "\r\n",
  ].join("\r\n");
}

function ignore(): void {
  // An error of one connection: it is closed, and nothing else is wrong.
}
