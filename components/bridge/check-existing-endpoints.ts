import type { Problem } from "../../runtime/contract/errors.ts";
import { checkEndpointResource, checkIdleSettings, findDescriptions } from "../checks/existing-endpoints.ts";
import type { IdleEndpoint } from "../checks/existing-endpoints.ts";
import { byRule } from "../checks/rules.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import { AioResourceApi } from "../enumerations.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";

/** Checks what becomes of each endpoint's resource in AIO, and of the settings of one that exists already. */
export function checkEndpointResources(plan: Plan): Problem[] {
  return [
    ...plan.endpoints.flatMap((endpoint) => {
      const resource = resourceOf(plan, endpoint);
      return [
        ...checkEndpointResource(`${endpoint.path}.`, resource),
        ...checkFiles(plan, `${endpoint.path}.adopt`, resource),
      ];
    }),
    ...listIdle(plan).flatMap((endpoint) => checkIdleSettings(`${endpoint.path}.`, resourceOf(plan, endpoint))),
  ];
}

/** Finds what describes an existing endpoint and changes nothing at it. */
export function findDescribedEndpoints(plan: Plan): Problem[] {
  return listIdle(plan).flatMap((endpoint) => findDescriptions(`${endpoint.path}.`, resourceOf(plan, endpoint)));
}

/** What exists in a cluster can't be imported by what writes files. */
function checkFiles({ args: { gitOps } }: Plan, path: string, { declared, instance }: IdleEndpoint): Problem[] {
  if (gitOps === undefined || declared.adopt === undefined) return [];
  if (instance?.resourceApi !== AioResourceApi.Kubernetes) return [];
  const problem = "is set, and gitOps hands over files, which can't take over what is in the cluster";
  const remedy = 'set instance.resourceApi to "AzureResourceManager", or change the endpoint where it is owned';
  return byRule("aio-adopt", [{ path, problem, remedy }]);
}

function listIdle({ endpoints }: Plan): PlannedEndpoint[] {
  return endpoints.filter(({ existing, isRelayed }) => existing && !isRelayed);
}

function resourceOf({ args }: Plan, { own, resourceName, hostType, existing, fields }: PlannedEndpoint): IdleEndpoint {
  const { authenticationMethod } = fields;
  // A method that AIO's API lacks has no resource there.
  const instance = own.instance ?? (isAioMethod(authenticationMethod) ? args.instance : undefined);
  return { endpointName: resourceName, isLeftAlone: existing, declared: own, instance, hostType, authenticationMethod };
}
