import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as a stand-in for a service sees it. */
export interface Asked {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** What a stand-in answers. */
export interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP server on loopback that answers as a service does, and lets a test interfere. */
export interface StandInServer {
  readonly url: string;
  /** `METHOD /path` of each request, in order. */
  readonly asked: string[];
  /** Answers of the next requests, in their place; `"break"` cuts the connection after the request was carried out. */
  readonly interfere: (Reply | "break" | undefined)[];
  /** Called before a request is carried out. */
  before: (asked: Asked) => Promise<void> | void;
  close(): Promise<void>;
}

/** Starts a stand-in. @param answer carries a request out */
export async function startStandIn(answer: (asked: Asked) => Reply): Promise<StandInServer> {
  const interfere: StandInServer["interfere"] = [];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  const standIn = {
    url: "",
    asked,
    interfere,
    before: (): Promise<void> | void => undefined,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  standIn.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return standIn;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await readRequest(request);
    asked.push(`${received.method} ${received.path}`);
    await (standIn.before as StandInServer["before"])(received);
    const instead = interfere.shift();
    if (instead === "break") {
      answer(received);
      response.destroy();
      return;
    }
    const { status, body, headers } = instead ?? answer(received);
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
    response.end(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body));
  }
}

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString("utf8");
  const url = new URL(request.url ?? "/", "http://stand-in");
  return {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}
