import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { createBroker, type Broker } from "../../emulator/broker.ts";
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../emulator/certificates/certificate-authority.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { createClusterIssuer, serviceAccountSubject } from "../../emulator/identity/cluster-issuer.ts";
import { createIdentityService, type IdentityService } from "../../emulator/identity/identity-service.ts";
import { createEventGridProfile } from "../../emulator/profiles/event-grid.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import type { RelayOptions } from "./relay-process.ts";

/** Host name of the emulated namespace. */
export const cloudHost = "ns-1.westeurope-1.ts.eventgrid.azure.net";
const authorityName = "plant CA";
const webSocketPort = 443;

export interface CloudOptions {
  /** @default 3600 */
  readonly tokenLifetimeSeconds?: number;
  readonly onEvent?: (event: BrokerEvent) => void;
  /** Folder for the keys of an Arc-enabled server. */
  readonly arcKeyFolder?: string;
  /** Topics of the one topic space. @default ["#"] */
  readonly topicTemplates?: readonly string[];
  /** Roles of the identity on it. @default both */
  readonly roles?: readonly ("publisher" | "subscriber")[];
  /** @default 20 */
  readonly maxSessions?: number;
}

/** Event Grid and Entra as emulators on loopback, and what a relay needs to reach them. */
export interface Cloud {
  readonly broker: Broker;
  readonly identities: IdentityService;
  readonly authority: CertificateAuthority;
  readonly events: readonly BrokerEvent[];
  /** Port of MQTT over TLS. */
  readonly port: number;
  /** Settings of an endpoint that is trusted by the ConfigMap `trust`; by workload identity unless they say otherwise. */
  endpoint(settings?: Partial<EndpointInput["mqttSettings"]>): EndpointInput;
  /** For `startRelay`: environment and addresses of a pod with workload identity. */
  relayOptions(folder: string): Pick<RelayOptions, "connectTo"> & {
    readonly env: Readonly<Record<string, string>>;
    readonly trust: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  /** A token for the broker, of the identity that may do everything. */
  createToken(): Promise<string>;
  close(): Promise<void>;
}

/** Starts Event Grid with one topic space, for everything and with all roles for one managed identity unless the options say otherwise. */
export async function startCloud({
  tokenLifetimeSeconds = 3600,
  onEvent,
  arcKeyFolder,
  topicTemplates = ["#"],
  roles = ["publisher", "subscriber"],
  maxSessions = 20,
}: CloudOptions = {}): Promise<Cloud> {
  const authority = await createCertificateAuthority(authorityName);
  const issuer = await createClusterIssuer();
  const [clientId, tenantId, principalId] = [randomUUID(), randomUUID(), randomUUID()];
  const local = await authority.createServerCertificate(["localhost"]);
  const subject = serviceAccountSubject("plant", "relay");
  const identities = await createIdentityService({
    tenantId,
    tokenLifetimeSeconds,
    identities: [
      {
        clientId,
        principalId,
        federatedCredentials: [{ issuer: issuer.issuer, subject, keySet: issuer.keySet }],
      },
    ],
    tls: local,
    ...(arcKeyFolder === undefined ? {} : { arcKeyFolder }),
  });
  const server = await authority.createServerCertificate([cloudHost]);
  const events: BrokerEvent[] = [];
  const listener = { tls: { certificate: server.certificate, key: server.key, clientCa: authority.certificate } };
  const broker = await createBroker({
    profile: createEventGridProfile({
      hostNames: [cloudHost],
      topicSpaces: [{ name: "all", topicTemplates }],
      roleAssignments: roles.map((role) => ({ principalId, role })),
      keySet: identities.keySet,
      issuer: identities.issuer,
      maxSessionsPerAuthenticationName: maxSessions,
    }),
    listeners: [
      { transport: "tcp", ...listener },
      { transport: "websocket", ...listener },
    ],
    onEvent: (event) => {
      if (event.kind !== "publish" && event.kind !== "deliver" && event.kind !== "puback") events.push(event);
      onEvent?.(event);
    },
  });
  const [tcp, webSocket] = broker.addresses;
  const podToken = await issuer.createToken({
    namespace: "plant",
    serviceAccount: "relay",
    audiences: ["api://AzureADTokenExchange"],
  });
  return {
    broker,
    identities,
    authority,
    events,
    port: tcp?.port ?? 0,
    endpoint: (settings = {}) => ({
      endpointType: "Mqtt",
      mqttSettings: {
        host: `${cloudHost}:8883`,
        tls: { trustedCaCertificateConfigMapRef: "trust" },
        authentication: {
          method: "UserAssignedManagedIdentity",
          userAssignedManagedIdentitySettings: { clientId, tenantId },
        },
        ...settings,
      },
    }),
    relayOptions: (folder) => {
      const [ca, token] = ["ca.pem", "federated-token"].map((name) => path.join(folder, name)) as [string, string];
      writeFileSync(ca, authority.certificate);
      writeFileSync(token, podToken);
      return {
        connectTo: [
          `${cloudHost}:8883=127.0.0.1:${tcp?.port ?? 0}`,
          `${cloudHost}:${webSocketPort}=127.0.0.1:${webSocket?.port ?? 0}`,
        ],
        env: {
          AZURE_AUTHORITY_HOST: identities.authorityHost,
          AZURE_FEDERATED_TOKEN_FILE: token,
          NODE_EXTRA_CA_CERTS: ca,
        },
        trust: { trust: { "ca.crt": authority.certificate } },
      };
    },
    createToken: () => identities.createToken(clientId, "https://eventgrid.azure.net"),
    close: async () => {
      await broker.close();
      await identities.close();
    },
  };
}
