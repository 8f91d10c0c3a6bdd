import { referToOutputs } from "./stack-outputs.ts";
import type { OutputContract, StackOutputInputs } from "./stack-outputs.ts";

/**
 * What the stack of a site promises to others, such as the applications that consume its telemetry. Version 1 had `relayConfig` besides,
 * the text of the relay's configuration; it is in the ConfigMap.
 */
export const siteContract = {
  version: 2,
  readsFrom: 1,
  outputs: {
    hostname: { type: "text", description: "the host name of the Event Grid namespace's MQTT broker" },
    topicSpaceIds: { type: "texts", description: "the resource IDs of the topic spaces, scopes of role assignments" },
    configMapName: { type: "text", description: "the name of the ConfigMap with the relay's configuration" },
    statefulSetName: { type: "text", description: "the name of the relay's StatefulSet" },
    serviceAccountName: { type: "text", description: "the name of the relay's service account" },
  },
} as const satisfies OutputContract;

/**
 * Reads the outputs of a site's stack, `<organization>/<project>/<stack>`, in the program of an application:
 * `referToSite("contoso/mqtt-dataflow/prod").topicSpaceIds.apply(({ telemetry }) => …)`.
 * What is missing there ends the deployment, with the stack, the output and its type in the message.
 */
export function referToSite(stack: string): StackOutputInputs<typeof siteContract> {
  return referToOutputs("site", stack, siteContract);
}
