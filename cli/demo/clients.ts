import { parseHost } from "../../runtime/contract/config/endpoint.ts";
import { connectClient, type MqttClient } from "../../runtime/report/mqtt-client.ts";
import { openStream } from "../../runtime/transport/open-stream.ts";
import type { BrokerAddress, EmulatedCloud } from "./emulated-cloud.ts";
import type { ClientFor, TrafficClient } from "./traffic.ts";

/** The plant's machines and the cloud's applications. */
export interface DemoClients {
  readonly publisher: ClientFor;
  readonly watcher: ClientFor;
  /** Resolves with the name of the first client that lost its broker; pending otherwise. */
  readonly lost: Promise<string>;
  readonly close: () => Promise<void>;
}

/** Who a demo client is. */
interface ClientIdentity {
  readonly clientId: string;
  readonly method: "K8S-SAT" | "OAUTH2-JWT";
  readonly token: string;
}

const timeoutMs = 10_000;
const keepAliveSeconds = 30;

/** Name of the cloud application that belongs to a machine. */
export function applicationName(machine: string): string {
  return `twin-of-${machine}`;
}

/**
 * Creates clients as they are asked for, one for each machine and direction: a plant's machines are many, and a
 * session of Event Grid takes 100 messages a second.
 */
export function createDemoClients(cloud: EmulatedCloud): DemoClients {
  const open = new Map<string, Promise<MqttClient>>();
  const lost = Promise.withResolvers<string>();
  let isClosing = false;
  const connect = async (name: string, isAtEdge: boolean): Promise<MqttClient> => {
    const client = isAtEdge
      ? await connectDemoClient(cloud.edge, {
          clientId: name,
          method: "K8S-SAT",
          token: await cloud.createMachineToken(name),
        })
      : await connectDemoClient(cloud.cloud, {
          clientId: name,
          method: "OAUTH2-JWT",
          token: await cloud.createApplicationToken(name),
        });
    client.once("close", () => {
      if (!isClosing) lost.resolve(name);
    });
    return client;
  };
  const find = async (name: string, isAtEdge: boolean): Promise<TrafficClient> => {
    const client = open.get(name) ?? connect(name, isAtEdge);
    open.set(name, client);
    return createTrafficClient(await client);
  };
  return {
    publisher: ({ direction }, machine) =>
      direction === "to the cloud" ? find(machine, true) : find(applicationName(machine), false),
    watcher: ({ direction }, machine) =>
      direction === "to the cloud" ? find(applicationName(machine), false) : find(`${machine}-controller`, true),
    lost: lost.promise,
    close: async () => {
      isClosing = true;
      const clients = await Promise.allSettled(open.values());
      for (const client of clients) if (client.status === "fulfilled") await client.value.endAsync();
    },
  };
}

/** Connects a simulated machine or a cloud application, with a token as the real ones have. */
async function connectDemoClient(broker: BrokerAddress, identity: ClientIdentity): Promise<MqttClient> {
  const address = parseHost(broker.host);
  if (address === undefined) throw new TypeError(`no host: ${broker.host}`);
  const credentials = {
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

function createTrafficClient(client: MqttClient): TrafficClient {
  return {
    publish: async ({ topic, payload, properties }) => {
      const userProperties = { ...properties };
      await client.publishAsync(topic, payload, {
        qos: 1,
        properties: { contentType: "application/json", userProperties },
      });
    },
    subscribe: async (topics, onMessage) => {
      client.on("message", (topic, payload, { properties: { userProperties = {}, contentType } = {} }) => {
        onMessage({ topic, payload: payload.toString("utf8"), properties: { ...userProperties }, contentType });
      });
      const granted = await client.subscribeAsync([...topics], { qos: 1, rap: true });
      const refused = granted.find(({ qos }) => qos > 1);
      if (refused === undefined) return;
      throw new Error(
        `${client.options.clientId ?? ""}: may not subscribe to "${refused.topic}"; declare a topic space for it`,
      );
    },
  };
}
