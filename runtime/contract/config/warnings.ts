import type { Problem } from "../errors.ts";
import type { AuthenticationMethod } from "./authentication.ts";
import { dataflowParts, needsDisk, type Dataflow, type DataflowParts, type SourceSettings } from "./dataflow.ts";
import type { RelayConfig } from "./document.ts";
import { HostType, type Endpoint } from "./endpoint.ts";
import { eventGridLimits } from "./endpoint-rules.ts";
import { warnOfDeepLevels } from "./level-warnings.ts";
import { warnOfForgottenShares, warnOfOverlaps, warnOfUnrememberedFilters } from "./subscription-warnings.ts";

/** What a document says beyond its values. */
export interface Written {
  /** Where the profile, an endpoint or a dataflow was written. */
  readonly pathOf: (part: "profile" | "endpoints" | "dataflows", name?: string) => string;
  /** Whether its retain setting was written at all, or is the default. */
  readonly saysRetain: (endpoint: string) => boolean;
  /** The settings of its authentication method that were written, by name. */
  readonly authenticationSettings: (endpoint: string) => readonly string[];
}

/** Lists what works and may still lose messages or show a credential. */
export function findWarnings(
  { endpoints, dataflows, profile: { instanceCount } }: RelayConfig,
  { pathOf, saysRetain, authenticationSettings }: Written,
): Problem[] {
  const ofDataflows = Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    const source = endpoints[parts?.source.endpointRef ?? ""];
    const destination = endpoints[parts?.destination.endpointRef ?? ""];
    if (parts === undefined || source === undefined || destination === undefined) return [];
    const sourcePath = `${pathOf("endpoints", parts.source.endpointRef)}.mqttSettings`;
    const destinationPath = `${pathOf("endpoints", parts.destination.endpointRef)}.mqttSettings`;
    const at = { dataflow: pathOf("dataflows", name), instanceCount: `${pathOf("profile")}.instanceCount` };
    return [
      ...checkSourceLosses(name, sourcePath, source),
      ...checkDestinationLosses(name, destinationPath, destination),
      ...(saysRetain(parts.destination.endpointRef) ? [] : checkRetain(`${destinationPath}.retain`, destination)),
      ...checkSubscriptions(at, dataflow, parts.source, source, instanceCount),
      ...checkLevels(at.dataflow, dataflow, parts),
    ];
  });
  return [
    ...ofDataflows,
    ...Object.entries(endpoints).flatMap(([name, endpoint]) => [
      ...checkClientIds(pathOf("endpoints", name), endpoint),
      ...checkClearText(pathOf("endpoints", name), endpoint),
      ...checkAudience(pathOf("endpoints", name), endpoint, authenticationSettings(name)),
    ]),
  ];
}

function checkLevels(path: string, { mode, operations }: Dataflow, { source, destination }: DataflowParts): Problem[] {
  if (mode === "Disabled") return [];
  const at = `${path}.operations[${operations.length - 1}].destinationSettings.dataDestination`;
  return warnOfDeepLevels(at, destination.dataDestination, source.dataSources);
}

function checkSubscriptions(
  at: { readonly dataflow: string; readonly instanceCount: string },
  dataflow: Dataflow,
  { endpointRef: endpoint, dataSources }: SourceSettings,
  source: Endpoint,
  instanceCount: number,
): Problem[] {
  if (dataflow.mode === "Disabled") return [];
  const paths = {
    instanceCount: at.instanceCount,
    dataSources: `${at.dataflow}.operations[0].sourceSettings.dataSources`,
  };
  const isForgetful = keepsMessages(source) && source.hostType === HostType.CustomMqtt;
  const isUnremembered = keepsMessages(source) && source.hostType === HostType.EventGrid && !needsDisk(dataflow.relay);
  return [
    ...warnOfOverlaps(paths.dataSources, dataSources),
    ...(isForgetful ? warnOfForgottenShares({ endpoint, dataSources, instanceCount, paths }) : []),
    ...(isUnremembered ? warnOfUnrememberedFilters(`${at.dataflow}.relay.spool.mode`, endpoint) : []),
  ];
}

/** Whether the broker keeps anything for a dataflow while it is away; where it does not, a warning says so already. */
function keepsMessages({ mqttSettings: { qos, sessionExpirySeconds } }: Endpoint): boolean {
  return qos > 0 && sessionExpirySeconds > 0;
}

