import { X509Certificate } from "node:crypto";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

import type * as Ws from "ws";

import type { HostAddress } from "../contract/config/endpoint.ts";
import { ConnectionError, describeError } from "../contract/errors.ts";
import { connectSocket, type SocketAddress } from "./connect-socket.ts";
import { opened } from "./opened.ts";
import { openTunnel, type Proxy } from "./proxy-tunnel.ts";
import { nameCarrier } from "./kernel-queue.ts";
import { readToEnd } from "./read-to-end.ts";
import { ReusedBuffer } from "./reused-buffer.ts";
import { trustSystemRoots } from "./system-roots.ts";
import { describeStreamError, explainServerCertificate } from "./tls-failure.ts";

/** What has to be closed when a later step fails. */
type Stages = (() => void)[];

/** Certificates and trust of one connection. */
export interface TlsMaterial {
  /** CA certificates in PEM; omitted: the system's roots. */
  readonly ca?: readonly string[];
  /** Client certificate, followed by its intermediates, in PEM. */
  readonly cert?: string;
  /** Key of the client certificate in PEM. */
  readonly key?: string;
}

/** How a byte stream to a broker is opened. */
export interface StreamOptions {
  /** The broker, as messages name it. */
  readonly peer: string;
  readonly address: HostAddress;
  /** Omitted: plain TCP. */
  readonly tls?: TlsMaterial;
  readonly webSocket: boolean;
  /** Omitted: straight. */
  readonly proxy?: Proxy;
  /** Where to connect instead; the name that is asked for and checked stays that of `address`. */
  readonly connectTo?: HostAddress;
  readonly signal: AbortSignal;
}

/** Path of MQTT over WebSockets where the host names none. @see Azure IoT Operations, Configure MQTT data flow endpoints */
const defaultWebSocketPath = "/mqtt";
/** Certificates of a chain that are looked at. */
const maxChain = 10;
/** Bytes that OpenSSL hands over at most: what a TLS record holds. */
const tlsReadBytes = 16_384;
/** Detects a peer that has vanished below MQTT too. */
const tcpKeepAliveMs = 30_000;

/**
 * Opens a TCP, TLS or WebSocket stream, through a proxy where one is given. The caller owns it, and reads it with
 * `readBytes`: not every one of them emits `data`.
 * @throws {ConnectionError} when it can't be opened, or `signal` says so first
 */
export async function openStream(options: StreamOptions): Promise<Duplex> {
  const stages: Stages = [];
  const phase = { isHandshake: false };
  try {
    // Loaded by those who use it, and before anything is open that could end meanwhile.
    const ws = options.webSocket ? await import("ws") : undefined;
    const stream =
      options.tls === undefined
        ? await openSocket(options, stages)
        : await openTls(options, options.tls, stages, phase);
    if (ws === undefined) return stream;
    const webSocket = openWebSocket(ws, stream, options);
    stages.push(() => {
      // An upgrade that is given up is reported once more, when nothing listens any longer.
      webSocket.on("error", () => undefined).terminate();
    });
    await opened(webSocket, "open", options.signal);
    const framed = refuseText(webSocket, () => ws.createWebSocketStream(webSocket));
    nameCarrier(framed, stream);
    return framed;
  } catch (cause) {
    // The outermost first: Node.js 24.21 crashes when a socket is destroyed under a TLS stream that is open.
    for (const close of stages.reverse()) close();
    throw new ConnectionError(
      `${options.peer} can't be reached: ${describeStreamError(cause, phase.isHandshake)}`,
      { retry: "soon" },
      { cause },
    );
  }
}

/** Opens plain TCP, or a tunnel. */
async function openSocket(
  { address, connectTo, proxy, webSocket, signal }: StreamOptions,
  stages: Stages,
): Promise<net.Socket> {
  const target = connectTo ?? address;
  const socket =
    proxy === undefined
      ? await connectSocket(target, signal, (to) => {
          const reader = webSocket ? undefined : new ReusedBuffer();
          const attempt = net.connect({ ...tcpOptions(to), ...reader?.options });
          reader?.attach(attempt);
          return attempt;
        })
      : await openTunnel(proxy, target, signal);
  stages.push(() => socket.destroy());
  return webSocket ? socket : readToEnd(socket);
}

