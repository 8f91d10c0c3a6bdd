import * as extendedlocation from "@pulumi/azure-native/extendedlocation/index.js";
import * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/errors.ts";
import { checkCustomLocation, parseCustomLocation } from "../checks/aio-instance.ts";
import { byRule } from "../checks/rules.ts";
import { refusal, refuse } from "../refuse.ts";

/** Type of AIO's Arc extension. @see Azure IoT Operations, Tutorial: Configure MQTT bridge between AIO and Event Grid */
const extensionType = "microsoft.iotoperations";

const locationPath = "instance.customLocationId";

/**
 * Looks up the object ID of the system-assigned identity that AIO's engine has: that of AIO's Arc extension, which is
 * found from the custom location. All of them have to be in the subscription of the Azure provider.
 * @throws {pulumi.ResourceError} when there is no such location, extension or identity
 */
export function lookUpExtensionIdentity(
  component: pulumi.ComponentResource,
  name: string,
  customLocationId: pulumi.Input<string>,
): pulumi.Output<string> {
  return pulumi.output(customLocationId).apply(async (id) => {
    refuse(component, name, checkCustomLocation(locationPath, id));
    const { resourceGroupName, name: resourceName } = parseCustomLocation(id) ?? { resourceGroupName: "", name: "" };
    const options = { parent: component };
    const location = await extendedlocation.getCustomLocation({ resourceGroupName, resourceName }, options);
    const ids = location.clusterExtensionIds ?? [];
    const found = await Promise.all(
      ids.map((extensionId) => {
        const args = extensionArgs(location.hostResourceId ?? "", extensionId);
        if (args === undefined) throw refusal(component, name, [notOnCluster(id, location.hostResourceId)]);
        return kubernetesconfiguration.getExtension(args, options);
      }),
    );
    const extension = found.find((candidate) => candidate.extensionType?.toLowerCase() === extensionType);
    const principalId = extension?.identity?.principalId;
    if (principalId !== undefined && principalId !== "") return principalId;
    throw refusal(component, name, [extension === undefined ? noExtension(id) : noIdentity(extension.name)]);
  });
}

/** How an extension of a cluster is asked for; `undefined` when the IDs are none of these. */
export function extensionArgs(
  clusterId: string,
  extensionId: string,
): kubernetesconfiguration.GetExtensionArgs | undefined {
  const cluster = /\/resourceGroups\/([^/]+)\/providers\/(Microsoft\.[^/]+)\/([^/]+)\/([^/]+)$/i.exec(clusterId);
  const [, resourceGroupName, clusterRp, clusterResourceName, clusterName] = cluster ?? [];
  const [, extensionName] = /\/extensions\/([^/]+)$/i.exec(extensionId) ?? [];
  if (
    resourceGroupName === undefined ||
    clusterRp === undefined ||
    clusterResourceName === undefined ||
    clusterName === undefined ||
    extensionName === undefined
  ) {
    return undefined;
  }
  return { resourceGroupName, clusterRp, clusterResourceName, clusterName, extensionName };
}

const remedy = "correct it, or give the identity's object ID as instance.extensionPrincipalId";

function problemAt(problem: string): Problem {
  const [found = { path: locationPath, problem, remedy }] = byRule("aio-instance", [
    { path: locationPath, problem, remedy },
  ]);
  return found;
}

function notOnCluster(id: string, clusterId: string | undefined): Problem {
  return problemAt(`is "${id}", which is on "${clusterId ?? "nothing"}", and that is no cluster with Arc extensions`);
}

function noExtension(id: string): Problem {
  return problemAt(`is "${id}", which has no extension of type ${extensionType}`);
}

function noIdentity(extensionName: string): Problem {
  return problemAt(`leads to the extension "${extensionName}", which has no system-assigned identity`);
}
