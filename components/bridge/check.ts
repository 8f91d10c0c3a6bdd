import type { Problem } from "../../runtime/errors.ts";
import { checkNodeIdentity } from "../checks/node-identity.ts";
import { checkSessionsNeeded, sessionLimitBounds } from "../checks/session-limit.ts";
import { checkTopicCoverage } from "../checks/topic-coverage.ts";
import { checkTrustBundle } from "../checks/trust-bundle.ts";
import { buildEndpointConfig } from "../endpoint/config.ts";
import { checkKnownEndpoint, knownEndpoint } from "../endpoint/known.ts";
import type { EndpointFieldInputs } from "../endpoint/known.ts";
import { checkEventGridBroker } from "../event-grid/check.ts";
import { isKnown, knownFields } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { checkRelaySettings } from "../relay/check.ts";
import { aioNamespace, relayDefaults } from "../relay/defaults.ts";
import { checkRelayConfig } from "../render.ts";
import type { BridgeEndpoint } from "./endpoints.ts";
import { checkFlows, declarationOf, findFlowWarnings } from "./flows.ts";
import { endpointsAtBroker, neededTopics, sessionsByEndpoint } from "./topics.ts";

/** What a preview can say about a declaration before anything is created. */
export interface BridgeFindings {
  readonly problems: readonly Problem[];
  /** What works and may still lose messages; the configuration's own warnings come when it is rendered. */
  readonly warnings: readonly Problem[];
}

/** Checks a declaration as far as it is known: each part by itself, and the parts against each other. */
export function checkBridge(name: string, args: MqttBridgeArgs): BridgeFindings {
  const declaration = declarationOf(args);
  const { endpoints } = declaration;
  const { problems: uncovered, warnings } = checkTopics(args);
  const problems = [
    ...checkSite(args.site),
    ...checkNames(endpoints),
    ...checkHosts(args),
    ...endpoints.flatMap((endpoint) => checkEndpoint(args, endpoint)),
    ...checkLocalTrust(args),
    ...checkStatus(args),
    ...checkDocument(args, endpoints),
    ...prefixed("eventGrid", args.eventGrid === undefined ? [] : checkEventGridBroker(args.eventGrid)),
    ...checkSessions(args, endpoints),
    ...uncovered,
    ...checkFlows(declaration),
    ...prefixed("relay", checkRelaySettings(name, args.relay, args.identity)).map(outsideRelay),
  ];
  return { problems, warnings: [...warnings, ...findFlowWarnings(declaration)] };
}

function prefixed(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, ...problem }) => ({ path: `${prefix}.${path}`, ...problem }));
}

/** The bridge's name and identity are no settings of the relay, though its rules are about them too. */
function outsideRelay({ path, ...problem }: Problem): Problem {
  return { path: path.replace(/^relay\.(?=name$|identity\.)/, ""), ...problem };
}

function checkSite(site: string): Problem[] {
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/.test(site)) return [];
  const remedy = 'name it with at most 40 letters, digits and "-"; client identifiers begin with it';
  return [{ path: "site", problem: `is ${JSON.stringify(site)}`, remedy }];
}

function checkNames(endpoints: readonly BridgeEndpoint[]): Problem[] {
  return endpoints.flatMap(({ name, path }, index) => {
    const first = endpoints.slice(0, index).find((endpoint) => endpoint.name === name);
    if (first === undefined) return [];
    return [
      { path, problem: `has the same name as ${first.path}`, remedy: "rename one; dataflows refer to both by it" },
    ];
  });
}

function checkHosts({ eventGrid, eventGridEndpoints }: MqttBridgeArgs): Problem[] {
  if (eventGrid !== undefined) return [];
  const remedy = 'give the host of an existing namespace, "<hostname>:8883", or add eventGrid to create one';
  return Object.entries(eventGridEndpoints ?? {})
    .filter(([, { host }]) => host === undefined)
    .map(([name]) => ({ path: `eventGridEndpoints.${name}.host`, problem: "is missing", remedy }));
}