/** Opens TLS: on a socket of its own, which it reads from without a stream between, or in a tunnel. */
async function openTls(
  options: StreamOptions,
  material: TlsMaterial,
  stages: Stages,
  phase: { isHandshake: boolean },
): Promise<net.Socket> {
  const { address, connectTo, proxy, webSocket, signal } = options;
  const tlsParts = tlsOptions(address.hostname, material);
  let secured: tls.TLSSocket;
  if (proxy === undefined) {
    secured = await connectSocket(connectTo ?? address, signal, (to) => {
      const reader = webSocket ? undefined : new ReusedBuffer(Buffer.allocUnsafeSlow(tlsReadBytes));
      const attempt = tls.connect({ ...tlsParts, ...tcpOptions(to), ...reader?.options });
      reader?.attach(attempt);
      return attempt;
    });
    secured.setNoDelay(true).setKeepAlive(true, tcpKeepAliveMs);
  } else {
    const tunnel = await openSocket(options, stages);
    secured = tls.connect({ ...tlsParts, socket: tunnel });
    nameCarrier(secured, tunnel);
  }
  stages.push(() => secured.destroy());
  phase.isHandshake = true;
  await opened(secured, "secureConnect", signal);
  phase.isHandshake = false;
  checkServer(secured, address.hostname, material);
  return webSocket ? secured : readToEnd(secured);
}

function tcpOptions(to: SocketAddress) {
  return { ...to, noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
}

function tlsOptions(hostname: string, { ca, cert, key }: TlsMaterial): tls.ConnectionOptions {
  if (ca === undefined) trustSystemRoots();
  return {
    // Event Grid finds the namespace by the name that TLS asks for. An address is no such name, and a name has no dot at
    // its end: RFC 6066 §3.
    ...(net.isIP(hostname) === 0 ? { servername: hostname.replace(/\.$/, "") } : {}),
    // The name of the endpoint, wherever the connection goes.
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(hostname, certificate),
    minVersion: "TLSv1.2",
    // Judged in checkServer instead, because Node.js drops the chain with the socket, and then nothing tells which of its
    // certificates failed. This is no weaker than Node.js' own check, which comes at the same moment, after the handshake:
    // - It is OpenSSL's verdict and Node.js' check of the host name that count here too, in `authorized`.
    // - No byte of MQTT, and no WebSocket upgrade, is written before openStream has called checkServer. What a server sees
    //   before that is the handshake with the client certificate, as with any client. Node.js sends no early data.
    // - Node.js skips the host name when a session is resumed. No session is handed over here, so none is.
    // - No CA at all (`ca: []`) trusts nobody, and NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing.
    rejectUnauthorized: false,
    ...(ca === undefined ? {} : { ca: [...ca] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** @throws when the server's certificate was not verified, or is for another host */
function checkServer(secured: tls.TLSSocket, hostname: string, { ca }: TlsMaterial): void {
  if (secured.authorized) return;
  const failure: unknown = secured.authorizationError;
  const code = typeof failure === "string" ? failure : describeError(failure);
  const check = { hostname, nowMs: Date.now(), ...(ca === undefined ? {} : { ca }) };
  throw new Error(explainServerCertificate(chainOf(secured), code, check));
}

/** The certificates as the server sent them, its own first. */
function chainOf(secured: tls.TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = secured.getPeerCertificate(true) as Partial<tls.DetailedPeerCertificate> | undefined;
  for (; next?.raw !== undefined && chain.length < maxChain; next = next.issuerCertificate) {
    const certificate = new X509Certificate(next.raw);
    if (chain.at(-1)?.fingerprint256 === certificate.fingerprint256) break; // a root names itself as its issuer
    chain.push(certificate);
  }
  return chain;
}

/** Ends the stream at a text frame: [MQTT-6.0.0-1]. Without this its text would be read as bytes of MQTT. */
function refuseText(webSocket: Ws.WebSocket, createStream: () => Duplex): Duplex {
  // Added first, so that the stream has failed before it is given the text.
  webSocket.on("message", (_data, isBinary) => {
    if (isBinary) return;
    const text = "broke the protocol: the server sent a WebSocket text frame where MQTT has binary ones; see its log";
    framed.destroy(new ConnectionError(text, { retry: "slowly", end: "protocol-error" }));
  });
  const framed = createStream();
  // The library leaves the writing side open when the server has closed, and then says nothing more.
  framed.once("end", () => framed.destroy());
  // Who uses the stream listens, too; it may fail before that.
  return framed.on("error", () => undefined);
}

function openWebSocket({ WebSocket }: typeof Ws, stream: Duplex, { address, tls: material }: StreamOptions) {
  const scheme = material === undefined ? "ws" : "wss";
  const host = net.isIPv6(address.hostname) ? `[${address.hostname}]` : address.hostname;
  const url = `${scheme}://${host}:${address.port}${address.path ?? defaultWebSocketPath}`;
  // MQTT is a stream of bytes already: compression would cost time and split nothing.
  return new WebSocket(url, "mqtt", { perMessageDeflate: false, createConnection: () => stream });
}
