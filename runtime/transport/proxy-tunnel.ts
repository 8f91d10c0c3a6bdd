import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import tls from "node:tls";

import { getProxyForUrl } from "proxy-from-env";

import type { HostAddress } from "../contract/config/endpoint.ts";
import { describeError, splitRemedy } from "../contract/errors.ts";
import { withoutSecrets } from "../contract/redact.ts";
import { shownUrl } from "../contract/shown-url.ts";
import { connectSocket } from "./connect-socket.ts";
import { opened } from "./opened.ts";
import { trustSystemRoots } from "./system-roots.ts";
import { describeStreamError } from "./tls-failure.ts";

/** An HTTP proxy and what it asks for. */
export interface Proxy {
  /** `http://proxy.example:3128` or `https://…`, without user and password. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** CA certificates of a proxy with `https`, in PEM; omitted: the system's roots. */
  readonly ca?: readonly string[];
}

const tlsPort = 443;
const httpPort = 80;

/**
 * Opens a tunnel through a proxy with CONNECT. The caller owns it.
 * @throws {Error} that names the proxy, why there is none, and what to do
 * @see RFC 9110 §9.3.6
 */
export async function openTunnel(proxy: Proxy, target: HostAddress, signal: AbortSignal): Promise<Socket> {
  const { url } = proxy;
  let socket: Socket | undefined;
  try {
    socket = await connectProxy(proxy, signal);
    return await askForTunnel(socket, proxy, target, signal);
  } catch (cause) {
    socket?.destroy();
    if (cause instanceof RefusedTunnel) throw new Error(`proxy ${url} refused CONNECT: ${cause.message}`, { cause });
    // An aborted request says nothing of why.
    const isAbort = cause === signal.reason || (cause as Error).name === "AbortError";
    const text = isAbort ? describeError(signal.reason) : describeProxyError(cause);
    throw new Error(`proxy ${url}: ${text}`, { cause });
  }
}

/** As `describeStreamError` does, with what to do about a proxy. */
export function describeProxyError(cause: unknown): string {
  const { problem, remedy } = splitRemedy(describeStreamError(cause));
  const { code } = cause as { readonly code?: unknown };
  const own =
    code === "ECONNREFUSED"
      ? "start the proxy, or correct its URL"
      : remedy?.replace(/^correct host,/, "correct its URL,");
  return own === undefined ? problem : `${problem}; ${own}`;
}

/** Connects to the proxy itself, and checks who it is where it speaks TLS. */
async function connectProxy({ url, ca }: Proxy, signal: AbortSignal): Promise<Socket> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const isTls = protocol === "https:";
  const address = { hostname: host, port: port === "" ? (isTls ? tlsPort : httpPort) : Number(port) };
  const socket = await connectSocket(address, signal, (to) => connectTcp({ ...to, noDelay: true }));
  if (!isTls) return socket;
  if (ca === undefined) trustSystemRoots();
  const secured = tls.connect({
    socket,
    host,
    // An address is no name that TLS can ask for: RFC 6066 §3.
    servername: isIP(host) === 0 ? host : "",
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the proxy is shown a password.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: withDefaultRoots(ca) }),
  });
  try {
    await opened(secured, "secureConnect", signal);
  } catch (cause) {
    secured.on("error", () => undefined).destroy();
    throw cause;
  }
  return secured;
}

/** The proxy's answer to CONNECT, when it lets nothing through. */
class RefusedTunnel extends Error {}

async function askForTunnel(toProxy: Socket, proxy: Proxy, target: HostAddress, signal: AbortSignal): Promise<Socket> {
  const authority = `${target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname}:${target.port}`;
  const headers = { host: authority, ...authorization(proxy) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: "CONNECT",
      path: authority,
      headers,
      signal,
      createConnection: () => toProxy,
    });
    const refuse = ({ statusCode = 0, statusMessage = "" }: IncomingMessage) => {
      request.destroy();
      reject(
        new RefusedTunnel(
          explainStatus(statusCode, withoutSecrets(statusMessage, proxySecrets(proxy)).slice(0, maxStatusMessage)),
        ),
      );
    };
    request.once("connect", (response, _socket, head) => {
      if (response.statusCode !== 200) {
        toProxy.destroy();
        refuse(response);
        return;
      }
      if (head.length > 0) toProxy.unshift(head);
      resolve(toProxy);
    });
    request.once("response", refuse);
    request.once("error", reject);
    request.end();
  });
}

/** CA certificates beside those that are trusted where none are given. */
export function withDefaultRoots(ca: readonly string[]): string[] {
  trustSystemRoots();
  return [...tls.getCACertificates("default"), ...ca];
}

function authorization({ credentials }: Proxy): { "proxy-authorization"?: string } {
  if (credentials === undefined) return {};
  const { username, password } = credentials;
  return { "proxy-authorization": `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** What a proxy is shown that must not stand in a message. */
export function proxySecrets(proxy: Pick<Proxy, "credentials"> | undefined): string[] {
  if (proxy?.credentials === undefined) return [];
  const { username, password } = proxy.credentials;
  return [username, password, `${username}:${password}`];
}

/** Longest part of a proxy's own words that a message has, in characters. */
const maxStatusMessage = 200;

/** What a proxy that lets nothing through means, by its status. */
function explainStatus(status: number, text: string): string {
  const said = `${status} ${text}`.trim();
  switch (status) {
    case 407:
      return `${said}; give its user name and password in the Secret that proxy.secretRef names`;
    case 403:
      return `${said}; ask its operator to let this host and port through`;
    case 502:
    case 503:
    case 504:
      return `${said}: it does not reach the host; correct host, or ask its operator`;
    default:
      return said;
  }
}

/**
 * The proxy that `HTTPS_PROXY` and `NO_PROXY` name for a host, with the user and password of the URL.
 * @throws {Error} when it is no URL, or one whose password is not encoded, so that a part of it would pass for the address
 */
export function proxyOfEnvironment({ hostname, port }: HostAddress): Proxy | undefined {
  const found = getProxyForUrl(`https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
  if (found === "") return undefined;
  const proxy = parseProxyUrl(found);
  if (proxy !== undefined) return proxy;
  const remedy =
    'give "http://<user>:<password>@<host>:<port>", with "%40" for "@", "%2F" for "/" and the like in the password';
  throw new Error(`HTTPS_PROXY: is no URL of a proxy ("${shownUrl(found)}"); ${remedy}`);
}

function parseProxyUrl(text: string): Proxy | undefined {
  try {
    const { protocol, host, username, password, pathname, search, hash } = new URL(text);
    if (`${pathname}${search}${hash}`.includes("@")) return undefined;
    const url = `${protocol}//${host}`;
    if (username === "" && password === "") return { url };
    return { url, credentials: { username: decodeURIComponent(username), password: decodeURIComponent(password) } };
  } catch {
    // Not the error of the parser: it has the whole text in it, and so the password.
    return undefined;
  }
}
