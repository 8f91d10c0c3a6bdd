import { parseHost } from "../../runtime/contract/config/endpoint.ts";
import { formatProblem, type Problem } from "../../runtime/contract/errors.ts";
import { warnOfRetain } from "../../runtime/contract/config/warnings.ts";
import { clientId } from "../../runtime/contract/client-id.ts";
import { findForeignAudience } from "../checks/audience.ts";
import { checkClientIds } from "../checks/client-ids.ts";
import type { DeclaredSession } from "../checks/client-ids.ts";
import { findForgottenShares, findUnrememberedFilters } from "../checks/kept-subscriptions.ts";
import { findDeepLevels } from "../checks/deep-levels.ts";
import { checkLoad } from "../checks/load.ts";
import type { ExpectedLoad } from "../checks/load.ts";
import { checkLoops } from "../checks/loops.ts";
import type { Flow } from "../checks/loops.ts";
import { findOverlappingFilters } from "../checks/overlapping-filters.ts";
import { byRule } from "../checks/rules.ts";
import { checkSessionExpiry } from "../checks/session-expiry.ts";
import { checkX509Access, findPartialPermissions } from "../checks/x509-access.ts";
import type { X509Access } from "../checks/x509-access.ts";
import { isEnabled, isForAio } from "../dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { standInHost } from "../endpoint/known.ts";
import { defaultCapacity, defaultSessionExpiryHours } from "../event-grid/namespace.ts";
import { givenFields, isKnown } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { profileInstanceCount } from "../aio/profile.ts";
import { relayDefaults } from "../relay/defaults.ts";
import { usesVolume } from "../relay/volume.ts";
import { endpointsAtBroker, listEndpoints, planEndpoints } from "./endpoints.ts";
import type { BridgeEndpoint, BridgeEndpoints } from "./endpoints.ts";
import { neededTopics } from "./topics.ts";

/** A declaration with its endpoints by name. */
export interface BridgeDeclaration {
  readonly args: MqttBridgeArgs;
  readonly planned: BridgeEndpoints;
  readonly endpoints: readonly BridgeEndpoint[];
}

/** Plans the endpoints of a declaration; the host of the bridge's own namespace has a stand-in. */
export function declarationOf(args: MqttBridgeArgs): BridgeDeclaration {
  const planned = planEndpoints(args, (protocol) => standInHost("EventGrid", protocol));
  return { args, planned, endpoints: listEndpoints(planned) };
}

/** Lists what dataflows and endpoints would do to each other, and to the namespace, as far as it is known. */
export function checkFlows(declaration: BridgeDeclaration): Problem[] {
  return [
    ...checkLoops(listFlows(declaration)),
    ...checkClientIds(listSessions(declaration)),
    ...checkExpectedLoad(declaration),
    ...checkSessionExpiries(declaration),
    ...listCertificates(declaration).flatMap(checkX509Access),
  ];
}

/** Lists what works and is rarely meant. */
export function findFlowWarnings(declaration: BridgeDeclaration): Problem[] {
  const { args, endpoints } = declaration;
  return [
    ...enabledDataflows(args).flatMap(([name, { dataSources, dataDestination }]) => [
      ...findOverlappingFilters(`dataflows.${name}.dataSources`, dataSources),
      ...findDeepLevels(`dataflows.${name}.dataDestination`, dataDestination, dataSources),
    ]),
    ...findSubscriptionLosses(declaration),
    ...listCertificates(declaration).flatMap(findPartialPermissions),
    ...findUnsaidRetain(declaration),
    ...endpoints
      .filter(({ hostType }) => hostType === "CustomMqtt")
      .flatMap(({ path, fields }) => findForeignAudience(`${path}.`, fields.authenticationMethod, givenFields(fields))),
  ];
}

