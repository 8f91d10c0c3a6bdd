import type * as pulumi from "@pulumi/pulumi";

import { parseOutputs, referToOutputs } from "../components/stack-outputs.ts";
import type { OutputContract, StackOutputs } from "../components/stack-outputs.ts";

/** What the stack of a platform team promises to the stacks of its sites. */
export const platformContract = {
  version: 1,
  outputs: {
    namespace: { type: "text", description: "the Kubernetes namespace of the relay" },
    aioResourceGroupName: { type: "text", description: "the resource group of the AIO instance" },
    aioInstanceName: { type: "text", description: "the name of the AIO instance" },
    customLocationId: { type: "text", description: "the resource ID of the AIO instance's custom location" },
    identityResourceGroupName: {
      type: "text",
      description: "the resource group of the user-assigned managed identity",
    },
    identityName: { type: "text", description: "the name of the user-assigned managed identity" },
    identityClientId: { type: "text", description: "the client ID of the user-assigned managed identity" },
    identityTenantId: { type: "text", description: "the Microsoft Entra tenant of the user-assigned managed identity" },
    identityPrincipalId: { type: "text", description: "the object ID of the user-assigned managed identity" },
    oidcIssuerUrl: { type: "text", description: "the OIDC issuer of the cluster" },
    brokerHost: { type: "text", description: 'host name and port of AIO\'s MQTT broker, such as "aio-broker:18883"' },
    brokerAudience: { type: "text", description: "the audience of service account tokens for AIO's MQTT broker" },
    brokerTrustBundle: { type: "text", description: "the name of the ConfigMap with the CA of AIO's MQTT broker" },
  },
} as const satisfies OutputContract;

/** The platform's facts, all of them texts. */
export type Platform = StackOutputs<typeof platformContract>;

/** The platform's facts as resources take them. */
export type PlatformInputs = { readonly [K in keyof Platform]: pulumi.Input<string> };

/**
 * Takes the outputs of a platform's stack.
 * @throws {ConfigError} naming the stack, each output that is missing or of another type, and what it should be
 */
export function parsePlatform(stack: string, outputs: { readonly [name: string]: unknown }): Platform {
  return parseOutputs(`platform stack "${stack}"`, platformContract, outputs);
}

/** Reads the platform's facts from its stack; what is missing there ends the deployment. */
export function referToPlatform(stack: string): PlatformInputs {
  return referToOutputs("platform", stack, platformContract);
}
