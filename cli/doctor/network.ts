import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

import type { Side } from "../../runtime/connection/side.ts";
import { withinTime } from "../../runtime/connection/attempt.ts";
import type { HostAddress } from "../../runtime/contract/config/endpoint.ts";
import { connectSocket } from "../../runtime/transport/connect-socket.ts";
import { lookUps } from "../../runtime/transport/look-up.ts";
import { openStream, type TlsMaterial } from "../../runtime/transport/open-stream.ts";
import { describeProxyError, openTunnel, type Proxy } from "../../runtime/transport/proxy-tunnel.ts";
import { describeStreamError } from "../../runtime/transport/tls-failure.ts";
import type { Cause } from "./causes.ts";
import { textOf, type Reporter } from "./finding.ts";

/** A way to a broker. */
export interface Way {
  readonly side: Side;
  readonly address: HostAddress;
  /** Where to connect instead of the address. */
  readonly connectTo?: HostAddress | undefined;
  readonly proxy?: Proxy | undefined;
  /** Omitted: plain TCP. */
  readonly tls?: TlsMaterial | undefined;
  readonly timeoutMs: number;
}

const never = new AbortController().signal;

/** Looks at name and port of a broker, or of the proxy that leads to it. @returns whether something answers */
export async function checkReach(way: Way, reporter: Reporter): Promise<boolean> {
  const { proxy, address, connectTo, timeoutMs } = way;
  if (proxy === undefined) return checkHost("tcp", connectTo ?? address, timeoutMs, reporter);
  const target = proxyAddress(proxy);
  if (!(await checkHost("proxy", target, timeoutMs, reporter))) return false;
  try {
    const tunnel = await withinTime(timeoutMs, never, (signal) => openTunnel(proxy, connectTo ?? address, signal));
    tunnel.destroy();
    reporter.good("proxy", `${proxy.url} lets the connection through`);
    return true;
  } catch (cause) {
    const text = textOf(cause, "");
    reporter.problem("proxy", text.includes(" refused CONNECT") ? "proxy-refused" : "proxy-unreachable", text);
    return false;
  }
}

async function checkHost(
  check: "tcp" | "proxy",
  { hostname, port }: HostAddress,
  timeoutMs: number,
  reporter: Reporter,
): Promise<boolean> {
  const describe = check === "proxy" ? describeProxyError : describeStreamError;
  const what = check === "proxy" ? `the proxy ${hostname}:${port}` : `${hostname}:${port}`;
  try {
    const found = await withinTime(timeoutMs, never, (signal) => lookUps.find(hostname, signal));
    const addresses = found.map(({ address }) => address).join(", ");
    if (net.isIP(hostname) === 0) reporter.good("dns", `${hostname} is ${addresses}`);
  } catch (cause) {
    const code = check === "proxy" ? "proxy-unreachable" : "host-not-found";
    reporter.problem("dns", code, `${what}: ${describe(cause)}`);
    return false;
  }
  const startedMs = performance.now();
  try {
    const socket = await withinTime(timeoutMs, never, (signal) =>
      connectSocket({ hostname, port }, signal, (to) => net.connect(to)),
    );
    socket.destroy();
    reporter.good(check, `${what} takes connections (${milliseconds(startedMs)})`);
    return true;
  } catch (cause) {
    const failure = (cause as { readonly code?: unknown }).code === "ECONNREFUSED" ? "port-closed" : "no-answer";
    reporter.problem(check, check === "proxy" ? "proxy-unreachable" : failure, `${what}: ${describe(cause)}`);
    return false;
  }
}

function proxyAddress({ url }: Proxy): HostAddress {
  const { protocol, hostname, port } = new URL(url);
  const standard = protocol === "https:" ? 443 : 80;
  return { hostname: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? standard : Number(port) };
}

