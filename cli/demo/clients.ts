import { parseHost } from "../../runtime/config/endpoint.ts";
import type { Credentials } from "../../runtime/credentials/credentials.ts";
import { connectClient, type MqttClient } from "../../runtime/mqtt-client.ts";
import { openStream } from "../../runtime/transport/open-stream.ts";

/** A broker that the demo's clients reach: the name to ask for, and where it really listens. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** CA to trust, in PEM. */
  readonly ca: string;
}

/** Who a demo client is. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly method: "K8S-SAT" | "OAUTH2-JWT";
  readonly token: string;
}

const timeoutMs = 10_000;
const keepAliveSeconds = 30;

/** Connects a simulated machine or a cloud application, with a token as the real ones have. */
export async function connectDemoClient(broker: BrokerAddress, identity: ClientIdentity): Promise<MqttClient> {
  const address = parseHost(broker.host);
  if (address === undefined) throw new TypeError(`no host: ${broker.host}`);
  const credentials: Credentials = {
    proof: { authenticationMethod: identity.method, authenticationData: Buffer.from(identity.token) },
    tls: { ca: [broker.ca] },
  };
  const stream = await openStream({
    peer: identity.clientId,
    address,
    connectTo: { hostname: "127.0.0.1", port: broker.port },
    ...credentials,
    webSocket: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  return connectClient(stream, {
    peer: identity.clientId,
    clientId: identity.clientId,
    keepAliveSeconds,
    credentials,
    timeoutMs,
  });
}
