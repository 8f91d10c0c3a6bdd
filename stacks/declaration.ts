import {
  CloudEventAttributes,
  EventGridAuthenticationMethod,
  LocalAuthenticationMethod,
  MqttRetain,
} from "../components/index.ts";
import type { MqttBridgeArgs } from "../components/index.ts";
import { cloud, edge, siteDataflows, siteTopicSpaces } from "./dataflows.ts";
import type { PlatformInputs } from "./platform.ts";
import type { Settings } from "./settings.ts";

/** Declares the bridge of one site from its settings and its platform's facts. */
export function declareBridge(settings: Settings, platform: PlatformInputs): MqttBridgeArgs {
  const { site, resourceGroupName } = settings;
  const { privateEndpoint, ...eventGrid } = settings.eventGrid;
  return {
    site,
    eventGrid: {
      resourceGroupName,
      topicSpaces: siteTopicSpaces(site),
      tags: { site },
      ...withoutUndefined(eventGrid),
      ...(privateEndpoint === undefined ? {} : { privateEndpoints: { relays: withoutUndefined(privateEndpoint) } }),
    },
    localEndpoints: {
      [edge]: {
        host: platform.brokerHost,
        authenticationMethod: LocalAuthenticationMethod.ServiceAccountToken,
        audience: platform.brokerAudience,
        trustedCaCertificateConfigMapRef: platform.brokerTrustBundle,
      },
    },
    eventGridEndpoints: {
      [cloud]: {
        authenticationMethod: EventGridAuthenticationMethod.UserAssignedManagedIdentity,
        cloudEventAttributes: CloudEventAttributes.CreateOrRemap,
        // Alarms are retained, so that who comes later learns of them.
        retain: MqttRetain.Keep,
      },
    },
    dataflows: siteDataflows(site),
    identity: {
      resourceGroupName: platform.identityResourceGroupName,
      identityName: platform.identityName,
      clientId: platform.identityClientId,
      tenantId: platform.identityTenantId,
      principalId: platform.identityPrincipalId,
      oidcIssuerUrl: platform.oidcIssuerUrl,
    },
    instance: {
      resourceGroupName: platform.aioResourceGroupName,
      instanceName: platform.aioInstanceName,
      customLocationId: platform.customLocationId,
      broker: {
        host: platform.brokerHost,
        audience: platform.brokerAudience,
        trustBundle: platform.brokerTrustBundle,
      },
    },
    relay: {
      namespace: platform.namespace,
      status: { endpoint: edge, topic: `relays/${site}` },
      ...withoutUndefined({ ...settings.relay, volume: withoutUndefined(settings.relay.volume ?? {}) }),
    },
  };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Leaves out what is not set, so that the components' own defaults hold. */
function withoutUndefined<T extends object>(settings: T): Defined<T> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Defined<T>;
}
