import type { RelayConfig } from "../contract/config.ts";
import { parseHost, type Endpoint, type HostAddress } from "../contract/config/endpoint.ts";
import type { Credentials, CredentialSource } from "../identity/credentials.ts";
import type { Logger } from "../report/log.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import { openStream } from "../transport/open-stream.ts";
import { clientId, type ClientIdParts } from "../contract/client-id.ts";
import type { LinkOptions } from "./link.ts";
import { keepRenewed } from "./renewal.ts";
import { reportLinkState } from "../report/trouble-log.ts";

/** What the dataflows of one relay share. */
export interface DataflowContext {
  readonly config: RelayConfig;
  /** Credentials by endpoint: one source each, so that a token is asked for once. */
  readonly credentials: ReadonlyMap<string, CredentialSource>;
  readonly ordinal: number;
  /** Where to connect instead of a `host:port`; for development. */
  readonly connectTo: ReadonlyMap<string, HostAddress>;
  readonly log: Logger;
  readonly random: () => number;
}

/** One end of a dataflow: a broker, and who this client is there. */
export interface End {
  readonly side: ClientIdParts["side"];
  /** Name of the endpoint. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The broker, as messages name it. */
  readonly peer: string;
  readonly clientId: string;
}

/** Finds one end of a dataflow. */
export function createEnd(
  dataflow: string,
  side: End["side"],
  name: string,
  { config, ordinal }: DataflowContext,
): End {
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

type CommonLinkOption =
  "backoff" | "random" | "timeoutMs" | "readCredentials" | "openStream" | "watchCredentials" | "onStateChange";

/** The part of a link's options that is alike for sources and destinations. */
export function commonLinkOptions(
  end: End,
  { config, credentials, connectTo, random, log }: DataflowContext,
  onFailed: (reason: string) => void,
): Required<Pick<LinkOptions, CommonLinkOption>> {
  const { host, protocol } = end.endpoint.mqttSettings;
  const address = required(parseHost(host), `host "${host}"`);
  const instead = connectTo.get(`${address.hostname}:${address.port}`);
  const source = required(credentials.get(end.name), `credentials of "${end.name}"`);
  const names = { side: end.side, endpoint: end.name, host };
  const report = reportLinkState(log, names);
  const renewal = { source, backoff: config.relay.reconnect, random, log: log.child(names) };
  return {
    backoff: config.relay.reconnect,
    random,
    timeoutMs: config.relay.connectTimeoutSeconds * 1000,
    readCredentials: (signal) => source.read(signal),
    openStream: ({ tls, proxy }, signal) =>
      openStream({
        peer: end.peer,
        address,
        webSocket: protocol === "WebSockets",
        signal,
        ...(tls === undefined ? {} : { tls }),
        ...(proxy === undefined ? {} : { proxy }),
        ...(instead === undefined ? {} : { connectTo: instead }),
      }),
    watchCredentials: (connection, used, replace) => keepRenewed(connection, used, replace, renewal),
    onStateChange: (state, waitMs) => {
      report(state, waitMs);
      if (state.kind === "failed") onFailed(state.reason);
    },
  };
}

/** What CONNECT says at one end. */
export function buildConnectOptions(
  { endpoint, peer, clientId }: End,
  { proof }: Credentials,
  rest: Pick<ConnectOptions, "cleanStart" | "receiveMaximum" | "timeoutMs">,
): ConnectOptions {
  const { sessionExpirySeconds, keepAliveSeconds } = endpoint.mqttSettings;
  return { ...proof, ...rest, peer, clientId, sessionExpirySeconds, keepAliveSeconds };
}

/** Makes a function that says once when a broker keeps the session for a shorter time than it was asked to. */
export function reportSessionExpiry(
  { side, name: endpoint, endpoint: { mqttSettings } }: End,
  log: Logger,
): (limits: Pick<ServerLimits, "sessionExpirySeconds">) => void {
  const askedSeconds = mqttSettings.sessionExpirySeconds;
  let reported: number | undefined;
  return ({ sessionExpirySeconds: givenSeconds }) => {
    if (givenSeconds === undefined || givenSeconds >= askedSeconds || givenSeconds === reported) return;
    reported = givenSeconds;
    const remedy = `raise the limit at the broker, or set endpoints.${endpoint}.mqttSettings.sessionExpirySeconds to ${givenSeconds}`;
    log.warn(
      { side, endpoint, askedSeconds, givenSeconds, remedy },
      `the broker keeps this session for ${givenSeconds} s and not for ${askedSeconds} s: after a longer outage, what waited in it is lost`,
    );
  };
}

/** What a parsed configuration always has: its absence is a slip of ours. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`the configuration was not checked: there is no ${what}`);
  return value;
}
