import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import { AioResourceApi } from "../enumerations.ts";
import { givenFields, knownFields } from "../known.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { neededFields } from "./authentication-fields.ts";
import { byRule } from "./rules.ts";

/** The endpoint that AIO comes with. @see Specification, Default endpoint */
export const defaultEndpointName = "default";

/** What decides about an endpoint's `DataflowEndpoint`: whether it is created, taken over or left alone. */
export interface EndpointResource {
  /** Its name in AIO. */
  readonly endpointName: string;
  readonly hostType: HostType;
  /** Whether it is left alone, because somebody has said so or AIO comes with it. */
  readonly isLeftAlone: boolean;
  /** What was written of it. */
  readonly declared: { readonly existing?: boolean; readonly adopt?: string; readonly endpointName?: string };
  /** Omitted: there is no resource. */
  readonly instance: AioInstanceArgs | undefined;
}

/**
 * Refuses a `DataflowEndpoint` that can't be created because AIO has it, and one that can't be taken over.
 *
 * @param path goes before the name of a field: `localEndpoints.edge.`
 */
export function checkEndpointResource(path: string, resource: EndpointResource): Problem[] {
  return [...checkDefaultEndpoint(path, resource), ...checkAdoption(path, resource)];
}

/** Both providers refuse to create what exists, when the update is half done. */
function checkDefaultEndpoint(path: string, resource: EndpointResource): Problem[] {
  const { endpointName, isLeftAlone, declared, instance } = resource;
  const isCreated = instance !== undefined && !isLeftAlone && declared.adopt === undefined;
  if (!isCreated || endpointName !== defaultEndpointName) return [];
  const named = declared.endpointName === undefined ? path.replace(/\.$/, "") || "name" : `${path}endpointName`;
  const [field, problem] =
    declared.existing === false
      ? [`${path}existing`, `is false, and AIO comes with the endpoint "${endpointName}", which can't be created again`]
      : [named, `is to be the endpoint "${endpointName}", which AIO comes with and which can't be created again`];
  const rename = `set ${path}endpointName to another name`;
  const takeOver = `or take over the one that AIO has: remove existing, and set ${path}adopt to "${endpointId(resource)}"`;
  const remedy = resource.hostType === "LocalBroker" ? `${rename}, ${takeOver}` : rename;
  return byRule("aio-existing", [{ path: field, problem, remedy }]);
}

function checkAdoption(path: string, resource: EndpointResource): Problem[] {
  const { declared, instance } = resource;
  const { adopt } = declared;
  if (adopt === undefined) return [];
  const field = `${path}adopt`;
  const nowhere = {
    path: field,
    problem: "is set, and there is no AIO instance that the endpoint would be in",
    remedy: "add instance, or remove it",
  };
  if (instance === undefined) return byRule("aio-adopt", [nowhere]);
  const both = {
    path: `${path}existing`,
    problem: `is ${declared.existing}, and adopt says that the endpoint exists and is taken over`,
    remedy: "remove it, or remove adopt",
  };
  const foreign = {
    path: field,
    problem: `is ${JSON.stringify(adopt)}, which is no ID of the endpoint "${resource.endpointName}" in this instance`,
    remedy: `give "${endpointId(resource)}", in just these letters`,
  };
  const elsewhere = {
    path: field,
    problem: `is set, and would lead "${resource.endpointName}", the endpoint of AIO's own broker, to another broker`,
    remedy: `remove it, and set ${path}endpointName to another name`,
  };
  return byRule("aio-adopt", [
    ...(declared.existing === undefined ? [] : [both]),
    ...(resource.endpointName === defaultEndpointName && resource.hostType !== "LocalBroker" ? [elsewhere] : []),
    ...(isEndpointId(adopt, resource) ? [] : [foreign]),
  ]);
}

/** The ID of an endpoint, as far as it is known; what is not known stands in angle brackets. */
export function endpointId({ endpointName, instance }: Pick<EndpointResource, "endpointName" | "instance">): string {
  const { namespace, resourceGroupName, instanceName, customLocationId } = knownFields(instance ?? {}) as Partial<
    Record<keyof AioInstanceArgs, string>
  >;
  if (instance?.resourceApi === AioResourceApi.Kubernetes) {
    const known = instance.namespace === undefined ? aioNamespace : namespace;
    return `${known ?? "<namespace>"}/${endpointName}`;
  }
  // Most often the instance is in the subscription of its custom location; who knows better gives another.
  const subscription = /^\/subscriptions\/([^/]+)\//.exec(customLocationId ?? "")?.[1] ?? "<subscription>";
  const group = resourceGroupName ?? "<resource group>";
  const parent = `Microsoft.IoTOperations/instances/${instanceName ?? "<instance>"}`;
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/${parent}/dataflowEndpoints/${endpointName}`;
}

/** Case counts, though not for Azure: Pulumi takes what differs in it for another resource. */
function isEndpointId(id: string, resource: EndpointResource): boolean {
  const expected = endpointId(resource).replace(/^\/subscriptions\/[^/]+/, "/subscriptions/<subscription>");
  const parts = expected.split("/");
  const given = id.split("/");
  return (
    given.length === parts.length &&
    parts.every((part, index) => (part.startsWith("<") ? given[index] !== "" : part === given[index]))
  );
}

/** An endpoint that is left alone as it is, and that no dataflow of the relay uses. */
export interface IdleEndpoint extends EndpointResource {
  readonly authenticationMethod: AuthenticationMethod;
}

/** Refuses settings that would go nowhere: not into the resource, which is left alone, and not into the relay. */
export function checkIdleSettings(path: string, endpoint: IdleEndpoint): Problem[] {
  const describing = describingFields(endpoint);
  const idle = givenFields(endpoint.declared).filter(
    (field) => !resourceFields.includes(field) && !describing.includes(field),
  );
  const problem = `is set, and changes nothing: the endpoint "${endpoint.endpointName}" exists already in AIO, and the relay does not use it`;
  const remedy = `remove it here, and change it where the endpoint is owned; or take the endpoint over with ${path}adopt: "${endpointId(endpoint)}"`;
  return byRule(
    "aio-existing",
    idle.map((field) => ({ path: `${path}${field}`, problem, remedy })),
  );
}

/** Finds what has to be said of an existing endpoint, for checks and roles, and changes nothing at it. */
export function findDescriptions(path: string, endpoint: IdleEndpoint): Problem[] {
  const describing = describingFields(endpoint);
  const given = givenFields(endpoint.declared).filter((field) => describing.includes(field));
  const [first] = given;
  if (first === undefined) return [];
  const fields = given.length === 1 ? "" : ` (with ${given.slice(1).join(", ")})`;
  const problem = `describes the endpoint "${endpoint.endpointName}"${fields}, which exists already in AIO, and changes nothing at it`;
  const remedy = `change it where the endpoint is owned too, or take the endpoint over with ${path}adopt: "${endpointId(endpoint)}"`;
  return byRule("existing-description", [{ path: `${path}${first}`, problem, remedy }]);
}

/** Fields that decide about the resource itself. */
const resourceFields: readonly string[] = ["endpointName", "instance", "existing", "adopt"];

/** Which broker it is and whose identity counts decide about topics and roles; AIO's own broker is known without. */
function describingFields({ hostType, authenticationMethod }: IdleEndpoint): readonly string[] {
  return hostType === "LocalBroker" ? [] : ["host", "authenticationMethod", ...neededFields(authenticationMethod)];
}
