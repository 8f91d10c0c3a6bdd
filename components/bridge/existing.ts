import type { Problem } from "../../runtime/contract/errors.ts";
import { checkEndpointResource, checkIdleSettings, findDescriptions } from "../checks/existing-endpoints.ts";
import type { IdleEndpoint } from "../checks/existing-endpoints.ts";
import { byRule } from "../checks/rules.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import type { EndpointResourceArgs } from "../endpoint/settings.ts";
import { AioResourceApi } from "../enumerations.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import type { BridgeEndpoint } from "./endpoints.ts";
import { aioEndpointTest } from "./engines.ts";

/** Checks what becomes of each endpoint's resource in AIO, and of the settings of one that exists already. */
export function checkEndpointResources(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  return [
    ...endpoints.flatMap((endpoint) => {
      const resource = resourceOf(args, endpoint);
      return [
        ...checkEndpointResource(`${endpoint.path}.`, resource),
        ...checkFiles(args, `${endpoint.path}.adopt`, resource),
      ];
    }),
    ...listIdle(args, endpoints).flatMap(([path, endpoint]) => checkIdleSettings(`${path}.`, endpoint)),
  ];
}

/** Finds what describes an existing endpoint and changes nothing at it. */
export function findDescribedEndpoints(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  return listIdle(args, endpoints).flatMap(([path, endpoint]) => findDescriptions(`${path}.`, endpoint));
}

/** What exists in a cluster can't be imported by what writes files. */
function checkFiles({ gitOps }: MqttBridgeArgs, path: string, { declared, instance }: IdleEndpoint): Problem[] {
  if (gitOps === undefined || declared.adopt === undefined) return [];
  if (instance?.resourceApi !== AioResourceApi.Kubernetes) return [];
  const problem = "is set, and gitOps hands over files, which can't take over what is in the cluster";
  const remedy = 'set instance.resourceApi to "AzureResourceManager", or change the endpoint where it is owned';
  return byRule("aio-adopt", [{ path, problem, remedy }]);
}

function listIdle(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): [path: string, IdleEndpoint][] {
  const isAio = aioEndpointTest(args);
  return endpoints
    .filter(({ name, existing }) => existing && isAio(name))
    .map((endpoint) => [endpoint.path, resourceOf(args, endpoint)]);
}

function resourceOf(args: MqttBridgeArgs, { name, hostType, existing, fields }: BridgeEndpoint): IdleEndpoint {
  const lists: { readonly [type in typeof hostType]: { readonly [name: string]: EndpointResourceArgs } | undefined } = {
    LocalBroker: args.localEndpoints,
    EventGrid: args.eventGridEndpoints,
    CustomMqtt: args.customEndpoints,
  };
  const declared = lists[hostType]?.[name] ?? {};
  const { authenticationMethod } = fields;
  // A method that AIO's API lacks has no resource there.
  const instance = declared.instance ?? (isAioMethod(authenticationMethod) ? args.instance : undefined);
  const endpointName = declared.endpointName ?? name;
  return { endpointName, isLeftAlone: existing, declared, instance, hostType, authenticationMethod };
}