/** Opens the stream that MQTT goes over, and says what TLS and WebSocket came to; `undefined` when it can't be opened. */
export async function openWay(way: Way, reporter: Reporter): Promise<Duplex | undefined> {
  const stream = await openOnce(way, false, reporter);
  if (stream === undefined) return undefined;
  if (stream instanceof tls.TLSSocket) reportTls(stream, reporter);
  if (way.side.endpoint.mqttSettings.protocol !== "WebSockets") return stream;
  stream.destroy();
  const webSocket = await openOnce(way, true, reporter);
  if (webSocket !== undefined) reporter.good("websocket", `the server speaks MQTT over WebSocket`);
  return webSocket;
}

async function openOnce(way: Way, webSocket: boolean, reporter: Reporter): Promise<Duplex | undefined> {
  const { side, address, connectTo, proxy, timeoutMs } = way;
  try {
    return await withinTime(timeoutMs, never, (signal) =>
      openStream({
        peer: side.peer,
        address,
        webSocket,
        signal,
        ...(way.tls === undefined ? {} : { tls: way.tls }),
        ...(proxy === undefined ? {} : { proxy }),
        ...(connectTo === undefined ? {} : { connectTo }),
      }),
    );
  } catch (cause) {
    const text = textOf(cause, side.peer).replace(/^can't be reached: /, "");
    reporter.problem(webSocket ? "websocket" : "tls", webSocket ? "websocket-failed" : causeOfTls(text), text);
    return undefined;
  }
}

/** The relay's own words tell which it is: `tls-failure.ts` has them all. */
export function causeOfTls(text: string): Cause {
  if (/^the server's certificate .* (expired at|is not valid before)/.test(text)) return "server-certificate-dates";
  if (/^the server's certificate .* and not for /.test(text)) return "wrong-server-name";
  if (/^the server's certificate |^the trusted CA |^the server showed no certificate/.test(text))
    return "server-certificate";
  if (text.startsWith("the server refused the client certificate: it has expired")) return "certificate-expired";
  if (text.startsWith("the server refused the client certificate")) return "certificate-unusable";
  return "tls-failed";
}

/** A certificate that ends sooner is warned of. */
const soonDays = 14;
const dayMs = 86_400_000;

function reportTls(socket: tls.TLSSocket, reporter: Reporter): void {
  const chain = chainOf(socket);
  const names = chain.map(({ subject }) => subject).join(" <- ");
  const asked = socket.servername === false || socket.servername === null ? "none" : socket.servername;
  reporter.good("tls", `${socket.getProtocol() ?? "TLS"}, server name (SNI) ${asked}, chain ${names}`, {
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().name,
    serverName: asked,
    chain,
  });
  const [leaf] = chain;
  if (leaf === undefined || Date.parse(leaf.validTo) - Date.now() > soonDays * dayMs) return;
  const text = `the server's certificate "${leaf.subject}" ends at ${leaf.validTo}`;
  reporter.warning("tls", "server-certificate-dates", text, { remedy: "renew it at the broker" });
}

interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: string;
}

const maxChain = 10;

function chainOf(socket: tls.TLSSocket): ShownCertificate[] {
  const chain: ShownCertificate[] = [];
  let next = socket.getPeerCertificate(true) as Partial<tls.DetailedPeerCertificate> | undefined;
  let last = "";
  for (; next?.subject !== undefined && chain.length < maxChain; next = next.issuerCertificate) {
    if (next.fingerprint256 === last) break; // a root names itself as its issuer
    last = next.fingerprint256 ?? "";
    chain.push({
      subject: firstName(next.subject.CN),
      issuer: firstName(next.issuer?.CN),
      validTo: new Date(next.valid_to ?? 0).toISOString(),
    });
  }
  return chain;
}

function firstName(name: string | readonly string[] | undefined): string {
  return (typeof name === "string" ? name : name?.[0]) ?? "(no common name)";
}

function milliseconds(sinceMs: number): string {
  return `${Math.round(performance.now() - sinceMs)} ms`;
}
