import type { RelayConfig } from "../contract/config.ts";
import { parseHost, type Endpoint, type HostAddress } from "../contract/config/endpoint.ts";
import type { Credentials, CredentialSource } from "../identity/credentials.ts";
import type { MemoryBudget } from "../memory/budget.ts";
import type { Logger } from "../report/log.ts";
import type { Tracing } from "../report/traces.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import { openStream } from "../transport/open-stream.ts";
import { clientId, type ClientIdParts } from "../contract/client-id.ts";
import type { LinkOptions } from "./link.ts";
import { proxySecrets } from "../transport/proxy-tunnel.ts";
import { keepRenewed } from "./renewal.ts";
import { reportLinkState } from "../report/trouble-log.ts";

/** What the dataflows of one relay share. */
export interface DataflowContext {
  readonly config: RelayConfig;
  /** Credentials by endpoint: one source each, so that a token is asked for once. */
  readonly credentials: ReadonlyMap<string, CredentialSource>;
  readonly ordinal: number;
  /** How long a new instance waits before it subscribes, in milliseconds; omitted: not at all. */
  readonly joinMs?: number;
  /** Where to connect instead of a `host:port`; for development. */
  readonly connectTo: ReadonlyMap<string, HostAddress>;
  readonly log: Logger;
  readonly random: () => number;
  readonly memory: Pick<MemoryBudget, "share">;
  /** Omitted: no message is traced. */
  readonly tracing?: Pick<Tracing, "tracerOf"> | undefined;
}

/** One side of a dataflow: a broker, and who this client is there. */
export interface Side {
  readonly side: ClientIdParts["side"];
  /** Name of the endpoint. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The broker, as messages name it. */
  readonly peer: string;
  readonly clientId: string;
}

/** Finds one side of a dataflow. */
export function createSide(
  dataflow: string,
  side: Side["side"],
  name: string,
  { config, ordinal }: DataflowContext,
): Side {
  const endpoint = required(config.endpoints[name], `endpoint "${name}"`);
  const { host, clientIdPrefix: prefix } = endpoint.mqttSettings;
  return {
    side,
    name,
    endpoint,
    peer: `${side} ${name} (${host})`,
    clientId: clientId({ prefix, dataflow, ordinal, side }),
  };
}

/** Options of a link to one side. */
export function createLinkOptions(
  side: Side,
  { config, credentials, connectTo, random, log }: DataflowContext,
): Required<LinkOptions> {
  const { host, protocol } = side.endpoint.mqttSettings;
  const address = required(parseHost(host), `host "${host}"`);
  const instead = connectTo.get(`${address.hostname}:${address.port}`);
  const source = required(credentials.get(side.name), `credentials of "${side.name}"`);
  const names = { side: side.side, endpoint: side.name, host };
  const renewal = { source, backoff: config.relay.reconnect, random, log: log.child(names) };
  return {
    backoff: config.relay.reconnect,
    random,
    timeoutMs: config.relay.connectTimeoutSeconds * 1000,
    quiesceMs: config.relay.drainTimeoutSeconds * 1000,
    readCredentials: (signal) => source.read(signal),
    openStream: ({ tls, proxy }, signal) =>
      openStream({
        peer: side.peer,
        address,
        webSocket: protocol === "WebSockets",
        signal,
        ...(tls === undefined ? {} : { tls }),
        ...(proxy === undefined ? {} : { proxy }),
        ...(instead === undefined ? {} : { connectTo: instead }),
      }),
    onFault: ({ message, cause }) => {
      const stack = cause instanceof Error ? cause.stack : undefined;
      log.error(
        { event: "relay-fault", ...names, reason: message, stack },
        "a fault of the relay, please report it; connecting again",
      );
    },
    watchCredentials: (connection, used, replace) => keepRenewed(connection, used, replace, renewal),
    onStateChange: reportLinkState(log, names),
  };
}

/** What CONNECT says at one side. */
export function buildConnectOptions(
  { endpoint, peer, clientId }: Side,
  credentials: Credentials,
  rest: Pick<ConnectOptions, "cleanStart" | "receiveMaximum" | "timeoutMs">,
): ConnectOptions {
  const { sessionExpirySeconds, keepAliveSeconds } = endpoint.mqttSettings;
  const secrets = secretsOf(credentials, endpoint);
  return { ...credentials.proof, ...rest, secrets, peer, clientId, sessionExpirySeconds, keepAliveSeconds };
}

/** What a broker must not bring into a message, beside password and token: all that comes from a Secret. */
function secretsOf({ proof, proxy }: Credentials, { relay }: Endpoint): string[] {
  const { username, password = "" } = proof;
  const isPublic = username === undefined || username === relay.username;
  const own = isPublic ? [] : [username, `${username}:${String(password)}`];
  return [...own, ...proxySecrets(proxy)];
}

/** Makes a function that says once when a broker keeps the session for a shorter time than it was asked to. */
export function reportSessionExpiry(
  { side, name: endpoint, endpoint: { mqttSettings } }: Side,
  log: Logger,
): (limits: Pick<ServerLimits, "sessionExpirySeconds">) => void {
  const askedSeconds = mqttSettings.sessionExpirySeconds;
  let reported: number | undefined;
  return ({ sessionExpirySeconds: givenSeconds }) => {
    if (givenSeconds === undefined || givenSeconds >= askedSeconds || givenSeconds === reported) return;
    reported = givenSeconds;
    const remedy = `raise the limit at the broker, or set endpoints.${endpoint}.mqttSettings.sessionExpirySeconds to ${givenSeconds}`;
    log.warn(
      { event: "session-shortened", side, endpoint, askedSeconds, givenSeconds, remedy },
      `the broker keeps this session for ${givenSeconds} s and not for ${askedSeconds} s: after a longer outage, what waited in it is lost`,
    );
  };
}

/** What a parsed configuration always has: its absence is a slip of ours. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`the configuration was not checked: there is no ${what}`);
  return value;
}
