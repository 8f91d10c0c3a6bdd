import * as iotoperations from "@pulumi/azure-native/iotoperations/index.js";
import * as resources from "@pulumi/azure-native/resources/index.js";
import type * as inputs from "@pulumi/azure-native/types/input.js";
import * as apiextensions from "@pulumi/kubernetes/apiextensions/index.js";
import * as pulumi from "@pulumi/pulumi";

import { checkCustomLocation } from "../checks/aio-instance.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import { AioResourceApi } from "../enumerations.ts";
import { refuse } from "../refuse.ts";
import { aioNamespace } from "../relay/defaults.ts";
import type { DataflowProperties } from "./dataflow-properties.ts";

/** What is said of one of AIO's resources, whichever API it is created through. */
interface AioResourceParts<Kind extends string, Properties> {
  readonly kind: Kind;
  /** Its name in Azure and in Kubernetes. */
  readonly resourceName: string;
  readonly properties: pulumi.Input<Properties>;
  /** Whether a field of its properties is missing in API version 2024-11-01, the one of the provider's own classes. */
  readonly needsLaterApi: boolean;
  /** ID of the one that exists already and is taken over; omitted where it is created. */
  readonly adopt?: string;
}

export type AioEndpoint = AioResourceParts<"DataflowEndpoint", inputs.iotoperations.DataflowEndpointPropertiesArgs>;
export type AioProfile = AioResourceParts<"DataflowProfile", inputs.iotoperations.DataflowProfilePropertiesArgs>;
export type AioDataflow = AioResourceParts<"Dataflow", DataflowProperties> & {
  /** Profile that it belongs to. */
  readonly profileName: pulumi.Input<string>;
};
export type AioResource = AioEndpoint | AioProfile | AioDataflow;

/** Has `hostType`, `requestDiskPersistence` and `headers`. @see Azure REST API, Microsoft.IoTOperations 2026-10-01 */
const laterApiVersion = "2026-10-01";

/** @see Azure IoT Operations, Configure data flow endpoints, Kubernetes */
const customResourceVersion = "connectivity.iotoperations.azure.com/v1";

/**
 * Creates one of AIO's resources: as custom resource where the instance says so, else in Azure by the provider's own
 * class, or by its generic one where only a later API version has all the fields.
 */
export function createAioResource(
  component: pulumi.ComponentResource,
  componentName: string,
  noun: string,
  instance: AioInstanceArgs,
  resource: AioResource,
): pulumi.CustomResource {
  // Names are fixed, so a replacement that is created first would meet the resource which it replaces.
  const options = { parent: component, deleteBeforeReplace: true, ...adoption(resource) };
  const name = `${componentName}-${noun}`;
  if (instance.resourceApi === AioResourceApi.Kubernetes) {
    return new apiextensions.CustomResource(name, buildCustomResource(instance, resource), options);
  }
  const { kind, needsLaterApi } = resource;
  const checked = withCheckedLocation(component, componentName, instance);
  const inAzure = {
    ...options,
    // Azure takes it when a resource is created, and ignores it in updates.
    ...(resource.adopt === undefined
      ? { replaceOnChanges: ["extendedLocation"] }
      : { ignoreChanges: ["extendedLocation"] }),
    // One that starts or ceases to need the later version stays one resource, which is deleted, then created.
    aliases: kind === "DataflowProfile" ? [] : [{ type: needsLaterApi ? `${typedTokens}:${kind}` : genericToken }],
  };
  return needsLaterApi
    ? new resources.Resource(name, buildGenericResource(checked, resource), inAzure)
    : createTypedResource(name, checked, resource, inAzure);
}

/**
 * What takes over a resource that exists already. The engine imports it, then updates it to what the program says, both
 * in one deployment. @see Pulumi, changelog of 3.174.0, import option
 */
function adoption({ adopt }: AioResource): pulumi.CustomResourceOptions {
  // AIO comes with it, and others may use it: a stack that ends must not take it along.
  return adopt === undefined ? {} : { import: adopt, retainOnDelete: true };
}

const genericToken = "azure-native:resources:Resource";

const typedTokens = "azure-native:iotoperations";

/** The custom location's ID is checked once it is known, in the words of the check before. */
function withCheckedLocation(
  component: pulumi.ComponentResource,
  componentName: string,
  instance: AioInstanceArgs,
): AioInstanceArgs {
  const customLocationId = pulumi.output(instance.customLocationId).apply((id) => {
    refuse(component, componentName, checkCustomLocation("instance.customLocationId", id));
    return id;
  });
  return { ...instance, customLocationId };
}

function createTypedResource(
  name: string,
  instance: AioInstanceArgs,
  resource: AioResource,
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const { resourceGroupName, instanceName } = instance;
  const common = { resourceGroupName, instanceName, extendedLocation: extendedLocationOf(instance) };
  const { kind, resourceName, properties } = resource;
  switch (kind) {
    case "DataflowEndpoint": {
      const args = { ...common, dataflowEndpointName: resourceName, properties };
      return new iotoperations.DataflowEndpoint(name, args, options);
    }
    case "DataflowProfile": {
      const args = { ...common, dataflowProfileName: resourceName, properties };
      return new iotoperations.DataflowProfile(name, args, options);
    }
    case "Dataflow": {
      const args = {
        ...common,
        dataflowProfileName: resource.profileName,
        dataflowName: resourceName,
        properties: properties as pulumi.Input<inputs.iotoperations.DataflowPropertiesArgs>,
      };
      return new iotoperations.Dataflow(name, args, options);
    }
  }
}

/** The body and path of a resource at the later API version. */
export function buildGenericResource(instance: AioInstanceArgs, resource: AioResource): resources.ResourceArgs {
  const { kind, resourceName, properties } = resource;
  const { instanceName, resourceGroupName } = instance;
  return {
    apiVersion: instance.laterApiVersion ?? laterApiVersion,
    resourceProviderNamespace: "Microsoft.IoTOperations",
    parentResourcePath:
      kind === "Dataflow"
        ? pulumi.interpolate`instances/${instanceName}/dataflowProfiles/${resource.profileName}`
        : pulumi.interpolate`instances/${instanceName}`,
    resourceType: resourceTypes[kind],
    resourceName,
    resourceGroupName,
    extendedLocation: extendedLocationOf(instance),
    properties,
  };
}

const resourceTypes = {
  DataflowEndpoint: "dataflowEndpoints",
  DataflowProfile: "dataflowProfiles",
  Dataflow: "dataflows",
} as const;

function extendedLocationOf({ customLocationId }: AioInstanceArgs) {
  return { name: customLocationId, type: "CustomLocation" };
}

/** The manifest of a resource: Azure's properties as `spec`, and a dataflow names its profile there. */
export function buildCustomResource(
  { namespace }: AioInstanceArgs,
  resource: AioResource,
): apiextensions.CustomResourceArgs {
  const { kind, resourceName, properties, adopt } = resource;
  // Its fields have another field manager, with which server-side apply would be in conflict.
  const annotations = adopt === undefined ? {} : { annotations: { "pulumi.com/patchForce": "true" } };
  const profileRef = kind === "Dataflow" ? resource.profileName : undefined;
  return {
    apiVersion: customResourceVersion,
    kind,
    metadata: { name: resourceName, namespace: namespace ?? aioNamespace, ...annotations },
    spec:
      profileRef === undefined
        ? properties
        : pulumi.all([properties, profileRef]).apply(([known, name]) => ({ profileRef: name, ...known })),
  };
}
