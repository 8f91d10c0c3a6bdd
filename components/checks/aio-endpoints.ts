import { HostType, isLocalBroker } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { parseSharedFilter } from "../../runtime/contract/topic/filter.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import type { EndpointFieldInputs } from "../endpoint/check-endpoint.ts";
import { DiskPersistence } from "../enumerations.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** An endpoint as these rules see it. */
export interface CheckedEndpoint {
  readonly name: string;
  /** Where the operator wrote it: `eventGridEndpoints.cloud`. */
  readonly path: string;
  readonly hostType: HostType;
  /** Whether AIO has its resource already, with settings of its own. */
  readonly existing: boolean;
  readonly fields: EndpointFieldInputs;
}

/** The two ends of a dataflow; an end that names no endpoint is another rule's problem. */
export interface DataflowEnds {
  readonly source: CheckedEndpoint | undefined;
  readonly destination: CheckedEndpoint | undefined;
}

/** What of the instance and the profile these rules depend on. */
export interface AioEngine {
  readonly instanceCount: number;
  readonly allowSharedSubscriptions: boolean;
}

/** Refuses what AIO's engine can't do between two endpoints. @see Azure IoT Operations, Configure data flow endpoints */
export function checkAioEnds(path: string, dataflow: DataflowArgs, ends: DataflowEnds, engine: AioEngine): Problem[] {
  return [
    ...checkLocalEnd(path, ends),
    ...checkPersistence(path, dataflow, ends),
    ...checkSharing(path, dataflow, ends, engine),
  ];
}

/** Every dataflow of AIO's engine has AIO's own broker at one end, at least. */
function checkLocalEnd(path: string, { source, destination }: DataflowEnds): Problem[] {
  if (source === undefined || destination === undefined || isLocal(source) || isLocal(destination)) return [];
  const problem = `is AzureIoTOperations, and neither "${source.name}" nor "${destination.name}" is AIO's own broker`;
  const remedy = "let the relay run it, or take the messages through AIO's broker with two dataflows";
  return byRule("aio-local-broker", [{ path: `${path}.engine`, problem, remedy }]);
}

function isLocal({ hostType, fields: { host } }: CheckedEndpoint): boolean {
  if (host === undefined || !isKnown(host)) return hostType === HostType.LocalBroker;
  return isLocalBroker(hostType, host);
}

/** It is AIO's broker that keeps the messages. @see Azure IoT Operations, Configure disk persistence (2026-05) */
function checkPersistence(path: string, { requestDiskPersistence }: DataflowArgs, { source }: DataflowEnds): Problem[] {
  if (requestDiskPersistence !== DiskPersistence.Enabled || source === undefined || isLocal(source)) return [];
  const problem = `is Enabled, and the source "${source.name}" is not AIO's own broker, which alone keeps messages`;
  return byRule("engine-fields", [{ path: `${path}.requestDiskPersistence`, problem, remedy: "remove it" }]);
}

/** @see Specification, Event Grid shared subscription limitation */
function checkSharing(
  path: string,
  { dataSources }: DataflowArgs,
  { source }: DataflowEnds,
  { instanceCount, allowSharedSubscriptions }: AioEngine,
): Problem[] {
  if (source?.hostType !== HostType.EventGrid || allowSharedSubscriptions) return [];
  const remedy =
    "or, where AIO and the namespace support shared subscriptions, set dataflowProfile.allowSharedSubscriptions";
  const shared = dataSources.findIndex(
    (filter) => parseSharedFilter(filter.replace(/^\$shared\//, "$share/")) !== undefined,
  );
  return byRule("aio-shared-subscription", [
    ...(instanceCount > 1
      ? [
          {
            path: "dataflowProfile.instanceCount",
            problem: `is ${instanceCount}, and the source "${source.name}" is Event Grid, so that AIO fails to start the dataflow`,
            remedy: `set it to 1, ${remedy}`,
          },
        ]
      : []),
    ...(shared >= 0
      ? [
          {
            path: `${path}.dataSources[${shared}]`,
            problem: `is a shared subscription, and the source "${source.name}" is Event Grid`,
            remedy: `give the filter alone, ${remedy}`,
          },
        ]
      : []),
  ]);
}

/** Refuses authentication and settings that AIO's engine does not have at an endpoint which it uses. */
export function checkAioEndpoint({ path, fields }: CheckedEndpoint, dataflow: string): Problem[] {
  const user = `AIO's engine, which runs the dataflow "${dataflow}" with this endpoint`;
  const method = fields.authenticationMethod;
  const relayOnly = (["username", "allowSharedSubscriptions", "proxy"] as const).filter(
    (field) => fields[field] !== undefined,
  );
  const otherMethod = {
    path: `${path}.authenticationMethod`,
    problem: `is ${method}, and ${user}, does not have it`,
    remedy: "use another authenticationMethod, or let the relay run the dataflow",
  };
  return [
    ...byRule("engine-method", isAioMethod(method) ? [] : [otherMethod]),
    ...byRule(
      "engine-fields",
      isAioMethod(method)
        ? relayOnly.map((field) => ({
            path: `${path}.${field}`,
            problem: `is set, and ${user}, does not have it`,
            remedy: "remove it, or give the relay an endpoint of its own",
          }))
        : [],
    ),
  ];
}

/** Refuses the user-assigned identity where nobody said that the instance can use it. @see Azure IoT Operations, Enable secure settings */
export function checkSecureSettings({ path, fields }: CheckedEndpoint, secureSettings: boolean | undefined): Problem[] {
  if (secureSettings === true || fields.authenticationMethod !== "UserAssignedManagedIdentity") return [];
  const problem = `is UserAssignedManagedIdentity, and nothing says that the AIO instance has secure settings`;
  const remedy =
    "enable them and assign the identity (az iot ops identity assign), then set instance.secureSettings; or use SystemAssignedManagedIdentity";
  return byRule("aio-secure-settings", [{ path: `${path}.authenticationMethod`, problem, remedy }]);
}

/** Where files for AIO's engine are, and what the relay would have created elsewhere. */
export interface AioFiles {
  /** Namespace of AIO. */
  readonly namespace: string;
  /** Namespace of the relay. */
  readonly relayNamespace: string;
  /** Names of the Secrets and ConfigMaps that are created with the relay. */
  readonly created: readonly string[];
}

/** Refuses files of another namespace: AIO's engine mounts them from its own. @see Specification, Trusted CA certificate */
export function checkAioFiles(
  { path, existing, fields }: CheckedEndpoint,
  { namespace, relayNamespace, created }: AioFiles,
) {
  if (existing || namespace === relayNamespace) return [];
  const files = (["secretRef", "trustedCaCertificateConfigMapRef"] as const).filter((field) => {
    const name = fields[field];
    return name !== undefined && isKnown(name) && created.includes(name);
  });
  return byRule(
    "aio-namespace",
    files.map((field) => ({
      path: `${path}.${field}`,
      problem: `is created with the relay in the namespace "${relayNamespace}", and AIO's engine reads it in "${namespace}"`,
      remedy: "run the relay in AIO's namespace, or give AIO's engine an endpoint of its own",
    })),
  );
}
