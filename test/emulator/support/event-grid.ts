import type { IConnackPacket, IConnectPacket } from "mqtt-packet";

import type { BrokerOptions } from "../../../emulator/broker.ts";
import type { CertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createEventGridProfile } from "../../../emulator/profiles/event-grid.ts";
import type { EventGridProfile, EventGridProfileOptions } from "../../../emulator/profiles/event-grid.ts";
import { createSigningKey } from "../../../emulator/identity/signing-key.ts";
import { RawClient } from "./raw-client.ts";
import type { ClientTls } from "./raw-client.ts";
import { createTestTls, startBroker } from "./test-broker.ts";
import type { TestBroker } from "./test-broker.ts";

export const hostName = "ns-1.westeurope-1.ts.eventgrid.azure.net";
export const principal = "11111111-1111-1111-1111-111111111111";

/** Made once: an RSA key takes a while. */
const signingKey = createSigningKey();
const testTls = createTestTls([hostName]);

export interface EventGrid extends TestBroker {
  readonly profile: EventGridProfile;
  /** Signed the broker's certificate, and signs those of its clients. */
  readonly certificateAuthority: CertificateAuthority;
  /** TLS of a client without a certificate. */
  readonly clientTls: ClientTls;
  createToken(claims?: Record<string, unknown>): Promise<string>;
  /** Connects with a token of the test's principal. */
  connect(
    connect?: Partial<IConnectPacket>,
    claims?: Record<string, unknown>,
  ): Promise<{ client: RawClient; connack: IConnackPacket }>;
}

/** Starts an Event Grid broker on which one principal may do everything, except as the options say. */
export async function startEventGrid(
  options: Partial<EventGridProfileOptions> = {},
  brokerOptions: Partial<BrokerOptions> = {},
): Promise<EventGrid> {
  const [key, { ca, server }] = await Promise.all([signingKey, testTls]);
  const profile = createEventGridProfile({
    hostNames: [hostName],
    topicSpaces: [{ name: "all", topicTemplates: ["#"] }],
    roleAssignments: [
      { principalId: principal, role: "publisher" },
      { principalId: principal, role: "subscriber" },
    ],
    keySet: key.keySet,
    ...options,
  });
  const tls = { certificate: server.certificate, key: server.key, clientCa: ca.certificate };
  const clientTls = { ca: ca.certificate, serverName: hostName };
  const broker = await startBroker({ profile, listeners: [{ transport: "tcp", tls }], ...brokerOptions });
  const createToken = (claims: Record<string, unknown> = {}) =>
    key.sign({ aud: "https://eventgrid.azure.net", oid: principal, exp: Date.now() / 1000 + 60, ...claims });
  const connect: EventGrid["connect"] = async (packet = {}, claims = {}) => {
    const authenticationData = Buffer.from(await createToken(claims));
    const properties = { authenticationMethod: "OAUTH2-JWT", authenticationData, ...packet.properties };
    return RawClient.connect(broker.address, { clientId: "c", ...packet, properties }, clientTls);
  };
  return { ...broker, profile, certificateAuthority: ca, clientTls, createToken, connect };
}
