import * as pulumi from "@pulumi/pulumi";

import { ConfigError, keepText } from "../components/stack-settings.ts";
import type { Problem } from "../components/stack-settings.ts";

/** What a site's platform tells a bridge, by output name of the platform's stack; each is a text. */
export const platformFacts = {
  namespace: "the Kubernetes namespace of the relay",
  aioResourceGroupName: "the resource group of the AIO instance",
  aioInstanceName: "the name of the AIO instance",
  customLocationId: "the resource ID of the AIO instance's custom location",
  identityResourceGroupName: "the resource group of the user-assigned managed identity",
  identityName: "the name of the user-assigned managed identity",
  identityClientId: "the client ID of the user-assigned managed identity",
  identityTenantId: "the Microsoft Entra tenant of the user-assigned managed identity",
  identityPrincipalId: "the object ID of the user-assigned managed identity",
  oidcIssuerUrl: "the OIDC issuer of the cluster",
  brokerHost: 'host name and port of AIO\'s MQTT broker, such as "aio-broker:18883"',
  brokerAudience: "the audience of service account tokens for AIO's MQTT broker",
  brokerTrustBundle: "the name of the ConfigMap with the CA of AIO's MQTT broker",
} as const;

/** The platform's facts, all of them texts. */
export type Platform = { readonly [K in keyof typeof platformFacts]: string };

/** The platform's facts as resources take them. */
export type PlatformInputs = { readonly [K in keyof Platform]: pulumi.Input<string> };

const factNames = Object.keys(platformFacts) as (keyof Platform)[];

/**
 * Takes the outputs of a platform's stack.
 * @throws {ConfigError} naming the stack, each output that is missing or of another type, and what it should be
 */
export function parsePlatform(stack: string, outputs: { readonly [name: string]: unknown }): Platform {
  const problems = factNames.flatMap((name) => checkFact(name, outputs[name]));
  if (problems.length > 0) throw new ConfigError(`platform stack "${stack}"`, problems);
  return outputs as Platform;
}

function checkFact(name: keyof Platform, value: unknown): Problem[] {
  if (typeof value === "string" && value !== "") return [];
  const problem = value === undefined ? "is missing" : `is ${value === "" ? "empty" : `no text but ${typeof value}`}`;
  return [{ path: name, problem, remedy: `export this output there as a text: ${platformFacts[name]}` }];
}

/** Reads the platform's facts from its stack; what is missing there ends the deployment. */
export function referToPlatform(stack: string): PlatformInputs {
  const reference = new pulumi.StackReference(stack);
  // Output by output: taken together they would all be secret as soon as one of that stack's is.
  const outputs = mapFacts((name) => reference.getOutput(name) as pulumi.Output<unknown>);
  const platform = pulumi.all(outputs).apply((values) => {
    try {
      return parsePlatform(stack, values);
    } catch (error) {
      throw error instanceof ConfigError ? keepText(new pulumi.RunError(error.message)) : error;
    }
  });
  return mapFacts((name) => platform.apply((facts) => facts[name]));
}

function mapFacts<T>(map: (name: keyof Platform) => T): { [K in keyof Platform]: T } {
  return Object.fromEntries(factNames.map((name) => [name, map(name)])) as { [K in keyof Platform]: T };
}
