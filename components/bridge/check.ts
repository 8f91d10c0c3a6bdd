import { countProblems } from "../../runtime/contract/config/limits.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { profileInstanceCount } from "../aio/profile.ts";
import { withoutAioFields } from "../checks/aio-dataflow.ts";
import { checkGitOps } from "../checks/git-ops.ts";
import { findMovingImage } from "../checks/image.ts";
import { checkNodeIdentity } from "../checks/node-identity.ts";
import { checkSessionsNeeded, sessionLimitBounds } from "../checks/session-limit.ts";
import { checkTopicCoverage } from "../checks/topic-coverage.ts";
import { checkTrustBundle } from "../checks/trust-bundle.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { buildEndpointConfig } from "../endpoint/config.ts";
import { checkKnownEndpoint, knownEndpoint } from "../endpoint/known.ts";
import type { EndpointFieldInputs } from "../endpoint/known.ts";
import { checkEventGridBroker } from "../event-grid/check.ts";
import { isKnown, knownFields } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { checkRelaySettings } from "../relay/check.ts";
import { aioNamespace, relayDefaults } from "../relay/defaults.ts";
import type { RelaySettingsArgs } from "../relay/settings.ts";
import { checkVolume } from "../relay/volume.ts";
import { checkRelayConfig, renderRelayConfig } from "../render.ts";
import type { RelayDeclaration } from "../render.ts";
import { checkAio } from "./aio.ts";
import { endpointsAtBroker, mapValues } from "./endpoints.ts";
import type { BridgeEndpoint } from "./endpoints.ts";
import { checkExistingNamespaces, checkExistingTopics } from "./existing-namespaces.ts";
import { dataflowsByEngine, aioEndpointTest, hasRelay } from "./engines.ts";
import { checkFurtherIdentities, findUntrustedRelay } from "./identities.ts";
import { checkFlows, declarationOf, findFlowWarnings } from "./flows.ts";
import { neededTopics, sessionsByEndpoint } from "./topics.ts";

/** What a preview can say about a declaration before anything is created. */
export interface BridgeFindings {
  readonly problems: readonly Problem[];
  /** What works and may still lose messages; the configuration's own warnings come when it is rendered. */
  readonly warnings: readonly Problem[];
}

/** Checks a declaration as far as it is known: each part by itself, and the parts against each other. */
export function checkBridge(name: string, args: MqttBridgeArgs): BridgeFindings {
  const declaration = declarationOf(args);
  const { planned, endpoints } = declaration;
  const tooMany = checkCounts(args, endpoints);
  // Rules compare them with each other, so the number comes first.
  if (tooMany.length > 0) return { problems: tooMany, warnings: [] };
  const isAio = aioEndpointTest(args);
  const { problems: uncovered, warnings } = checkTopics(args);
  const problems = [
    ...checkSite(args.site),
    ...checkNames(endpoints),
    ...checkHosts(args),
    ...checkExistingNamespaces(args),
    ...checkFurtherIdentities(args, endpoints),
    ...endpoints.flatMap((endpoint) => checkEndpoint(args, endpoint, isAio(endpoint.name))),
    ...checkLocalTrust(args),
    ...checkStatus(args),
    ...checkDataflows(args, endpoints),
    ...checkAio(`${name}-aio`, args, planned, endpoints),
    ...prefixed("eventGrid", args.eventGrid === undefined ? [] : checkEventGridBroker(args.eventGrid)),
    ...checkSessions(args, endpoints),
    ...uncovered,
    ...checkFlows(declaration),
    ...checkGitOps("gitOps", args.gitOps, Object.keys(args.relay?.secrets ?? {})),
    ...checkRelay(`${name}-relay`, args, endpoints),
  ];
  const identities = findUntrustedRelay(args, endpoints);
  const found = [...warnings, ...findFlowWarnings(declaration), ...findImageWarnings(args), ...identities];
  return { problems, warnings: problems.length > 0 ? found : [...found, ...warnOfAio(args, endpoints)] };
}

function checkCounts({ dataflows }: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const flows = Object.values(dataflows);
  const dataSources = flows.reduce((total, { dataSources: filters }) => total + filters.length, 0);
  const count = { endpoints: endpoints.length, dataflows: flows.length, dataSources };
  return countProblems(count, (part) => (part === "endpoints" ? endpointLists : part));
}

const endpointLists = "localEndpoints, eventGridEndpoints, customEndpoints";

function checkRelay(name: string, args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  if (args.relay === undefined || !hasRelay(args)) return [];
  const hostTypes = Object.fromEntries(endpoints.map((endpoint) => [endpoint.name, endpoint.hostType]));
  const problems = [
    ...checkRelaySettings(name, args.relay, args, Object.keys(hostTypes)),
    ...checkVolume(args.relay.volume ?? {}, args.dataflows, hostTypes),
  ];
  return prefixed("relay", problems).map(outsideRelay);
}

