import * as extendedlocation from "@pulumi/azure-native/extendedlocation/index.js";
import * as kubernetesconfiguration from "@pulumi/azure-native/kubernetesconfiguration/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { checkCustomLocation, parseCustomLocation } from "../checks/aio-instance.ts";
import { byRule } from "../checks/rules.ts";
import { refuse } from "../refuse.ts";

/** Type of AIO's Arc extension. @see Azure IoT Operations, Tutorial: Configure MQTT bridge between AIO and Event Grid */
const extensionType = "microsoft.iotoperations";

/**
 * Looks up the object ID of the system-assigned identity that AIO's engine has: that of AIO's Arc extension, which is
 * found from the custom location. All of them have to be in the subscription of the Azure provider.
 */
export function lookUpExtensionIdentity(
  component: pulumi.ComponentResource,
  name: string,
  customLocationId: pulumi.Input<string>,
): pulumi.Output<string> {
  const options = { parent: component };
  return pulumi.output(customLocationId).apply(async (id) => {
    const { principalId = "", problems } = await findExtensionIdentity("instance.customLocationId", id, {
      getCustomLocation: (args) => extendedlocation.getCustomLocation(args, options),
      getExtension: (args) => kubernetesconfiguration.getExtension(args, options),
    });
    refuse(component, name, problems);
    return principalId;
  });
}

/** What Azure is asked, and what of its answers is used. */
export interface AzureReads {
  getCustomLocation(args: {
    resourceGroupName: string;
    resourceName: string;
  }): Promise<{ readonly hostResourceId?: string; readonly clusterExtensionIds?: string[] }>;
  getExtension(args: kubernetesconfiguration.GetExtensionArgs): Promise<{
    readonly name: string;
    readonly extensionType?: string;
    readonly identity?: { readonly principalId: string };
  }>;
}

/** An identity, or why there is none. */
export interface FoundIdentity {
  readonly principalId?: string;
  readonly problems: readonly Problem[];
}

/** Goes from a custom location over the extensions of its cluster to the identity of AIO's. */
export async function findExtensionIdentity(path: string, id: string, azure: AzureReads): Promise<FoundIdentity> {
  const at = parseCustomLocation(id);
  if (at === undefined) return { problems: checkCustomLocation(path, id) };
  const location = await settle(
    azure.getCustomLocation({ resourceGroupName: at.resourceGroupName, resourceName: at.name }),
  );
  if ("reason" in location) return unanswered(path, `is "${id}"`, location);
  const { hostResourceId = "", clusterExtensionIds = [] } = location.value;
  const known = clusterExtensionIds.flatMap((extensionId) => extensionArgs(hostResourceId, extensionId) ?? []);
  const answers = await Promise.all(known.map((args) => settle(azure.getExtension(args))));
  const extensions = answers.flatMap((answer) => ("value" in answer ? [answer.value] : []));
  const extension = extensions.find((candidate) => candidate.extensionType?.toLowerCase() === extensionType);
  // A custom location goes on naming extensions that were removed; only without AIO's is that of interest.
  const failed = answers.find((answer) => "reason" in answer);
  if (extension === undefined && failed !== undefined) {
    return unanswered(path, `is "${id}", on the cluster "${hostResourceId}"`, failed);
  }
  if (extension === undefined) {
    return missing(
      path,
      `is "${id}", on the cluster "${hostResourceId}", and has no extension of type ${extensionType}`,
    );
  }
  const principalId = extension.identity?.principalId ?? "";
  if (principalId !== "") return { principalId, problems: [] };
  return missing(path, `leads to the extension "${extension.name}", which has no system-assigned identity`);
}

/** An answer of Azure's, or why there was none. */
type Answer<T> = { readonly value: T } | Refused;

interface Refused {
  readonly reason: string;
}

function settle<T>(answer: Promise<T>): Promise<Answer<T>> {
  return answer.then(
    (value) => ({ value }),
    (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }),
  );
}

function unanswered(path: string, where: string, { reason }: Refused): FoundIdentity {
  const [first = ""] = reason.split("\n");
  return missing(path, `${where}, and Azure does not tell the identity of AIO's extension there: ${first}`);
}

function missing(path: string, problem: string): FoundIdentity {
  const remedy = "correct it, or give the identity's object ID as instance.extensionPrincipalId";
  return { problems: byRule("aio-instance", [{ path, problem, remedy }]) };
}

/** How an extension of a cluster is asked for; `undefined` when the IDs are none of these. */
function extensionArgs(clusterId: string, extensionId: string): kubernetesconfiguration.GetExtensionArgs | undefined {
  const cluster = /\/resourceGroups\/([^/]+)\/providers\/(Microsoft\.[^/]+)\/([^/]+)\/([^/]+)$/i.exec(clusterId);
  const extension = /\/extensions\/([^/]+)$/i.exec(extensionId);
  if (cluster === null || extension === null) return undefined;
  const [, resourceGroupName = "", clusterRp = "", clusterResourceName = "", clusterName = ""] = cluster;
  return { resourceGroupName, clusterRp, clusterResourceName, clusterName, extensionName: extension[1] ?? "" };
}
