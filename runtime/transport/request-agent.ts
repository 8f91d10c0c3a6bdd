import { Agent, type ClientRequestArgs } from "node:http";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";

import type { HostAddress } from "../contract/config/endpoint.ts";
import { connectSocket } from "./connect-socket.ts";
import { openTunnel, type Proxy } from "./proxy-tunnel.ts";
import { trustSystemRoots } from "./system-roots.ts";

/** How one HTTP request reaches its server. */
export interface RequestRoute {
  readonly isTls: boolean;
  /** Omitted: straight. */
  readonly proxy: Proxy | undefined;
  /** Ends the attempt to connect; what is connected belongs to the request. */
  readonly signal: AbortSignal;
}

/**
 * An agent that connects an HTTP request as brokers are connected to: with the shared look-up of names, and with every address
 * of the host for as long as the request may take. It keeps no connection for another request.
 */
export class RequestAgent extends Agent {
  readonly #route: RequestRoute;

  constructor(route: RequestRoute) {
    super();
    this.#route = route;
    Object.assign(this, route.isTls ? { protocol: "https:", defaultPort: 443 } : {});
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const target = { hostname: (host ?? "localhost").replace(/^\[|\]$/g, ""), port: Number(port) };
    this.#connect(target).then(
      (socket) => callback?.(null, socket),
      (error: unknown) => (callback as ((error: unknown) => void) | undefined)?.(error),
    );
  }

  async #connect(target: HostAddress): Promise<Socket> {
    const { isTls, proxy, signal } = this.#route;
    const socket =
      proxy === undefined
        ? await connectSocket(target, signal, (to) => connectTcp({ ...to, noDelay: true }))
        : await openTunnel(proxy, target, signal);
    if (!isTls) return socket;
    trustSystemRoots();
    const { hostname } = target;
    // The request waits for the handshake, and is told when it fails.
    return tls.connect({ socket, host: hostname, servername: isIP(hostname) === 0 ? hostname : "" });
  }
}