function findImageWarnings({ relay }: MqttBridgeArgs): Problem[] {
  return relay !== undefined && isKnown(relay.image) ? findMovingImage("relay.image", relay.image) : [];
}

function prefixed(prefix: string, problems: readonly Problem[]): Problem[] {
  return problems.map(({ path, ...problem }) => ({ path: `${prefix}.${path}`, ...problem }));
}

/** The bridge's name and identity are no settings of the relay, though its rules are about them too. */
function outsideRelay({ path, ...problem }: Problem): Problem {
  return { path: path.replace(/^relay\.(?=name$|identity\.|furtherIdentities\.)/, ""), ...problem };
}

function checkSite(site: string): Problem[] {
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/.test(site)) return [];
  const remedy = 'name it with at most 40 letters, digits and "-"; client identifiers begin with it';
  return [{ path: "site", problem: `is ${JSON.stringify(site)}`, remedy }];
}

function checkNames(endpoints: readonly BridgeEndpoint[]): Problem[] {
  const first = new Map<string, string>();
  return endpoints.flatMap(({ name, path }) => {
    const other = first.get(name);
    if (other !== undefined) {
      return [{ path, problem: `has the same name as ${other}`, remedy: "rename one; dataflows refer to both by it" }];
    }
    first.set(name, path);
    return [];
  });
}

function checkHosts({ eventGrid, eventGridEndpoints }: MqttBridgeArgs): Problem[] {
  if (eventGrid !== undefined) return [];
  const remedy = 'give the host of an existing namespace, "<hostname>:8883", or add eventGrid to create one';
  return Object.entries(eventGridEndpoints ?? {})
    .filter(([, { host }]) => host === undefined)
    .map(([name]) => ({ path: `eventGridEndpoints.${name}.host`, problem: "is missing", remedy }));
}

function checkEndpoint(
  args: MqttBridgeArgs,
  { path, hostType, fields }: BridgeEndpoint,
  isAioOnly: boolean,
): Problem[] {
  const method = fields.authenticationMethod;
  const at = `${path}.authenticationMethod`;
  const hasIds = fields.clientId !== undefined || fields.tenantId !== undefined;
  const needsIdentity = method === "UserAssignedManagedIdentity" && !hasIds;
  const remedy = "add identity, or clientId and tenantId at the endpoint, or use another authenticationMethod";
  const identity = {
    path: at,
    problem: `is ${method}, and neither the endpoint nor the bridge has an identity`,
    remedy,
  };
  return [
    ...(needsIdentity ? [identity] : checkKnownEndpoint(`${path}.`, hostType, fields)),
    ...(isAioOnly ? [] : checkNodeIdentity(at, method, args.relay?.useNodeIdentity ?? false)),
  ];
}

function checkLocalTrust(args: MqttBridgeArgs): Problem[] {
  const namespace = args.relay?.namespace ?? aioNamespace;
  if (!isKnown(namespace)) return [];
  const isAio = aioEndpointTest(args);
  const mounted = Object.entries(args.localEndpoints ?? {}).filter(([name]) => !isAio(name));
  return mounted.flatMap(([name, { tlsMode, trustedCaCertificateConfigMapRef: ref }]) => {
    const configMapRef = ref === undefined || isKnown(ref) ? ref : "stand-in";
    const path = `localEndpoints.${name}.trustedCaCertificateConfigMapRef`;
    return checkTrustBundle(path, { namespace, usesTls: tlsMode !== "Disabled", configMapRef });
  });
}

/** At Event Grid the status would need a role and a topic space of its own, which no dataflow calls for. */
function checkStatus({ eventGridEndpoints, relay }: MqttBridgeArgs): Problem[] {
  const status = relay?.status;
  if (status === undefined || eventGridEndpoints?.[status.endpoint] === undefined) return [];
  const problem = `is "${status.endpoint}", which is at Event Grid`;
  const remedy = "publish it at a local or custom endpoint, and take it to the cloud by a dataflow";
  return [{ path: "relay.status.endpoint", problem, remedy }];
}

