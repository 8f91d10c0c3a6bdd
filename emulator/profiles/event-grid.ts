import type { JSONWebKeySet } from "jose";

import { TopicSpaceAccess } from "../access/topic-space-access.ts";
import type { TopicSpaceAccessOptions } from "../access/topic-space-access.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import { createEntraAuthenticator } from "../authentication/json-web-token.ts";
import type { Profile, TlsRule } from "../rules.ts";
import { createEventGridCertificateAuthenticator } from "./event-grid-certificates.ts";
import type { AuthenticationNameSource } from "./event-grid-certificates.ts";
import { eventGridLimits } from "./event-grid-limits.ts";
import { eventGridPacketRules } from "./event-grid-packets.ts";
import { EventGridPage } from "./event-grid-pages.ts";

export interface EventGridProfileOptions extends TopicSpaceAccessOptions {
  /** Host names that clients have to name in TLS: `<namespace>.<region>-1.ts.eventgrid.azure.net` and custom domains. */
  readonly hostNames: readonly string[];
  /** Microsoft Entra's public keys; absent: no `OAUTH2-JWT`. */
  readonly keySet?: JSONWebKeySet;
  /** Issuer that tokens have to have; absent: not checked. */
  readonly issuer?: string;
  /**
   * Fields of a client certificate that hold the authentication name when CONNECT has no user name, the first that is
   * there (`alternativeAuthenticationNameSources`).
   * @default []
   */
  readonly authenticationNameSources?: readonly AuthenticationNameSource[];
  /** @default 3 (the specification's least; Azure's own is 1: Azure REST API, Namespaces (2025-02-15)) */
  readonly maxSessionsPerAuthenticationName?: number;
  /** 1 to 8. @default 1 */
  readonly maxSessionExpiryHours?: number;
  /** @default false */
  readonly isSharedSubscriptionAvailable?: boolean;
}

export interface EventGridProfile extends Profile {
  /** Roles, to be changed while the broker runs. */
  readonly access: TopicSpaceAccess;
}

const defaultMaxSessions = 3;
const defaultMaxSessionExpiryHours = 1;

/**
 * Event Grid's MQTT broker: a namespace with topic spaces and roles.
 * @throws when a topic template is malformed, or a topic space is not known
 */
export function createEventGridProfile(options: EventGridProfileOptions): EventGridProfile {
  const access = new TopicSpaceAccess(options);
  const limits = eventGridLimits({
    maxSessionsPerAuthenticationName: options.maxSessionsPerAuthenticationName ?? defaultMaxSessions,
    maxSessionExpiryHours: options.maxSessionExpiryHours ?? defaultMaxSessionExpiryHours,
    isSharedSubscriptionAvailable: options.isSharedSubscriptionAvailable ?? false,
  });
  return {
    name: "event-grid",
    rules: [hostNameRule(options.hostNames), ...limits, ...eventGridPacketRules(access)],
    authenticators: authenticators(options, access),
    access,
  };
}

function hostNameRule(hostNames: readonly string[]): TlsRule {
  const known = new Set(hostNames.map((name) => name.toLowerCase()));
  return {
    about: "tls",
    name: "TLS is required, and the client has to name a host of the namespace (SNI)",
    source: `${EventGridPage.mqttSupport}; github.com/emqx/emqx, pull request 16707`,
    isRequired: true,
    isServerNameAccepted: (serverName) => serverName !== undefined && known.has(serverName.toLowerCase()),
  };
}

function authenticators(options: EventGridProfileOptions, access: TopicSpaceAccess): Authenticator[] {
  const { keySet, issuer, authenticationNameSources = [] } = options;
  const certificates = createEventGridCertificateAuthenticator(authenticationNameSources, (name) =>
    access.client(name),
  );
  return keySet ? [createEntraAuthenticator({ keySet, issuer }), certificates] : [certificates];
}
