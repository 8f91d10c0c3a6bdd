import type { Duplex } from "node:stream";

import { buildConnectOptions, type Side } from "../../runtime/connection/side.ts";
import { localBrokerAudience } from "../../runtime/contract/config/authentication.ts";
import { HostType, parseHost } from "../../runtime/contract/config/endpoint.ts";
import { ConnectionError, splitRemedy } from "../../runtime/contract/errors.ts";
import type { Credentials } from "../../runtime/identity/credentials.ts";
import { createProxyReader } from "../../runtime/identity/proxy.ts";
import { openClient, type Client } from "../client/open-client.ts";
import { sideOf, type Site } from "../client/site.ts";
import type { DeclaredTopicSpace } from "../explain/topic-spaces.ts";
import { azureLogOf } from "./azure-logs.ts";
import type { ClockSign } from "./clock.ts";
import { checkCredentials, type ReadCredentials } from "./credentials.ts";
import type { Cause } from "./causes.ts";
import { Reporter, textOf, type Report } from "./finding.ts";
import { checkLimits } from "./limits.ts";
import { causeOfTls, checkReach, openWay, type Way } from "./network.ts";
import { checkPublishing, checkSubscribing, type PublishTrial } from "./rights.ts";

/** What an endpoint is examined with. */
export interface EndpointOptions {
  /** Whether it may publish; whoever reads the topics gets the messages. */
  readonly publishes: boolean;
  readonly topicSpaces: readonly DeclaredTopicSpace[];
  /** Whether it subscribes to the filters of the dataflows for a moment. @default true */
  readonly subscribes?: boolean;
  /** What it publishes; omitted: a topic of each dataflow. */
  readonly trial?: PublishTrial;
}

/** What an endpoint tells of other things. */
export interface EndpointSigns {
  readonly clock?: ClockSign;
}

/** Connects to an endpoint step by step as the relay does, with a client identifier of its own, and says what each came to. */
export async function examineEndpoint(
  name: string,
  site: Site,
  options: EndpointOptions,
  report: Report,
): Promise<EndpointSigns> {
  const { context } = site;
  const side = sideOf("doctor", name, context);
  const reporter = new Reporter(`endpoint ${name}`, report);
  const source = context.credentials.get(name);
  if (source === undefined) return {};
  const timeoutMs = context.config.relay.connectTimeoutSeconds * 1000;
  const read = await checkCredentials(side, source, timeoutMs, reporter);
  const signs = read.clock === undefined ? {} : { clock: read.clock };
  const way = await planWay(side, site, read.credentials, timeoutMs, reporter);
  if (way === undefined || !(await checkReach(way, reporter))) return signs;
  if (read.credentials === undefined) {
    reporter.unknown("connack", "no connection was tried without credentials");
    return signs;
  }
  const stream = await openWay(way, reporter);
  if (stream === undefined) return signs;
  await examineConnection(side, stream, { ...read, credentials: read.credentials }, { site, options, reporter });
  return signs;
}

async function planWay(
  side: Side,
  { context, mounts }: Site,
  credentials: Credentials | undefined,
  timeoutMs: number,
  reporter: Reporter,
): Promise<Way | undefined> {
  const { endpoint } = side;
  const address = parseHost(endpoint.mqttSettings.host);
  if (address === undefined) return undefined;
  const isTls = endpoint.mqttSettings.tls.mode === "Enabled";
  const connectTo = context.connectTo.get(`${address.hostname}:${address.port}`);
  const way = { side, address, connectTo, timeoutMs };
  if (credentials !== undefined) return { ...way, proxy: credentials.proxy, tls: credentials.tls };
  try {
    const proxy = await createProxyReader(endpoint, context.config.relay.proxy, mounts)(address, isTls);
    return { ...way, proxy };
  } catch (cause) {
    reporter.problem("proxy", "proxy-unreachable", textOf(cause, side.peer));
    return undefined;
  }
}

interface Examination {
  readonly site: Site;
  readonly options: EndpointOptions;
  readonly reporter: Reporter;
}

type Shown = ReadCredentials & { readonly credentials: Credentials };