function checkSourceLosses(dataflow: string, path: string, { hostType, mqttSettings }: Endpoint): Problem[] {
  const { qos, sessionExpirySeconds } = mqttSettings;
  const most = eventGridLimits.maxSessionExpirySeconds;
  if (qos === 0) {
    const problem = `is 0, so dataflow "${dataflow}" loses what arrives while it can't deliver`;
    return [{ path: `${path}.qos`, problem, remedy: "set it to 1 where that matters" }];
  }
  if (sessionExpirySeconds === 0) {
    const problem = `is 0 s, so the broker drops what waits for dataflow "${dataflow}" at every disconnect`;
    return [{ path: `${path}.sessionExpirySeconds`, problem, remedy: "give more than the longest outage" }];
  }
  if (hostType !== HostType.EventGrid || sessionExpirySeconds <= most) return [];
  const problem = `is ${sessionExpirySeconds} s, and Event Grid keeps a session ${most} s at most, by default 3600 s`;
  return [{ path: `${path}.sessionExpirySeconds`, problem, remedy: "count on the namespace's maximum session expiry" }];
}

function checkDestinationLosses(dataflow: string, path: string, { mqttSettings }: Endpoint): Problem[] {
  if (mqttSettings.qos !== 0) return [];
  const problem = `is 0, so dataflow "${dataflow}" never learns whether the broker took a message`;
  return [{ path: `${path}.qos`, problem, remedy: "set it to 1 where that matters" }];
}

function checkRetain(path: string, { hostType, mqttSettings: { retain } }: Endpoint): Problem[] {
  return hostType === HostType.EventGrid && retain === "Keep" ? [warnOfRetain(path, ["Relay"])] : [];
}

/** What becomes of the retain flag, by the engine that publishes. @see Azure IoT Operations, MQTT endpoints (2025-06), Retain */
const retainByEngine = {
  Relay: "the relay clears the flag where the broker says that it keeps no messages",
  AzureIoTOperations: 'for AIO\'s engine, Azure IoT Operations documents "Never" at Event Grid',
} as const;

/**
 * The warning of a destination at Event Grid that keeps the retain flag because nobody has said otherwise.
 *
 * @param engines those that publish to it
 */
export function warnOfRetain(path: string, engines: readonly (keyof typeof retainByEngine)[]): Problem {
  const problem = "is Keep by default, and not every Event Grid namespace takes retained messages (64 KB each at most)";
  const remedy = ['say what is meant, "Keep" or "Never"', ...engines.map((engine) => retainByEngine[engine])].join(
    "; ",
  );
  return { path, problem, remedy };
}

/** The field that says whom a token is for, and the broker that it is for when nothing is said. */
const audienceOf: {
  readonly [method in AuthenticationMethod]?: { readonly field: string; readonly broker: string };
} = {
  SystemAssignedManagedIdentity: { field: "audience", broker: "Event Grid" },
  UserAssignedManagedIdentity: { field: "scope", broker: "Event Grid" },
  ServiceAccountToken: { field: "audience", broker: "AIO's own broker" },
};

/**
 * Warns of a custom broker that gets a token for another one: whoever runs it could use the token there.
 *
 * @param path goes before the name of the field
 */
export function warnOfForeignAudience(path: string, method: AuthenticationMethod, given: readonly string[]): Problem[] {
  const token = audienceOf[method];
  if (token === undefined || given.includes(token.field)) return [];
  const problem = `is left out, so that this broker gets a token for ${token.broker}`;
  return [{ path: `${path}${token.field}`, problem, remedy: "give the one that this broker expects" }];
}

function checkAudience(path: string, { hostType, mqttSettings }: Endpoint, written: readonly string[]): Problem[] {
  if (hostType !== HostType.CustomMqtt) return [];
  const { method } = mqttSettings.authentication;
  const settings = `${method.charAt(0).toLowerCase()}${method.slice(1)}Settings`;
  return warnOfForeignAudience(`${path}.mqttSettings.authentication.${settings}.`, method, written);
}

/** Sites that share a namespace and have dataflows of the same names fight over client identifiers without a prefix. */
function checkClientIds(path: string, { hostType, mqttSettings: { clientIdPrefix } }: Endpoint): Problem[] {
  if (hostType !== HostType.EventGrid || clientIdPrefix !== "") return [];
  const problem = "is empty, so another site with a dataflow of the same name takes over its session at Event Grid";
  const remedy = "give one that no other site has, or see that no other site has a dataflow of that name there";
  return [{ path: `${path}.mqttSettings.clientIdPrefix`, problem, remedy }];
}

function checkClearText(path: string, { mqttSettings: { tls, authentication } }: Endpoint): Problem[] {
  if (tls.mode === "Enabled" || authentication.method === "Anonymous") return [];
  const problem = `is Disabled, so the credential of method ${authentication.method} is sent in clear text`;
  return [{ path: `${path}.mqttSettings.tls.mode`, problem, remedy: 'set it to "Enabled"' }];
}
