import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, Server as TlsServer, TLSSocket } from "node:tls";
import type { TlsOptions } from "node:tls";

import { createWebSocketStream, WebSocketServer } from "ws";

import type { ClientCertificate } from "../authentication/authenticator.ts";
import { readClientCertificate } from "../certificates/read-certificate.ts";

/** TLS of a listener; certificates and keys are PEM. */
export interface ListenerTls {
  /** The server's certificate, followed by its intermediates. */
  readonly certificate: string;
  readonly key: string;
  /**
   * CA certificates for client certificates. Given, the listener asks clients for a certificate, and takes connections
   * without one too: authentication decides about them.
   */
  readonly clientCa?: string;
}

/** One address to listen on. */
export interface ListenerOptions {
  /** `websocket` has the path `/mqtt` and the subprotocol `mqtt`. */
  readonly transport: "tcp" | "websocket";
  /** @default 0 (a free port) */
  readonly port?: number;
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** Absent: without TLS. */
  readonly tls?: ListenerTls;
}

/** Where a broker listens. */
export interface ListenerAddress {
  readonly transport: "tcp" | "websocket";
  readonly isTls: boolean;
  readonly host: string;
  readonly port: number;
  /** For mqtt.js: `mqtt://127.0.0.1:1883`, `mqtts:`, `ws://127.0.0.1:8080/mqtt` or `wss:`. */
  readonly url: string;
}

/** What a listener reports. */
export interface ListenerCallbacks {
  accept(stream: Duplex, certificate: ClientCertificate | undefined): void;
  isServerNameAccepted(serverName: string | undefined): boolean;
  refusedServerName(serverName: string | undefined): void;
  /** A TLS handshake failed, for another reason than the host name. It concerns its client only. */
  failedHandshake(error: Error): void;
}

export interface Listener {
  readonly address: ListenerAddress;
  /** Takes other certificates for the connections to come; those that are open stay. */
  renewTls(tls: ListenerTls): void;
  /** Stops listening; connections that were accepted stay. */
  close(): Promise<void>;
}

const minVersion = "TLSv1.2";
const path = "/mqtt";
const subprotocol = "mqtt";

/** Starts to listen. @throws when the port is taken */
export async function listen(options: ListenerOptions, callbacks: ListenerCallbacks): Promise<Listener> {
  const host = options.host ?? "127.0.0.1";
  const server = options.transport === "tcp" ? tcpServer(options, callbacks) : webSocketServer(options, callbacks);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  server.on("tlsClientError", (error: Error) => {
    if (!(error instanceof UnknownServerName)) callbacks.failedHandshake(error);
  });
  const { port } = server.address() as AddressInfo;
  return {
    address: describe(options, host, port),
    renewTls: ({ certificate: cert, key, clientCa: ca }) => {
      const trust = ca === undefined ? {} : { ca };
      if (server instanceof TlsServer) server.setSecureContext({ cert, key, minVersion, ...trust });
    },
    close: () => closeServer(server),
  };
}

function tcpServer({ tls }: ListenerOptions, callbacks: ListenerCallbacks): NetServer {
  if (!tls)
    return createTcpServer({ noDelay: true }, (socket) => {
      callbacks.accept(socket, undefined);
    });
  return createTlsServer({ ...tlsOptions(tls, callbacks), noDelay: true }, (socket) => {
    if (isNamed(socket, callbacks)) callbacks.accept(socket, readCertificate(socket));
    else socket.destroy();
  });
}

function webSocketServer({ tls }: ListenerOptions, callbacks: ListenerCallbacks): NetServer {
  const http = tls ? createHttpsServer(tlsOptions(tls, callbacks)) : createHttpServer();
  const server = new WebSocketServer({
    server: http,
    path,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false), // [MQTT-6.0.0-3]
    verifyClient: ({ req }: { req: { socket: unknown } }) =>
      !(req.socket instanceof TLSSocket) || isNamed(req.socket, callbacks),
  });
  server.on("connection", (socket, { socket: below }) => {
    if (socket.protocol !== subprotocol) {
      socket.close(1002, `the subprotocol has to be ${subprotocol}`);
      return;
    }
    socket.on("message", (_, isBinary) => {
      if (!isBinary) socket.terminate(); // [MQTT-6.0.0-1]
    });
    below.setNoDelay(true);
    callbacks.accept(createWebSocketStream(socket), below instanceof TLSSocket ? readCertificate(below) : undefined);
  });
  return http;
}

/** Ends the handshake of a client that asks for another host. */
class UnknownServerName extends Error {
  override readonly name = "UnknownServerName";
}

function tlsOptions({ certificate, key, clientCa }: ListenerTls, callbacks: ListenerCallbacks): TlsOptions {
  return {
    cert: certificate,
    key,
    minVersion,
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false }),
    SNICallback: (serverName, done) => {
      if (callbacks.isServerNameAccepted(serverName)) done(null);
      else {
        callbacks.refusedServerName(serverName);
        done(new UnknownServerName(`host name "${serverName}" is not served here`));
      }
    },
  };
}

/** Node.js does not call the SNICallback for a client that names no host, so that case is judged here. */
function isNamed(socket: TLSSocket, callbacks: ListenerCallbacks): boolean {
  if (typeof socket.servername === "string" && socket.servername !== "") return true;
  if (callbacks.isServerNameAccepted(undefined)) return true;
  callbacks.refusedServerName(undefined);
  return false;
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate && readClientCertificate(certificate, socket.authorized);
}

function describe({ transport, tls }: ListenerOptions, host: string, port: number): ListenerAddress {
  const isTls = tls !== undefined;
  const scheme = transport === "tcp" ? (isTls ? "mqtts" : "mqtt") : isTls ? "wss" : "ws";
  const url = `${scheme}://${host}:${port}${transport === "websocket" ? path : ""}`;
  return { transport, isTls, host, port, url };
}

function closeServer(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
