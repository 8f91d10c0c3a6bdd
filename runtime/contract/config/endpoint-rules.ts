import { isIP } from "node:net";

import { clientId, maxClientIdBytes, maxInstances } from "../client-id.ts";
import { quote, type Problem } from "../errors.ts";
import { shownUrl } from "../shown-url.ts";
import type { AuthenticationMethod } from "./authentication.ts";
import { HostType, inferHostType, parseHost, type Endpoint } from "./endpoint.ts";
import { list } from "./field.ts";

/** Which authentication methods a kind of broker takes. @see Specification, the three forms of endpoints and the method sections */
export const methodsByHostType: Readonly<Record<HostType, readonly AuthenticationMethod[]>> = {
  LocalBroker: ["ServiceAccountToken", "X509Certificate", "Anonymous"],
  EventGrid: ["SystemAssignedManagedIdentity", "UserAssignedManagedIdentity", "X509Certificate"],
  CustomMqtt: [
    "SystemAssignedManagedIdentity",
    "UserAssignedManagedIdentity",
    "ServiceAccountToken",
    "X509Certificate",
    "AccessToken",
    "Anonymous",
    "UsernamePassword",
  ],
};

/** Limits of Event Grid's MQTT broker that a configuration can break. @see Event Grid, MQTT support and quotas (2025-07-30) */
export const eventGridLimits = {
  ports: { Mqtt: 8883, WebSockets: 443 },
  webSocketPath: "/mqtt",
  maxKeepAliveSeconds: 1160,
  maxSessionExpirySeconds: 28_800,
  /** Of a session's name, which is the client identifier. @see Event Grid, event schema of MQTTClientSessionConnected */
  maxClientIdCharacters: 128,
  maxTopicBytes: 256,
  maxTopicSegments: 15,
  maxPacketBytes: 524_288,
  maxFiltersPerSubscribe: 10,
  maxSubscriptionsPerSession: 50,
} as const;

/** Fills in the kind of broker. */
export function resolveEndpoint(
  endpoint: Omit<Endpoint, "hostType"> & { readonly hostType?: HostType | undefined },
): Endpoint {
  return { ...endpoint, hostType: endpoint.hostType ?? inferHostType(endpoint.mqttSettings.host) };
}

/** Lists what contradicts what within one endpoint; empty when all is well. */
export function checkEndpoint(path: string, endpoint: Endpoint): Problem[] {
  return [
    ...checkHost(path, endpoint),
    ...checkAuthentication(path, endpoint),
    ...checkTls(path, endpoint),
    ...checkClientIdPrefix(path, endpoint),
    ...checkOwnFields(path, endpoint),
    ...(endpoint.hostType === HostType.EventGrid ? checkEventGrid(path, endpoint) : []),
  ];
}

function checkHost(path: string, { hostType, mqttSettings: { host, protocol } }: Endpoint): Problem[] {
  const at = `${path}.mqttSettings.host`;
  const problems: Problem[] = [];
  const address = parseHost(host);
  if (address?.path !== undefined && protocol !== "WebSockets") {
    const problem = `has the path ${quote(address.path)}, which only WebSockets take`;
    problems.push({ path: at, problem, remedy: 'remove it, or set "protocol" to "WebSockets"' });
  }
  const inferred = inferHostType(host);
  const isDeclaredAway =
    inferred === HostType.EventGrid || (inferred === HostType.LocalBroker && hostType === HostType.EventGrid);
  if (hostType !== inferred && isDeclaredAway) {
    const problem = `is ${quote(shownUrl(host))}, a host of type ${inferred}, and the endpoint is of type ${hostType}`;
    problems.push({ path: at, problem, remedy: `give another host, or an endpoint of type ${inferred}` });
  }
  return problems;
}

function checkAuthentication(path: string, { hostType, mqttSettings }: Endpoint): Problem[] {
  const { method } = mqttSettings.authentication;
  const allowed = methodsByHostType[hostType];
  if (allowed.includes(method)) return [];
  const problem = `is "${method}", which an endpoint of host type ${hostType} does not take`;
  return [{ path: `${path}.mqttSettings.authentication.method`, problem, remedy: `use ${list(allowed)}` }];
}

