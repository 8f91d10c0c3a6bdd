import type { Problem } from "../../runtime/contract/errors.ts";
import { profileInstanceCount } from "../aio/profile.ts";
import { checkDataflowName, checkEngineFields } from "../checks/aio-dataflow.ts";
import { checkAioEndpoint, checkAioEnds, checkAioFiles, checkSecureSettings } from "../checks/aio-endpoints.ts";
import { checkAioInstance } from "../checks/aio-instance.ts";
import { checkProfile } from "../checks/aio-profile.ts";
import { byRule } from "../checks/rules.ts";
import { checkKnownBroker } from "../endpoint/broker.ts";
import { checkEndpointName } from "../endpoint/parse.ts";
import { givenFields, knownFields } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { aioNamespace } from "../relay/defaults.ts";
import type { BridgeEndpoint, BridgeEndpoints } from "./endpoints.ts";
import { aioEndpointTest, aioEndpointUsers, dataflowsByEngine, hasRelay } from "./engines.ts";
import { checkEndpointResources } from "./existing.ts";

/** Checks what AIO's engine and AIO's resources depend on, and that each engine has what it needs. */
export function checkAio(
  name: string,
  args: MqttBridgeArgs,
  planned: BridgeEndpoints,
  endpoints: readonly BridgeEndpoint[],
): Problem[] {
  const { aio } = dataflowsByEngine(args.dataflows);
  const isUsed = Object.keys(aio).length > 0;
  return [
    ...checkRelayPresence(args),
    ...(isUsed ? checkInstancePresence(args, Object.keys(aio)) : []),
    ...checkAioInstance("instance", args.instance),
    ...checkBrokers(args, endpoints),
    ...checkResourceNames(planned),
    ...checkEndpointResources(args, endpoints),
    ...checkProfileUse(name, args, isUsed),
    ...Object.entries(args.dataflows).flatMap(([key, dataflow]) => checkEngineFields(`dataflows.${key}`, dataflow)),
    ...Object.keys(aio).flatMap((key) => checkDataflowName(`dataflows.${key}`, key)),
    ...checkEnds(args, endpoints),
    ...checkUsedEndpoints(args, endpoints),
  ];
}

/** Without a relay nobody would create its Secrets and ConfigMaps or publish its status. */
function checkRelayPresence(args: MqttBridgeArgs): Problem[] {
  if (hasRelay(args)) {
    const remedy = "add it, or let AIO's engine run the dataflows";
    const problem = "is missing, and the relay runs dataflows";
    return args.relay === undefined ? byRule("engine-fields", [{ path: "relay", problem, remedy }]) : [];
  }
  const lost = givenFields(args.relay ?? {}).filter((field) => ["secrets", "trustBundles", "status"].includes(field));
  const problem = "is set, and AIO's engine runs all dataflows, so that there is no relay";
  const remedy = "remove it; create Secrets and ConfigMaps for AIO in its own namespace";
  return byRule(
    "engine-fields",
    lost.map((field) => ({ path: `relay.${field}`, problem, remedy })),
  );
}

function checkInstancePresence({ instance }: MqttBridgeArgs, names: readonly string[]): Problem[] {
  if (instance !== undefined) return [];
  const problem = `is missing, and AIO's engine runs the dataflow "${names[0]}"`;
  return byRule("aio-instance", [{ path: "instance", problem, remedy: "add it, or let the relay run the dataflow" }]);
}

/** What is left alone as AIO has it says nothing here that could differ from its broker. */
function checkBrokers(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const isAio = aioEndpointTest(args);
  return endpoints
    .filter(({ name, hostType, existing }) => hostType === "LocalBroker" && !(existing && isAio(name)))
    .flatMap(({ path, fields }) => checkKnownBroker(`${path}.`, fields, args.instance));
}

/** Two endpoints of one name would be one resource, which each of them sets its own way. */
function checkResourceNames({ local, eventGrid, custom }: BridgeEndpoints): Problem[] {
  const named = [
    ...Object.entries(local).map(([key, { endpointName = key }]) => ({ key, kind: "local", endpointName })),
    ...Object.entries(eventGrid).map(([key, { endpointName = key }]) => ({ key, kind: "eventGrid", endpointName })),
    ...Object.entries(custom).map(([key, { endpointName = key }]) => ({ key, kind: "custom", endpointName })),
  ];
  return named.flatMap(({ key, kind, endpointName }, index) => {
    if (endpointName === key) return [];
    const path = `${kind}Endpoints.${key}.endpointName`;
    const twin = named.find((other, at) => other.endpointName === endpointName && at !== index);
    const problem = `is "${endpointName}", the name of the endpoint "${twin?.key}" too`;
    return byRule("aio-names", [
      ...checkEndpointName(endpointName).map((found) => ({ ...found, path })),
      ...(twin === undefined ? [] : [{ path, problem, remedy: "rename one" }]),
    ]);
  });
}

function checkProfileUse(name: string, { dataflowProfile }: MqttBridgeArgs, isUsed: boolean): Problem[] {
  const path = "dataflowProfile";
  if (isUsed) return checkProfile(path, dataflowProfile?.profileName ?? name, dataflowProfile ?? {});
  if (dataflowProfile === undefined) return [];
  const problem = "is set, and AIO's engine runs no dataflow";
  return byRule("aio-profile", [{ path, problem, remedy: "remove it, or set the engine of a dataflow" }]);
}

function checkEnds({ dataflows, dataflowProfile }: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const find = (name: string) => endpoints.find((endpoint) => endpoint.name === name);
  const engine = {
    instanceCount: profileInstanceCount(dataflowProfile),
    allowSharedSubscriptions: dataflowProfile?.allowSharedSubscriptions ?? false,
  };
  return Object.entries(dataflowsByEngine(dataflows).aio).flatMap(([key, dataflow]) => {
    const ends = { source: find(dataflow.source), destination: find(dataflow.destination) };
    return checkAioEnds(`dataflows.${key}`, dataflow, ends, engine);
  });
}

function checkUsedEndpoints(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  const users = aioEndpointUsers(args);
  const { relay, instance } = args;
  const namespaces = {
    relayNamespace: relay?.namespace ?? aioNamespace,
    namespace: instance?.namespace ?? aioNamespace,
  };
  const { namespace, relayNamespace = namespace } = knownFields(namespaces);
  const created = [...Object.keys(relay?.secrets ?? {}), ...Object.keys(relay?.trustBundles ?? {})];
  return endpoints.flatMap((endpoint) => {
    const user = users.get(endpoint.name);
    if (user === undefined) return [];
    return [
      ...checkAioEndpoint(endpoint, user),
      ...(namespace === undefined || relayNamespace === undefined
        ? []
        : checkAioFiles(endpoint, { namespace, relayNamespace, created })),
      ...(args.instance === undefined ? [] : checkSecureSettings(endpoint, args.instance.secureSettings)),
    ];
  });
}