function checkEndpoint(args: MqttBridgeArgs, { path, hostType, fields }: BridgeEndpoint): Problem[] {
  const method = fields.authenticationMethod;
  const at = `${path}.authenticationMethod`;
  const needsIdentity = method === "UserAssignedManagedIdentity" && args.identity === undefined;
  const remedy = "add identity, or use another authenticationMethod";
  const identity = { path: at, problem: `is ${method}, and the bridge has no identity`, remedy };
  return [
    ...(needsIdentity ? [identity] : checkKnownEndpoint(`${path}.`, hostType, fields)),
    ...checkNodeIdentity(at, method, args.relay.useNodeIdentity ?? false),
  ];
}

function checkLocalTrust({ localEndpoints, relay }: MqttBridgeArgs): Problem[] {
  const namespace = relay.namespace ?? aioNamespace;
  if (!isKnown(namespace)) return [];
  return Object.entries(localEndpoints ?? {}).flatMap(([name, { tlsMode, trustedCaCertificateConfigMapRef: ref }]) => {
    const configMapRef = ref === undefined || isKnown(ref) ? ref : "stand-in";
    const path = `localEndpoints.${name}.trustedCaCertificateConfigMapRef`;
    return checkTrustBundle(path, { namespace, usesTls: tlsMode !== "Disabled", configMapRef });
  });
}

/** At Event Grid the status would need a role and a topic space of its own, which no dataflow calls for. */
function checkStatus({ eventGridEndpoints, relay: { status } }: MqttBridgeArgs): Problem[] {
  if (status === undefined || eventGridEndpoints?.[status.endpoint] === undefined) return [];
  const problem = `is "${status.endpoint}", which is at Event Grid`;
  const remedy = "publish it at a local or custom endpoint, and take it to the cloud by a dataflow";
  return [{ path: "relay.status.endpoint", problem, remedy }];
}

/** Checks dataflows, and the settings that are rendered, as the relay will read them. */
function checkDocument({ site, dataflows, relay }: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const { logLevel, drainTimeoutSeconds } = knownFields(relay);
  const { instanceCount, metricsPort, status } = relay;
  const configs = endpoints.map(
    ({ name, hostType, fields }) => [name, buildEndpointConfig(hostType, knownEndpoint(hostType, fields))] as const,
  );
  const declaration = { site, dataflows, instanceCount, metricsPort, logLevel, drainTimeoutSeconds, status };
  const problems = checkRelayConfig({ ...declaration, endpoints: Object.fromEntries(configs) });
  return problems.flatMap(({ path, ...problem }) => {
    const [part, name, ...field] = path.split(".");
    // The fields of endpoints are checked one endpoint at a time, with their own names.
    if (part === "endpoints" && field.length > 0) return [];
    const endpoint = part === "endpoints" ? endpoints.find((other) => other.name === name) : undefined;
    if (endpoint !== undefined) return [{ path: endpoint.path, ...problem }];
    return [{ path: part !== undefined && part in relay ? `relay.${path}` : path, ...problem }];
  });
}

function checkSessions(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const field = "maximumClientSessionsPerAuthenticationName";
  const limit = args.eventGrid?.[field] ?? sessionLimitBounds.min;
  const instanceCount = args.relay.instanceCount ?? relayDefaults().instanceCount;
  const sessions = sessionsByEndpoint(args.dataflows, endpointsAtBroker(args), instanceCount);
  const needed = new Map<string, number>();
  for (const [name, count] of sessions) {
    const fields = endpoints.find((endpoint) => endpoint.name === name)?.fields;
    const authentication = `${fields?.authenticationMethod}${ownIdentity(args, name, fields)}`;
    needed.set(authentication, (needed.get(authentication) ?? 0) + count);
  }
  return isKnown(limit) ? checkSessionsNeeded(`eventGrid.${field}`, limit, needed) : [];
}

/** One identity is one authentication name, however many endpoints use it; a certificate has its own. */
function ownIdentity({ identity }: MqttBridgeArgs, name: string, fields: EndpointFieldInputs | undefined): string {
  if (fields?.authenticationMethod === "X509Certificate") return ` at endpoint "${name}"`;
  const clientId = fields?.clientId;
  return typeof clientId === "string" && clientId !== identity?.clientId ? ` of client ID "${clientId}"` : "";
}

function checkTopics(args: MqttBridgeArgs) {
  const { published, subscribed } = neededTopics(args.dataflows, endpointsAtBroker(args));
  return checkTopicCoverage([...published, ...subscribed], args.eventGrid?.topicSpaces ?? {});
}
