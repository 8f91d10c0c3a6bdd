import type { Duplex } from "node:stream";

import type * as Mqtt from "mqtt";

import type { Credentials } from "../identity/credentials.ts";
import { ConnectionError, describeError } from "../contract/errors.ts";
import { describeOldConnack } from "../mqtt/connect.ts";
import { emitData } from "../transport/reused-buffer.ts";

export type { MqttClient } from "mqtt";

/** An mqtt.js client for the relay's own few messages. Its dataflows have sessions of their own: doc/adr/0001. */
export interface ClientOptions {
  readonly peer: string;
  readonly clientId: string;
  readonly keepAliveSeconds: number;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly will?: { readonly topic: string; readonly payload: string; readonly retain: boolean };
}

/**
 * Connects over a stream that is open; the client owns it. It never reconnects: credentials are read anew for that.
 * @throws {ConnectionError} when the broker refuses, or does not answer in time
 */
export async function connectClient(
  stream: Duplex,
  { peer, clientId, keepAliveSeconds, credentials: { proof }, timeoutMs, will }: ClientOptions,
): Promise<Mqtt.MqttClient> {
  const { authenticationMethod, authenticationData, username, password } = proof;
  const options: Mqtt.IClientOptions = {
    protocolVersion: 5,
    clientId,
    clean: true,
    keepalive: keepAliveSeconds,
    reconnectPeriod: 0,
    connectTimeout: timeoutMs,
    properties: {
      sessionExpiryInterval: 0,
      ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
      ...(authenticationData === undefined ? {} : { authenticationData }),
    },
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload), qos: 1 as const } }),
  };
  const mqtt = await load(stream, peer);
  const client = new mqtt.MqttClient(() => emitData(stream), options);
  // Without a listener an error event would end the process, and one piece of bytes can raise two of them.
  client.on("error", () => undefined);
  // It never connects again: what is under way has to fail with its connection, and would wait for ever.
  client.once("close", () => {
    client.end(true);
  });
  try {
    await connected(client);
  } catch (cause) {
    client.end(true);
    throw new ConnectionError(`${peer} refused the connection: ${describeError(cause)}`, { retry: "soon" }, { cause });
  }
  return client;
}

/**
 * Loads the library for the few relays that report: the others start without it.
 * @throws {ConnectionError} when the stream has ended meanwhile
 */
async function load(stream: Duplex, peer: string): Promise<typeof Mqtt> {
  stream.on("error", () => undefined); // nobody else listens yet
  const mqtt = await import("mqtt");
  if (stream.destroyed) throw new ConnectionError(`${peer} closed the connection before CONNECT`, { retry: "soon" });
  return mqtt;
}

async function connected(client: Mqtt.MqttClient): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.once("connect", (connack) => {
      const old = describeOldConnack(connack.length ?? 0, connack.reasonCode ?? 0);
      if (old === undefined) resolve();
      else reject(new Error(`it ${old}`));
    });
    client.once("error", reject);
    client.once("close", () => {
      reject(new Error("the connection was closed"));
    });
  });
}
