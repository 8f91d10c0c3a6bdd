import { authenticationMethods } from "../../runtime/contract/config/authentication.ts";
import type { AuthenticationInput, AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { EndpointInput, HostType } from "../../runtime/contract/config/endpoint.ts";
import type { CloudEventAttributes, MqttProtocol, MqttQos, MqttRetain, TlsMode } from "../enumerations.ts";
import { Places } from "../places.ts";
import type { ProxyArgs } from "../relay/settings.ts";

/** The fields of any endpoint, flat as they are declared and with plain values. */
export interface EndpointFields {
  readonly host?: string | undefined;
  readonly authenticationMethod: AuthenticationMethod;
  readonly audience?: string | undefined;
  readonly clientId?: string | undefined;
  readonly tenantId?: string | undefined;
  readonly scope?: string | undefined;
  readonly secretRef?: string | undefined;
  readonly username?: string | undefined;
  readonly allowSharedSubscriptions?: boolean | undefined;
  readonly qos?: MqttQos | undefined;
  readonly keepAliveSeconds?: number | undefined;
  readonly maxInflightMessages?: number | undefined;
  readonly protocol?: MqttProtocol | undefined;
  readonly retain?: MqttRetain | undefined;
  readonly sessionExpirySeconds?: number | undefined;
  readonly tlsMode?: TlsMode | undefined;
  readonly trustedCaCertificateConfigMapRef?: string | undefined;
  readonly clientIdPrefix?: string | undefined;
  readonly allowEmptyClientIdPrefix?: boolean | undefined;
  readonly cloudEventAttributes?: CloudEventAttributes | undefined;
  readonly proxy?: ProxyArgs | undefined;
}

/** Nests the flat fields as the relay's configuration has them; what is left out stays left out. */
export function buildEndpointConfig(hostType: HostType, fields: EndpointFields): EndpointInput {
  const { tlsMode, trustedCaCertificateConfigMapRef, username, allowSharedSubscriptions, proxy } = fields;
  return {
    endpointType: "Mqtt",
    hostType,
    mqttSettings: {
      host: fields.host,
      authentication: buildAuthentication(fields),
      qos: fields.qos,
      keepAliveSeconds: fields.keepAliveSeconds,
      maxInflightMessages: fields.maxInflightMessages,
      protocol: fields.protocol,
      retain: fields.retain,
      sessionExpirySeconds: fields.sessionExpirySeconds,
      tls: { mode: tlsMode, trustedCaCertificateConfigMapRef },
      clientIdPrefix: fields.clientIdPrefix,
      cloudEventAttributes: fields.cloudEventAttributes,
    },
    relay: { username, allowSharedSubscriptions, ...(proxy === undefined ? {} : { proxy }) },
  };
}

/** Where each field stands in {@link buildEndpointConfig}. */
export const endpointPlaces = authenticationMethods.reduce(
  (places, authenticationMethod) =>
    places.learn((fields: EndpointFields) => buildEndpointConfig("CustomMqtt", fields), { authenticationMethod }),
  new Places(),
);

/** A required setting that is not there is left to the configuration's own check, which names it. */
function buildAuthentication(fields: EndpointFields): AuthenticationInput {
  const { authenticationMethod: method, audience, clientId = "", tenantId = "", scope, secretRef = "" } = fields;
  switch (method) {
    case "SystemAssignedManagedIdentity":
      return { method, systemAssignedManagedIdentitySettings: { audience } };
    case "UserAssignedManagedIdentity":
      return { method, userAssignedManagedIdentitySettings: { clientId, tenantId, scope } };
    case "ServiceAccountToken":
      return { method, serviceAccountTokenSettings: { audience } };
    case "X509Certificate":
      return { method, x509CertificateSettings: { secretRef } };
    case "AccessToken":
      return { method, accessTokenSettings: { secretRef } };
    case "Anonymous":
      return { method };
    case "UsernamePassword":
      return { method, usernamePasswordSettings: { secretRef } };
  }
}