function checkTls(path: string, { mqttSettings: { tls, authentication } }: Endpoint): Problem[] {
  if (tls.mode === "Enabled") return [];
  const problems: Problem[] = [];
  if (tls.trustedCaCertificateConfigMapRef !== undefined) {
    const remedy = 'remove it, or set tls.mode to "Enabled"';
    const at = `${path}.mqttSettings.tls.trustedCaCertificateConfigMapRef`;
    problems.push({ path: at, problem: "is set, and TLS is Disabled", remedy });
  }
  if (authentication.method === "X509Certificate") {
    const remedy = 'set it to "Enabled", or use another authentication method';
    const problem = "is Disabled, and a client certificate is presented in TLS only";
    problems.push({ path: `${path}.mqttSettings.tls.mode`, problem, remedy });
  }
  return problems;
}

/** What the shortest name of a dataflow, the number of an instance and the side add to the prefix; all of it ASCII. */
const shortestRest = clientId({ prefix: "", dataflow: "one", ordinal: maxInstances - 1, side: "destination" }).length;

/** Says that a prefix leaves no room for any dataflow in its client identifiers; `undefined` when it does. */
export function clientIdPrefixProblem({
  hostType,
  mqttSettings: { clientIdPrefix },
}: Pick<Endpoint, "hostType" | "mqttSettings">): Omit<Problem, "path"> | undefined {
  const isEventGrid = hostType === HostType.EventGrid;
  const length = isEventGrid ? Array.from(clientIdPrefix).length : Buffer.byteLength(clientIdPrefix);
  const [unit, most, broker] = isEventGrid
    ? ["characters", eventGridLimits.maxClientIdCharacters, "Event Grid"]
    : ["bytes", maxClientIdBytes, "MQTT"];
  if (length <= most - shortestRest) return undefined;
  const problem = `is ${length} ${unit} long, and ${broker} takes client identifiers of ${most} ${unit}`;
  return { problem, remedy: `give ${most - shortestRest} ${unit} at most, less for dataflows with long names` };
}

function checkClientIdPrefix(path: string, endpoint: Endpoint): Problem[] {
  const problem = clientIdPrefixProblem(endpoint);
  return problem === undefined ? [] : [{ path: `${path}.mqttSettings.clientIdPrefix`, ...problem }];
}

function checkOwnFields(path: string, { relay, hostType, mqttSettings }: Endpoint): Problem[] {
  const problems: Problem[] = [];
  const { method } = mqttSettings.authentication;
  if (relay.username !== undefined && method !== "X509Certificate" && method !== "AccessToken") {
    const problem = `is set, and authentication method ${method} sends none`;
    problems.push({ path: `${path}.relay.username`, problem, remedy: "remove it" });
  }
  if (relay.allowSharedSubscriptions && hostType !== HostType.EventGrid) {
    const problem = `is set on an endpoint of host type ${hostType}, where shared subscriptions are always used`;
    problems.push({ path: `${path}.relay.allowSharedSubscriptions`, problem, remedy: "remove it" });
  }
  return problems;
}

function checkEventGrid(
  path: string,
  { mqttSettings: { host, protocol, tls, keepAliveSeconds } }: Endpoint,
): Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, problem: string, remedy: string) =>
    problems.push({ path: `${path}.mqttSettings.${field}`, problem, remedy });
  const address = parseHost(host);
  const port = eventGridLimits.ports[protocol];
  if (address !== undefined && isIP(address.hostname) !== 0) {
    add(
      "host",
      `is the IP address ${address.hostname}, and Event Grid needs the host name in TLS`,
      "give the namespace's host name",
    );
  }
  if (address !== undefined && address.port !== port) {
    const other = protocol === "Mqtt" ? "WebSockets" : "Mqtt";
    const isOther = address.port === eventGridLimits.ports[other];
    const remedy = isOther ? `use port ${port}, or set "protocol" to "${other}"` : `use port ${port}`;
    add("host", `has port ${address.port}, and Event Grid listens on ${port} for ${protocol}`, remedy);
  }
  if (address?.path !== undefined && protocol === "WebSockets" && address.path !== eventGridLimits.webSocketPath) {
    const problem = `has the path ${quote(address.path)}, and Event Grid takes WebSockets at "${eventGridLimits.webSocketPath}"`;
    add("host", problem, `end the host with "${eventGridLimits.webSocketPath}"`);
  }
  if (tls.mode === "Disabled") add("tls.mode", "is Disabled, and Event Grid takes TLS only", 'set it to "Enabled"');
  if (keepAliveSeconds < 1 || keepAliveSeconds > eventGridLimits.maxKeepAliveSeconds) {
    const remedy = `give 1 to ${eventGridLimits.maxKeepAliveSeconds} s`;
    add("keepAliveSeconds", `is ${keepAliveSeconds} s, outside what Event Grid takes`, remedy);
  }
  return problems;
}
