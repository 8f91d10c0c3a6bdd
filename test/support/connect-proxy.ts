import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

import type { CertificateAndKey } from "../../emulator/certificates/certificate-authority.ts";
import { registerSecret } from "./secrets/run-record.ts";

export interface ConnectProxyOptions {
  /** Served with TLS; omitted: in clear text. */
  readonly tls?: CertificateAndKey;
  /** `user:password`; whoever shows another one, or none, gets 407. */
  readonly credentials?: string;
  /** Answers each CONNECT with this status, such as 403. */
  readonly refuseWith?: number;
  /** What stands behind the status of a refusal; "Refused" when omitted. */
  readonly statusText?: string;
  /** Where a `host:port` is found; omitted: as it is asked for. */
  readonly hosts?: Readonly<Record<string, number>>;
}

/** An HTTP proxy on loopback that tunnels and counts. */
export interface ConnectProxy {
  readonly url: string;
  readonly port: number;
  /** What CONNECT asked for, in order, refused ones included. */
  readonly asked: readonly string[];
  /** Tunnels that were opened. */
  readonly tunnels: number;
  /** Requests that were not CONNECT. */
  readonly others: readonly string[];
  close(): Promise<void>;
}

/** Starts a proxy that speaks CONNECT and nothing else. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { tls, credentials, refuseWith, statusText = "Refused", hosts = {} } = options;
  registerSecret("password of the proxy", credentials?.replace(/^[^:]*:/, "") ?? "");
  const asked: string[] = [];
  const others: string[] = [];
  const sockets = new Set<Duplex>();
  let tunnels = 0;
  const server = tls ? createHttpsServer({ cert: tls.certificate, key: tls.key }) : createHttpServer();
  server.on("request", ({ method = "", url = "" }: IncomingMessage, response) => {
    others.push(`${method} ${url}`);
    response.writeHead(405).end();
  });
  server.on("connect", ({ url = "", headers }: IncomingMessage, client: Duplex) => {
    asked.push(url);
    sockets.add(client);
    client.on("error", () => undefined);
    const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
    const status = refuseWith ?? (headers["proxy-authorization"] === expected ? 200 : 407);
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} ${statusText}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [hostname = "", port = ""] = url.split(":");
    const upstream = net.connect(hosts[url] ?? Number(port), url in hosts ? "127.0.0.1" : hostname);
    sockets.add(upstream);
    upstream.on("error", () => {
      client.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    });
    upstream.once("connect", () => {
      tunnels++;
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    asked,
    others,
    get tunnels() {
      return tunnels;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