/** Subscriptions that a broker forgets, or that it keeps although the dataflow has them no more. */
function findSubscriptionLosses({ args, endpoints }: BridgeDeclaration): Problem[] {
  const found = enabledDataflows(args).flatMap(([name, dataflow]) => {
    const { source, dataSources } = dataflow;
    const endpoint = endpoints.find((one) => one.name === source);
    // Where nothing is kept, a warning about that says more.
    if (endpoint === undefined || endpoint.fields.qos === 0 || endpoint.fields.sessionExpirySeconds === 0) return [];
    const path = `dataflows.${name}`;
    if (endpoint.hostType === "CustomMqtt") {
      const profile = isForAio(dataflow) ? "dataflowProfile" : "relay";
      const paths = { instanceCount: `${profile}.instanceCount`, dataSources: `${path}.dataSources` };
      return findForgottenShares({ endpoint: source, dataSources, instanceCount: instancesOf(args, dataflow), paths });
    }
    const hasDisk = usesVolume({ [name]: dataflow }, { [source]: endpoint.hostType });
    if (endpoint.hostType !== "EventGrid" || isForAio(dataflow) || hasDisk) return [];
    return findUnrememberedFilters(`${path}.spool.mode`, source);
  });
  // Dataflows of one source and one profile have their number of instances in common.
  return [...new Map(found.map((problem) => [formatProblem(problem), problem])).values()];
}

/** What is rendered has every default explicit, and can't tell any more what nobody has said. */
function findUnsaidRetain({ args, endpoints }: BridgeDeclaration): Problem[] {
  const destinations = new Set(Object.values(args.dataflows).map(({ destination }) => destination));
  const unsaid = endpoints.filter(({ name, hostType, existing, fields }) => {
    const isUnsaid = !existing && fields.retain === undefined;
    return hostType === "EventGrid" && isUnsaid && destinations.has(name);
  });
  return byRule(
    "retain",
    unsaid.map(({ path }) => warnOfRetain(`${path}.retain`)),
  );
}

function enabledDataflows({ dataflows }: MqttBridgeArgs): [string, DataflowArgs][] {
  return Object.entries(dataflows).filter(([, dataflow]) => isEnabled(dataflow));
}

/** Says which broker an endpoint leads to: the same text for the same broker, as far as it is known. */
export function brokerOf(args: MqttBridgeArgs, { name, hostType, fields }: BridgeEndpoint): string {
  if (hostType === "LocalBroker") return "AIO's broker";
  if (endpointsAtBroker(args).includes(name)) return "the bridge's namespace";
  const { host } = fields;
  const address = host !== undefined && isKnown(host) ? parseHost(host) : undefined;
  if (address === undefined) return `endpoint "${name}"`;
  const hostname = address.hostname.toLowerCase();
  // Event Grid has one broker behind its two ports; elsewhere another port may well be another broker.
  return hostType === "EventGrid" ? hostname : `${hostname}:${address.port}`;
}

function listFlows({ args, endpoints }: BridgeDeclaration): Flow[] {
  const brokers = new Map(endpoints.map((endpoint) => [endpoint.name, brokerOf(args, endpoint)]));
  return enabledDataflows(args).map(([name, { source, dataSources, destination, dataDestination }]) => ({
    name,
    sourceBroker: brokers.get(source) ?? source,
    dataSources,
    destinationBroker: brokers.get(destination) ?? destination,
    dataDestination,
    isWithinEndpoint: source === destination,
  }));
}

/**
 * The sessions that the relay's first instance opens; those of the others differ from them in their number. How AIO's own
 * engine names its sessions is documented nowhere.
 */
export function listSessions({ args, endpoints }: BridgeDeclaration): DeclaredSession[] {
  const relayed = enabledDataflows(args).filter(([, dataflow]) => !isForAio(dataflow));
  return relayed.flatMap(([dataflow, { source, destination }]) =>
    (["source", "destination"] as const).flatMap((side) => {
      const endpoint = endpoints.find(({ name }) => name === (side === "source" ? source : destination));
      const prefix = endpoint?.fields.clientIdPrefix;
      if (endpoint === undefined || typeof prefix !== "string") return [];
      const id = clientId({ prefix, dataflow, ordinal: 0, side });
      return [{ path: `dataflows.${dataflow}.${side}`, broker: brokerOf(args, endpoint), clientId: id }];
    }),
  );
}

/**
 * The sessions of AIO's own engine, as far as their names are documented: the prefix and the dataflow's name are in them. Of an
 * endpoint that exists already AIO knows the prefix alone.
 * @see Azure IoT Operations, Known issues, 8891
 */