async function examineConnection(side: Side, stream: Duplex, shown: Shown, examination: Examination): Promise<void> {
  const { site, options, reporter } = examination;
  const { config } = site.context;
  const { name, endpoint } = side;
  let client: Client;
  try {
    client = await connect(side, stream, shown.credentials, config.relay.connectTimeoutSeconds * 1000);
  } catch (cause) {
    reportRefusedConnection(side, shown, cause, reporter);
    return;
  }
  reporter.good("connack", `accepts client ${side.clientId} (${Math.round(client.connectMs)} ms)`);
  try {
    checkLimits({ name, limits: client.limits, connectMs: client.connectMs }, config, reporter);
    const judged = { name, endpoint, client, config, topicSpaces: options.topicSpaces };
    if (options.subscribes !== false) await checkSubscribing(judged, reporter);
    await checkPublishing(judged, options, reporter);
  } catch (cause) {
    const azure = azureLogOf(endpoint, "connection-ended");
    reporter.problem("connack", "connection-ended", textOf(cause, side.peer), azure === undefined ? {} : { azure });
  } finally {
    await client.close();
  }
}

/** A clean session that ends with the connection, though it asks for the time that the relay's would be kept for: to learn what the broker makes of it. */
async function connect(side: Side, stream: Duplex, credentials: Credentials, timeoutMs: number): Promise<Client> {
  const rest = { cleanStart: true, receiveMaximum: 1, timeoutMs };
  return openClient(stream, buildConnectOptions(side, credentials, rest));
}

/** Reason codes of CONNACK that judge who a client is. */
const identityCodes: readonly number[] = [0x86, 0x87, 0x8c];
const quotaExceeded = 0x97;

function reportRefusedConnection(side: Side, shown: Shown, cause: unknown, reporter: Reporter): void {
  const { endpoint, peer } = side;
  const text = textOf(cause, peer);
  const why = causeOfRefusal(side, shown, cause, text);
  const azure = azureLogOf(endpoint, why);
  const remedy = remedyOf(side, why);
  reporter.problem("connack", why, remedy === undefined ? text : splitRemedy(text).problem, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(azure === undefined ? {} : { azure }),
  });
}

function causeOfRefusal(side: Side, { isForeignAudience }: Shown, cause: unknown, text: string): Cause {
  const reasonCode = cause instanceof ConnectionError ? cause.reasonCode : undefined;
  if (reasonCode === undefined) {
    if (/sent no CONNACK|does not speak MQTT 5|broke the protocol/.test(text)) return "no-mqtt";
    const tls = causeOfTls(text.replace(/^lost the connection: /, ""));
    return tls === "tls-failed" ? "connection-ended" : tls;
  }
  if (reasonCode === quotaExceeded) return "session-limit";
  if (!identityCodes.includes(reasonCode)) return "connection-refused";
  return isForeignAudience || hasForeignAudience(side) ? "wrong-audience" : "not-authorized";
}

/** AIO's own broker takes one audience, unless somebody has changed its BrokerAuthentication. */
function hasForeignAudience({ endpoint: { hostType, mqttSettings } }: Side): boolean {
  const { authentication } = mqttSettings;
  if (hostType !== HostType.LocalBroker || authentication.method !== "ServiceAccountToken") return false;
  return authentication.serviceAccountTokenSettings.audience !== localBrokerAudience;
}

function remedyOf({ name, endpoint }: Side, cause: Cause): string | undefined {
  if (cause === "session-limit") {
    const limit = endpoint.hostType === HostType.EventGrid ? " (maximumClientSessionsPerAuthenticationName)" : "";
    return `raise the sessions that one identity may hold${limit}, or end sessions that nobody uses: those of clients that are offline count too, and this command needs one beside the relay's`;
  }
  if (cause !== "wrong-audience") return undefined;
  const { authentication } = endpoint.mqttSettings;
  if (authentication.method !== "ServiceAccountToken") return "ask for a token for https://eventgrid.azure.net";
  return `set the audience of endpoints.${name} to one that the broker takes: AIO's own takes "${localBrokerAudience}" unless its BrokerAuthentication says otherwise`;
}
