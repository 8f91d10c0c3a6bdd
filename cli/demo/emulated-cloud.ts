import { randomUUID } from "node:crypto";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer, type ClusterIssuer } from "../../emulator/identity/cluster-issuer.ts";
import { createIdentityService, type IdentityService } from "../../emulator/identity/identity-service.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { createEventGridProfile, type EventGridProfile } from "../../emulator/profiles/event-grid.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { HostType, parseHost, type Endpoint } from "../../runtime/contract/config/endpoint.ts";
import type { DeclaredSite } from "./declared-site.ts";

/** A broker that the demo's clients reach: the name to ask for, and where it really listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** CA to trust, in PEM. */
  readonly ca: string;
}

/** The two brokers and the identity services around them, on loopback. */
export interface EmulatedCloud {
  readonly edge: BrokerAddress;
  readonly cloud: BrokerAddress;
  readonly authority: CertificateAuthority;
  /** Where this machine's stand-in for Microsoft Entra ID answers. */
  readonly identityHost: string;
  /** Makes a service account token as the relay's pod gets it. */
  readonly createPodToken: (audience: string) => Promise<string>;
  /** Makes a service account token of a machine for AIO's broker. */
  readonly createMachineToken: (machine: string) => Promise<string>;
  /** Makes a token of a cloud application for Event Grid. */
  readonly createApplicationToken: (application: string) => Promise<string>;
  /** Takes the relay's publisher roles away at once, or gives them back. In Azure either takes minutes to count. */
  readonly revokePublisher: (isRevoked: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Audience of Event Grid's tokens. @see Event Grid, Microsoft Entra JWT authentication */
const eventGridAudience = "https://eventgrid.azure.net";
/** Namespace of the machines' service accounts. */
const plantNamespace = "plant";
/** A day, the longest that the demo runs: nothing renews the tokens of its clients and of its pod. */
const tokenLifetimeSeconds = 24 * 60 * 60;

/**
 * Starts AIO's broker and Event Grid with just the rights that the components declared: topic spaces, role assignments,
 * sessions per authentication name, federated credentials. `applications` are clients of the demo's own, which may
 * publish and subscribe in all topic spaces.
 */
export async function startEmulatedCloud(
  site: DeclaredSite,
  config: RelayConfig,
  applications: readonly string[],
): Promise<EmulatedCloud> {
  const authority = await createCertificateAuthority("mqtt-dataflow demo CA");
  const issuer = await createClusterIssuer();
  const endpoints = {
    edge: findEndpoint(config, HostType.LocalBroker),
    cloud: findEndpoint(config, HostType.EventGrid),
  };
  const clientIds = new Map(applications.map((application) => [application, randomUUID()]));
  const identities = await startIdentities(site, endpoints.cloud, { authority, issuer, clientIds });
  const aio = await createBroker({
    profile: createAioProfile({ keySet: issuer.keySet, audiences: [audienceOf(endpoints.edge)] }),
    listeners: [await createListener(authority, hostnameOf(endpoints.edge))],
  });
  const eventGrid = await startEventGrid(site, endpoints.cloud, { authority, identities, clientIds });
  const createToken = (namespace: string, serviceAccount: string, audience: string) =>
    issuer.createToken({ namespace, serviceAccount, audiences: [audience], expirySeconds: tokenLifetimeSeconds });
  return {
    edge: addressOf(endpoints.edge, aio, authority),
    cloud: addressOf(endpoints.cloud, eventGrid.broker, authority),
    authority,
    identityHost: identities.authorityHost,
    createPodToken: (audience) => createToken(site.pod.namespace, site.pod.serviceAccount, audience),
    createMachineToken: (machine) => createToken(plantNamespace, machine, audienceOf(endpoints.edge)),
    createApplicationToken: (application) =>
      identities.createToken(clientIds.get(application) ?? "", eventGridAudience),
    revokePublisher: (isRevoked) => {
      for (const role of site.roles.filter((one) => one.role === "publisher")) {
        if (isRevoked) eventGrid.access.removeRole(role);
        else eventGrid.access.assignRole(role);
      }
    },
    close: async () => {
      await Promise.all([aio.close(), eventGrid.broker.close(), identities.close()]);
    },
  };
}

/** Event Grid with the namespace's settings, topic spaces and role assignments, and the applications' own roles. */
async function startEventGrid(
  site: DeclaredSite,
  endpoint: Endpoint,
  { authority, identities, clientIds }: Omit<IdentityParts, "issuer"> & { readonly identities: IdentityService },
): Promise<{ readonly broker: Broker; readonly access: EventGridProfile["access"] }> {
  const hostname = hostnameOf(endpoint);
  const roles = ["publisher", "subscriber"] as const;
  const applications = [...clientIds.values()].flatMap((principalId) => roles.map((role) => ({ principalId, role })));
  const profile = createEventGridProfile({
    hostNames: [hostname],
    keySet: identities.keySet,
    issuer: identities.issuer,
    maxSessionsPerAuthenticationName: site.namespace.maxSessions,
    maxSessionExpiryHours: site.namespace.maxSessionExpiryHours,
    topicSpaces: site.topicSpaces,
    roleAssignments: [...site.roles, ...applications],
  });
  const broker = await createBroker({ profile, listeners: [await createListener(authority, hostname)] });
  return { broker, access: profile.access };
}

interface IdentityParts {
  readonly authority: CertificateAuthority;
  readonly issuer: ClusterIssuer;
  readonly clientIds: ReadonlyMap<string, string>;
}

/** The managed identity of the relay with the federated credentials that were declared, and the demo's applications. */
async function startIdentities(
  site: DeclaredSite,
  endpoint: Endpoint,
  { authority, issuer, clientIds }: IdentityParts,
): Promise<IdentityService> {
  const { authentication } = endpoint.mqttSettings;
  if (authentication.method !== "UserAssignedManagedIdentity") {
    const problem = `the relay's endpoint at Event Grid has the method ${authentication.method}`;
    throw new Error(`the stack: ${problem}; the demo stands in for UserAssignedManagedIdentity alone`);
  }
  const { clientId, tenantId } = authentication.userAssignedManagedIdentitySettings;
  const { certificate, key } = await authority.createServerCertificate(["localhost"]);
  return createIdentityService({
    tenantId,
    tls: { certificate, key },
    tokenLifetimeSeconds,
    identities: [
      {
        clientId,
        principalId: site.roles[0]?.principalId ?? clientId,
        federatedCredentials: site.federatedCredentials.map((credential) => ({
          ...credential,
          issuer: issuer.issuer,
          keySet: issuer.keySet,
        })),
      },
      ...[...clientIds.values()].map((id) => ({ clientId: id, principalId: id })),
    ],
  });
}

function findEndpoint({ endpoints }: RelayConfig, hostType: HostType): Endpoint {
  const endpoint = Object.values(endpoints).find((candidate) => candidate.hostType === hostType);
  if (endpoint === undefined) {
    throw new Error(`the stack: declares no endpoint of host type ${hostType}; declare one, the demo stands in for it`);
  }
  return endpoint;
}

function hostnameOf({ mqttSettings: { host } }: Endpoint): string {
  return parseHost(host)?.hostname ?? host;
}

function audienceOf({ mqttSettings: { authentication } }: Endpoint): string {
  return authentication.method === "ServiceAccountToken"
    ? authentication.serviceAccountTokenSettings.audience
    : "aio-internal";
}

async function createListener(authority: CertificateAuthority, hostname: string) {
  return { transport: "tcp" as const, tls: await authority.createServerCertificate([hostname]) };
}

function addressOf(
  { mqttSettings: { host } }: Endpoint,
  broker: Broker,
  { certificate }: CertificateAuthority,
): BrokerAddress {
  return { host, port: broker.addresses[0]?.port ?? 0, ca: certificate };
}
