import type { Problem } from "../../runtime/contract/errors.ts";
import { profileInstanceCount } from "../aio/profile.ts";
import { checkDataflowName, checkEngineFields } from "../checks/aio-dataflow.ts";
import { checkAioEndpoint, checkAioEnds, checkAioFiles, checkSecureSettings } from "../checks/aio-endpoints.ts";
import { checkAioInstance } from "../checks/aio-instance.ts";
import { checkAioSecret } from "../checks/aio-secret.ts";
import { checkProfile } from "../checks/aio-profile.ts";
import { byRule } from "../checks/rules.ts";
import { checkKnownBroker } from "../endpoint/broker.ts";
import { checkEndpointName } from "../endpoint/parse.ts";
import { givenFields, knownFields } from "../known.ts";
import { checkEndpointResources } from "./check-existing-endpoints.ts";
import type { Plan } from "./plan.ts";

/** Checks what AIO's engine and AIO's resources depend on, and that each engine has what it needs. */
export function checkAio(plan: Plan): Problem[] {
  const aio = plan.dataflows.filter(({ isForAio }) => isForAio);
  return [
    ...checkRelayPresence(plan),
    ...checkInstancePresence(plan),
    ...checkAioInstance("instance", plan.args.instance),
    ...checkBrokers(plan),
    ...checkResourceNames(plan),
    ...checkEndpointResources(plan),
    ...checkProfileUse(plan),
    ...plan.dataflows.flatMap(({ path, args }) => checkEngineFields(path, args)),
    ...aio.flatMap(({ path, name }) => checkDataflowName(path, name)),
    ...checkEnds(plan),
    ...checkUsedEndpoints(plan),
  ];
}

/** Without a relay nobody would create its Secrets and ConfigMaps or publish its status. */
function checkRelayPresence({ args: { relay }, hasRelay }: Plan): Problem[] {
  if (hasRelay) {
    const remedy = "add it, or let AIO's engine run the dataflows";
    const problem = "is missing, and the relay runs dataflows";
    return relay === undefined ? byRule("engine-fields", [{ path: "relay", problem, remedy }]) : [];
  }
  const lost = givenFields(relay ?? {}).filter((field) =>
    ["secrets", "vault", "trustBundles", "status"].includes(field),
  );
  const problem = "is set, and AIO's engine runs all dataflows, so that there is no relay";
  const remedy = "remove it; create Secrets and ConfigMaps for AIO in its own namespace";
  return byRule(
    "engine-fields",
    lost.map((field) => ({ path: `relay.${field}`, problem, remedy })),
  );
}

function checkInstancePresence({ args: { instance }, dataflows }: Plan): Problem[] {
  const user = dataflows.find(({ isForAio }) => isForAio);
  if (instance !== undefined || user === undefined) return [];
  const problem = `is missing, and AIO's engine runs the dataflow "${user.name}"`;
  return byRule("aio-instance", [{ path: "instance", problem, remedy: "add it, or let the relay run the dataflow" }]);
}

/** What is left alone as AIO has it says nothing here that could differ from its broker. */
function checkBrokers({ args: { instance }, endpoints }: Plan): Problem[] {
  return endpoints
    .filter(({ hostType, existing, isRelayed }) => hostType === "LocalBroker" && (isRelayed || !existing))
    .flatMap(({ path, fields }) => checkKnownBroker(`${path}.`, fields, instance));
}

/** Two endpoints of one name would be one resource, which each of them sets its own way. */
function checkResourceNames({ endpoints }: Plan): Problem[] {
  return endpoints.flatMap(({ name, path: endpointPath, resourceName }, index) => {
    if (resourceName === name) return [];
    const path = `${endpointPath}.endpointName`;
    const twin = endpoints.find((other, at) => other.resourceName === resourceName && at !== index);
    const problem = `is "${resourceName}", the name of the endpoint "${twin?.name}" too`;
    return byRule("aio-names", [
      ...checkEndpointName(resourceName).map((found) => ({ ...found, path })),
      ...(twin === undefined ? [] : [{ path, problem, remedy: "rename one" }]),
    ]);
  });
}

function checkProfileUse({ name, args: { dataflowProfile }, dataflows }: Plan): Problem[] {
  const path = "dataflowProfile";
  const isUsed = dataflows.some(({ isForAio }) => isForAio);
  if (isUsed) return checkProfile(path, dataflowProfile?.profileName ?? `${name}-aio`, dataflowProfile ?? {});
  if (dataflowProfile === undefined) return [];
  const problem = "is set, and AIO's engine runs no dataflow";
  return byRule("aio-profile", [{ path, problem, remedy: "remove it, or set the engine of a dataflow" }]);
}

function checkEnds({ args: { dataflowProfile }, dataflows }: Plan): Problem[] {
  const engine = {
    instanceCount: profileInstanceCount(dataflowProfile),
    allowSharedSubscriptions: dataflowProfile?.allowSharedSubscriptions ?? false,
  };
  return dataflows
    .filter(({ isForAio }) => isForAio)
    .flatMap(({ path, args, source, destination }) => checkAioEnds(path, args, { source, destination }, engine));
}

function checkUsedEndpoints(plan: Plan): Problem[] {
  const { relay, instance } = plan.args;
  const namespaces = { relayNamespace: plan.relayNamespace, namespace: plan.aioNamespace };
  const { namespace, relayNamespace = namespace } = knownFields(namespaces);
  const { secrets = {}, vault, trustBundles = {} } = relay ?? {};
  const created = [secrets, vault?.secrets ?? {}, trustBundles].flatMap((files) => Object.keys(files));
  return plan.endpoints.flatMap((endpoint) => {
    const { aioDataflow } = endpoint;
    if (aioDataflow === undefined) return [];
    return [
      ...checkAioEndpoint(endpoint, aioDataflow),
      ...checkAioSecret(endpoint, secrets),
      ...(namespace === undefined || relayNamespace === undefined
        ? []
        : checkAioFiles(endpoint, { namespace, relayNamespace, created })),
      ...(instance === undefined ? [] : checkSecureSettings(endpoint, instance.secureSettings)),
    ];
  });
}
