import * as pulumi from "@pulumi/pulumi";

/*
 * A platform team's stack as the tests have it: it exports what its settings say, with a secret among it. The site's
 * stack refers to it.
 */
const config = new pulumi.Config();
/** Last letter of the identity's IDs, where a test wants a platform team that gives the site another one. */
const identity = config.get("identity") ?? "1";

export const namespace = config.require("namespace");
export const aioResourceGroupName = "rg-oslo-edge";
export const aioInstanceName = "oslo-aio";
export const customLocationId =
  "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg-oslo-edge/providers/Microsoft.ExtendedLocation/customLocations/oslo";
export const identityResourceGroupName = "rg-oslo-edge";
export const identityName = identity === "1" ? "id-oslo-relay" : `id-oslo-relay-${identity}`;
export const identityClientId = `00000000-0000-0000-0000-0000000000c${identity}`;
export const identityTenantId = "00000000-0000-0000-0000-0000000000e1";
export const identityPrincipalId = `00000000-0000-0000-0000-0000000000a${identity}`;
export const oidcIssuerUrl = config.get("oidcIssuerUrl");
/** A number where a test wants a platform team that has exported the port alone. */
export const brokerHost = config.getNumber("brokerPort") ?? config.get("brokerHost") ?? "aio-broker:18883";
export const brokerAudience = "aio-internal";
export const brokerTrustBundle = "azure-iot-operations-aio-ca-trust-bundle";

export const clusterPassword = pulumi.secret("a secret of the platform's");