export function listAioSessions({ args, endpoints }: BridgeDeclaration): DeclaredSession[] {
  return enabledDataflows(args)
    .filter(([, dataflow]) => isForAio(dataflow))
    .flatMap(([dataflow, { source, destination }]) =>
      (["source", "destination"] as const).flatMap((side) => {
        const endpoint = endpoints.find(({ name }) => name === (side === "source" ? source : destination));
        const prefix = endpoint?.fields.clientIdPrefix;
        if (endpoint === undefined || endpoint.existing || typeof prefix !== "string") return [];
        const id = `${prefix}${dataflow} of AIO's engine (${side})`;
        return [{ path: `dataflows.${dataflow}.${side}`, broker: brokerOf(args, endpoint), clientId: id }];
      }),
    );
}

function checkExpectedLoad({ args }: BridgeDeclaration): Problem[] {
  const capacity = args.eventGrid?.capacity ?? defaultCapacity;
  const atBroker = endpointsAtBroker(args);
  const loads = enabledDataflows(args).flatMap(([name, dataflow]) => {
    const { expectedMessagesPerSecond: messagesPerSecond, expectedMessageBytes: bytesPerMessage } = dataflow;
    if (messagesPerSecond === undefined) return [];
    const sessions = instancesOf(args, dataflow);
    const load = { path: `dataflows.${name}`, messagesPerSecond, bytesPerMessage, sessions };
    return (["source", "destination"] as const)
      .filter((end) => atBroker.includes(dataflow[end]))
      .map((end): ExpectedLoad => ({ ...load, end }));
  });
  return isKnown(capacity) ? checkLoad("eventGrid.capacity", capacity, loads) : [];
}

/** How many instances run a dataflow, each with sessions of its own. */
function instancesOf({ relay, dataflowProfile }: MqttBridgeArgs, dataflow: DataflowArgs): number {
  if (isForAio(dataflow)) return profileInstanceCount(dataflowProfile);
  return relay?.instanceCount ?? relayDefaults().instanceCount;
}

/** How many sessions the enabled dataflows hold at an endpoint: one for each end there and each instance. */
export function sessionsAt(args: MqttBridgeArgs, endpointName: string): number {
  return enabledDataflows(args).reduce((count, [, dataflow]) => {
    const ends = [dataflow.source, dataflow.destination].filter((end) => end === endpointName);
    return count + ends.length * instancesOf(args, dataflow);
  }, 0);
}

function checkSessionExpiries({ args, endpoints }: BridgeDeclaration): Problem[] {
  const hours = args.eventGrid?.maximumSessionExpiryInHours ?? defaultSessionExpiryHours;
  const sources = new Set(enabledDataflows(args).map(([, { source }]) => source));
  const atBroker = endpointsAtBroker(args).filter((name) => sources.has(name));
  if (!isKnown(hours)) return [];
  return endpoints
    .filter(({ name }) => atBroker.includes(name))
    .flatMap(({ path, fields: { sessionExpirySeconds: seconds } }) =>
      seconds !== undefined && isKnown(seconds)
        ? checkSessionExpiry(`${path}.sessionExpirySeconds`, seconds, hours)
        : [],
    );
}

/** The client certificate that a bridge puts into a Secret, where it is known. */
function presentedCertificate({ relay }: MqttBridgeArgs, secretRef: unknown): X509Access["certificate"] {
  const pem = typeof secretRef === "string" ? relay?.secrets?.[secretRef]?.clientCertificate : undefined;
  return typeof pem === "string" ? { path: `relay.secrets.${String(secretRef)}.clientCertificate`, pem } : undefined;
}

/** The endpoints that authenticate with a certificate at the namespace that the bridge creates. */
function listCertificates({ args, endpoints }: BridgeDeclaration): X509Access[] {
  const { eventGrid } = args;
  if (eventGrid === undefined) return [];
  const atBroker = endpointsAtBroker(args);
  return endpoints
    .filter(({ name, fields }) => atBroker.includes(name) && fields.authenticationMethod === "X509Certificate")
    .map(({ name, path, fields: { username, secretRef } }) => ({
      path,
      certificate: presentedCertificate(args, secretRef),
      username: username === undefined || isKnown(username) ? username : "",
      isUsernameKnown: username === undefined || isKnown(username),
      hasNameSources: (eventGrid.authenticationNameSources ?? []).length > 0,
      x509: eventGrid.x509 ?? {},
      topicSpaces: eventGrid.topicSpaces,
      ...neededTopics(args.dataflows, [name]),
    }));
}
