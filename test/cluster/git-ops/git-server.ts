import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A server of the Git repositories below a folder, on loopback. */
export interface GitServer {
  /** Such as `http://127.0.0.1:34567`; the path of a repository goes behind it. */
  readonly url: string;
  close(): void;
}

/** Serves repositories by Git's own program, which is made to be run by a web server. @see git-http-backend(1) */
export async function serveRepositories(folder: string): Promise<GitServer> {
  const server = createServer((request, response) => {
    runBackend(folder, request).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function runBackend(folder: string, request: IncomingMessage) {
  const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
  const backend = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers["content-type"],
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"],
    },
  });
  request.pipe(backend.stdin.on("error", () => undefined));
  return parseAnswer(await buffer(backend.stdout));
}

/** The answer of a program of the Common Gateway Interface: its status is a header like any other. @see RFC 3875, section 6 */
function parseAnswer(answer: Buffer) {
  const end = answer.indexOf("\r\n\r\n");
  const lines = answer.toString("latin1", 0, end).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
  const { Status: status = "200", ...others } = headers;
  return { status: Number.parseInt(status, 10), headers: others, body: answer.subarray(end + 4) };
}
