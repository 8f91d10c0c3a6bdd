import { EventEmitter, once } from "node:events";

import { connectAsync, type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";

import { Stopwatch, usualMs } from "./patience.ts";

/** A message as it came to a {@link Collector}. */
export interface CollectedMessage {
  readonly topic: string;
  readonly payload: string;
  readonly packet: IPublishPacket;
}

/** A subscriber that keeps what it gets. */
export interface Collector {
  readonly messages: readonly CollectedMessage[];
  /**
   * Waits for the first message that is wanted, one that came before included.
   * @param waitMs milliseconds of an idle machine, 20 s when omitted
   */
  until(isWanted: (message: CollectedMessage) => boolean, waitMs?: number): Promise<CollectedMessage>;
  untilTopic(topic: string): Promise<CollectedMessage>;
  /**
   * Waits until so many messages came.
   * @param waitMs milliseconds of an idle machine, 20 s when omitted
   */
  untilCount(count: number, waitMs?: number): Promise<void>;
}

export interface MqttClientOptions {
  readonly port: number;
  readonly clientId?: string;
  /** Keeps the session over disconnects, and connects again after them. */
  readonly isPersistent?: boolean;
  readonly connect?: IClientOptions;
}

const reconnectMs = 50;
/** Longest time without a look at the load. */
const newsMs = 200;
const sessionExpirySeconds = 3600;

const connected = new Set<MqttClient>();

/** Connects an mqtt.js client with MQTT 5; {@link endMqttClients} ends it. */
export async function connectMqttClient(options: MqttClientOptions): Promise<MqttClient> {
  const { port, clientId, isPersistent = false, connect: more = {} } = options;
  const client = await connectAsync({
    host: "127.0.0.1",
    port,
    protocol: "mqtt",
    protocolVersion: 5,
    reconnectPeriod: isPersistent ? reconnectMs : 0,
    clean: !isPersistent,
    ...(clientId === undefined ? {} : { clientId }),
    ...(isPersistent ? { properties: { sessionExpiryInterval: sessionExpirySeconds } } : {}),
    ...more,
  });
  connected.add(client);
  // While its broker is away, a client that connects again reports each attempt.
  if (isPersistent) client.on("error", () => undefined);
  return client;
}

/** Connects, subscribes and collects. */
export async function collect(
  filter: string,
  options: MqttClientOptions & { readonly qos?: 0 | 1 | 2; readonly keepsRetainFlag?: boolean },
): Promise<Collector> {
  const { qos = 1, keepsRetainFlag = false } = options;
  const client = await connectMqttClient(options);
  const messages: CollectedMessage[] = [];
  const news = new EventEmitter();
  news.setMaxListeners(0);
  client.on("message", (topic, payload, packet) => {
    messages.push({ topic, payload: payload.toString("utf8"), packet });
    news.emit("news");
  });
  await client.subscribeAsync(filter, { qos, rap: keepsRetainFlag });

  const untilSome = async <T>(what: string, find: () => T | undefined, waitMs = usualMs): Promise<T> => {
    const watch = new Stopwatch();
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (watch.elapsedMs > waitMs) {
        const came = `${messages.length} came, the last on "${messages.at(-1)?.topic ?? ""}"`;
        throw new Error(`${what} did not come within ${waitMs} ms of an idle machine; ${came}`);
      }
      await once(news, "news", { signal: AbortSignal.timeout(newsMs) }).catch(() => undefined);
    }
  };
  const collector: Collector = {
    messages,
    until: (isWanted, waitMs) => untilSome("the message that a test waits for", () => messages.find(isWanted), waitMs),
    untilTopic: (topic) => untilSome(`a message on "${topic}"`, () => messages.find((found) => found.topic === topic)),
    untilCount: async (count, waitMs) => {
      await untilSome(`message ${count}`, () => (messages.length >= count ? true : undefined), waitMs);
    },
  };
  return collector;
}

/** Ends every client, at once; for `afterAll`. */
export async function endMqttClients(): Promise<void> {
  await Promise.all([...connected].map((client) => client.endAsync(true)));
  connected.clear();
}
