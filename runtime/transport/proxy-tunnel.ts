import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

import { getProxyForUrl } from "proxy-from-env";

import type { HostAddress } from "../contract/config/endpoint.ts";
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
export async function openTunnel(proxy: Proxy, target: HostAddress, signal: AbortSignal): Promise<Duplex> {
  const { url, ca } = proxy;
  const { protocol, hostname, port } = new URL(url);
  const [isTls, host] = [protocol === "https:", hostname.replace(/^\[|\]$/g, "")];
  const authority = `${target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname}:${target.port}`;
  const options: RequestOptions & tls.ConnectionOptions = {
    method: "CONNECT",
    host,
    port: port === "" ? (isTls ? tlsPort : httpPort) : Number(port),
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    agent: false,
    signal,
    // Node.js would ask for, and check, the name in the header "host", which is the broker's and not the proxy's.
    servername: isIP(host) === 0 ? host : "",
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the proxy is shown a password.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: withDefaultRoots(ca) }),
  };
  return new Promise((resolve, reject) => {
    const request = (isTls ? httpsRequest : httpRequest)(options);
    const refuse = ({ statusCode = 0, statusMessage = "" }: IncomingMessage) => {
      request.destroy();
      reject(new Error(`proxy ${url} refused CONNECT: ${explainStatus(statusCode, statusMessage)}`));
    };
    request.once("connect", (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        refuse(response);
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once("response", refuse);
    request.once("error", (cause) => {
      const text = signal.aborted ? (signal.reason as Error).message : describeStreamError(cause);
      reject(new Error(`proxy ${url}: ${text}`, { cause }));
    });
    request.end();
  });
}

/** CA certificates beside those that are trusted where none are given. */
export function withDefaultRoots(ca: readonly string[]): string[] {
  return [...tls.getCACertificates("default"), ...ca];
}

function authorization({ credentials }: Proxy): { "proxy-authorization"?: string } {
  if (credentials === undefined) return {};
  const { username, password } = credentials;
  return { "proxy-authorization": `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

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

/** The proxy that `HTTPS_PROXY` and `NO_PROXY` name for a host, with the user and password of the URL. */
export function proxyOfEnvironment({ hostname, port }: HostAddress): Proxy | undefined {
  const found = getProxyForUrl(`https://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
  if (found === "") return undefined;
  const { protocol, host, username, password } = new URL(found);
  const url = `${protocol}//${host}`;
  if (username === "") return { url };
  return { url, credentials: { username: decodeURIComponent(username), password: decodeURIComponent(password) } };
}