/** Checks the dataflows of each engine, by what both have in common: endpoints, topic filters and topics. */
function checkDataflows(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const { relay, aio } = dataflowsByEngine(args.dataflows);
  const problems = [
    ...(hasRelay(args) ? checkDocument(args.site, relay, args.relay ?? {}, endpoints) : []),
    ...(Object.keys(aio).length === 0 ? [] : checkDocument(args.site, mapValues(aio, withoutShares), {}, endpoints)),
  ];
  // An endpoint is in the documents of both engines, and the name of an AIO dataflow has a rule of its own.
  const first = new Map(problems.toReversed().map((problem) => [`${problem.path} ${problem.problem}`, problem]));
  const distinct = problems.filter((problem) => first.get(`${problem.path} ${problem.problem}`) === problem);
  return distinct.filter(({ path }) => aio[path.replace(/^dataflows\./, "")] === undefined);
}

/** How AIO's dataflows share subscriptions depends on their profile, and is checked with it. */
function withoutShares(dataflow: DataflowArgs): DataflowArgs {
  return { ...dataflow, dataSources: dataflow.dataSources.map(unsharedFilter) };
}

/** Checks dataflows, and the settings that are rendered, as the relay will read them. */
function checkDocument(
  site: string,
  all: { readonly [name: string]: DataflowArgs },
  relay: Partial<RelaySettingsArgs>,
  endpoints: readonly BridgeEndpoint[],
): Problem[] {
  const problems = checkRelayConfig(buildDeclaration(site, all, relay, endpoints));
  return problems.flatMap(({ path, ...problem }) => {
    const [part, name, ...field] = path.split(".");
    // The fields of endpoints are checked one endpoint at a time, with their own names.
    if (part === "endpoints" && field.length > 0) return [];
    const endpoint = part === "endpoints" ? endpoints.find((other) => other.name === name) : undefined;
    if (endpoint !== undefined) return [{ path: endpoint.path, ...problem }];
    return [{ path: part !== undefined && part in relay ? `relay.${path}` : path, ...problem }];
  });
}

function buildDeclaration(
  site: string,
  all: { readonly [name: string]: DataflowArgs },
  relay: Partial<RelaySettingsArgs>,
  endpoints: readonly BridgeEndpoint[],
): RelayDeclaration {
  const dataflows = mapValues(all, withoutAioFields);
  const { logLevel, drainTimeoutSeconds } = knownFields(relay);
  const { instanceCount, metricsPort, status, proxy } = relay;
  const configs = endpoints.map(
    ({ name, hostType, fields }, number) =>
      [name, buildEndpointConfig(hostType, knownEndpoint(hostType, fields, number))] as const,
  );
  const declaration = { site, dataflows, instanceCount, metricsPort, logLevel, drainTimeoutSeconds, status, proxy };
  return { ...declaration, endpoints: Object.fromEntries(configs) };
}

/** The relay warns of what its dataflows may lose when it renders them; what AIO's engine runs nobody renders. */
function warnOfAio(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const { aio } = dataflowsByEngine(args.dataflows);
  if (Object.keys(aio).length === 0) return [];
  const declaration = buildDeclaration(args.site, mapValues(aio, withoutShares), {}, endpoints);
  const isAio = aioEndpointTest(args);
  return renderRelayConfig("declaration", declaration).warnings.flatMap(({ path, ...warning }) => {
    const [, name = "", ...field] = path.split(".");
    const endpoint = endpoints.find((other) => other.name === name);
    // Of an endpoint that both engines use the relay warns.
    if (endpoint === undefined || !isAio(name)) return [];
    return [{ path: [endpoint.path, ...field].join("."), ...warning }];
  });
}

function checkSessions(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const field = "maximumClientSessionsPerAuthenticationName";
  const limit = args.eventGrid?.[field] ?? sessionLimitBounds.min;
  const { relay, aio } = dataflowsByEngine(args.dataflows);
  const relayInstances = args.relay?.instanceCount ?? relayDefaults().instanceCount;
  const names = endpointsAtBroker(args);
  const sessions = [
    ...[...sessionsByEndpoint(relay, names, relayInstances)].map(([name, count]) => ({ name, count, of: "" })),
    // AIO's engine opens as many: one for each end of a dataflow in each of the profile's instances.
    ...[...sessionsByEndpoint(aio, names, profileInstanceCount(args.dataflowProfile))].map(([name, count]) => ({
      name,
      count,
      of: " of AIO's extension",
    })),
  ];
  const needed = new Map<string, number>();
  for (const { name, count, of } of sessions) {
    const fields = endpoints.find((endpoint) => endpoint.name === name)?.fields;
    const system = fields?.authenticationMethod === "SystemAssignedManagedIdentity" ? of : "";
    const authentication = `${fields?.authenticationMethod}${ownIdentity(args, name, fields)}${system}`;
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
  const own = checkTopicCoverage([...published, ...subscribed], args.eventGrid?.topicSpaces ?? {});
  const { problems, warnings } = checkExistingTopics(args);
  return { problems: [...own.problems, ...problems], warnings: [...own.warnings, ...warnings] };
}
