import { X509Certificate } from "node:crypto";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

import { createWebSocketStream, WebSocket } from "ws";

import type { HostAddress } from "../config/endpoint.ts";
import { ConnectionError, describeError } from "../errors.ts";
import { openTunnel, type Proxy } from "./proxy-tunnel.ts";
import { describeStreamError, explainServerCertificate } from "./tls-failure.ts";

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
/** Detects a peer that has vanished below MQTT too. */
const tcpKeepAliveMs = 30_000;

/**
 * Opens a TCP, TLS or WebSocket stream, through a proxy where one is given. The caller owns it.
 * @throws {ConnectionError} when it can't be opened, or `signal` says so first
 */
export async function openStream(options: StreamOptions): Promise<Duplex> {
  const stages: (() => void)[] = [];
  let isHandshake = false;
  try {
    let stream: Duplex = await openSocket(options, stages);
    if (options.tls !== undefined) {
      const secured = tls.connect(tlsOptions(stream, options.address.hostname, options.tls));
      stages.push(() => secured.destroy());
      isHandshake = true;
      await opened(secured, "secureConnect", options.signal);
      isHandshake = false;
      checkServer(secured, options.address.hostname, options.tls);
      stream = secured;
    }
    if (!options.webSocket) return stream;
    const webSocket = openWebSocket(stream, options);
    stages.push(() => {
      // An upgrade that is given up is reported once more, when nothing listens any longer.
      webSocket.on("error", () => undefined).terminate();
    });
    await opened(webSocket, "open", options.signal);
    return createWebSocketStream(webSocket);
  } catch (cause) {
    // The outermost first: Node.js 24.21 crashes when a socket is destroyed under a TLS stream that is open.
    for (const close of stages.reverse()) close();
    throw new ConnectionError(
      `${options.peer} can't be reached: ${describeStreamError(cause, isHandshake)}`,
      { retryable: true },
      { cause },
    );
  }
}

async function openSocket(
  { address, connectTo, proxy, signal }: StreamOptions,
  stages: (() => void)[],
): Promise<Duplex> {
  const target = connectTo ?? address;
  if (proxy !== undefined) {
    const tunnel = await openTunnel(proxy, target, signal);
    stages.push(() => tunnel.destroy());
    return tunnel;
  }
  const socket = net.connect({
    host: target.hostname,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
  });
  stages.push(() => socket.destroy());
  await opened(socket, "connect", signal);
  return socket;
}

function tlsOptions(socket: Duplex, hostname: string, { ca, cert, key }: TlsMaterial): tls.ConnectionOptions {
  return {
    socket,
    host: hostname,
    // Event Grid finds the namespace by the name that TLS asks for. An address is no such name: RFC 6066 §3.
    ...(net.isIP(hostname) === 0 ? { servername: hostname } : {}),
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

function openWebSocket(stream: Duplex, { address, tls: material }: StreamOptions): WebSocket {
  const scheme = material === undefined ? "ws" : "wss";
  const host = net.isIPv6(address.hostname) ? `[${address.hostname}]` : address.hostname;
  const url = `${scheme}://${host}:${address.port}${address.path ?? defaultWebSocketPath}`;
  // MQTT is a stream of bytes already: compression would cost time and split nothing.
  return new WebSocket(url, "mqtt", { perMessageDeflate: false, createConnection: () => stream });
}

interface Emitter {
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Waits for the event that says "open"; fails on `error`, on `close` and when `signal` aborts. */
async function opened(emitter: Emitter, event: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (act: () => void) => () => {
      emitter.off(event, onOpen);
      emitter.off("error", onError);
      emitter.off("close", onClose);
      signal.removeEventListener("abort", onAbort);
      act();
    };
    let failure: unknown;
    const rejectWith = () => {
      // As it is, also when it is an error of another realm: its code says more than its text.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(failure);
    };
    const onOpen = settle(resolve);
    const fail = settle(rejectWith);
    const onError = (error: unknown) => {
      failure = error;
      fail();
    };
    const onClose = () => {
      onError(new Error("the connection was closed at once"));
    };
    const onAbort = () => {
      onError(signal.reason);
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    emitter.once(event, onOpen);
    emitter.once("error", onError);
    emitter.once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
