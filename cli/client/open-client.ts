import type { Duplex } from "node:stream";

import { ConnectionError } from "../../runtime/contract/errors.ts";
import { isFailure } from "../../runtime/contract/reason-codes.ts";
import type { ConnectOptions, ServerLimits } from "../../runtime/mqtt/connect.ts";
import { Connection } from "../../runtime/mqtt/connection.ts";
import { encodeControlPacket } from "../../runtime/mqtt/control-packets.ts";
import type { PublishView } from "../../runtime/mqtt/publish.ts";

/** What is published. */
export interface ClientPublish {
  readonly topic: string;
  readonly payload: string;
  readonly userProperties: Readonly<Record<string, string>>;
  /** After so many seconds a broker drops it where it waits. */
  readonly expirySeconds: number;
}

/** The answer to a PUBLISH with QoS 1. */
export interface PublishAnswer {
  readonly reasonCode: number;
  readonly isAccepted: boolean;
  /** Milliseconds from the PUBLISH to its PUBACK. */
  readonly tookMs: number;
}

/** One connection of a command, over the relay's own MQTT. */
export interface Client {
  readonly limits: ServerLimits;
  /** Milliseconds from CONNECT to CONNACK. */
  readonly connectMs: number;
  /**
   * Subscribes to one filter, which is not shared, and waits for the answer.
   * @returns the reason code; `undefined` where the broker left it out
   * @throws {ConnectionError} when the connection ends first
   */
  readonly subscribe: (filter: string, qos: 0 | 1) => Promise<number | undefined>;
  /** @throws {ConnectionError} as {@link subscribe} */
  readonly unsubscribe: (filter: string) => Promise<void>;
  /** Publishes with QoS 1, not retained, and waits for the answer. @throws {ConnectionError} when the connection ends first */
  readonly publish: (message: ClientPublish) => Promise<PublishAnswer>;
  /** Ends the connection and its session, and resolves once that is done. May be called again. */
  readonly close: () => Promise<void>;
}

/**
 * Sends CONNECT over a stream, which the client owns from here on.
 * @param onMessage takes each message; its view is used again for the next one. Messages are never acknowledged: with a Receive Maximum of 1 a broker sends one with QoS 1
 * @throws {ConnectionError} when the broker refuses, or does not answer in time
 */
export async function openClient(
  stream: Duplex,
  options: ConnectOptions,
  onMessage: (view: PublishView) => void = () => undefined,
): Promise<Client> {
  return new OwnClient().open(stream, options, onMessage);
}

type Settle = (result: number | ConnectionError) => void;

class OwnClient {
  readonly #waiting = new Map<number, Settle>();
  #nextId = 1;
  #ended: ConnectionError | undefined;
  #onEnd: () => void = () => undefined;
  readonly #hasEnded = new Promise<void>((resolve) => (this.#onEnd = resolve));

  async open(stream: Duplex, options: ConnectOptions, onMessage: (view: PublishView) => void): Promise<Client> {
    const startedMs = performance.now();
    return new Promise<Client>((resolve, reject) => {
      new Connection(stream, options, {
        onConnected: (connection, limits) => {
          resolve(this.#client(connection, limits, performance.now() - startedMs));
        },
        onPublish: onMessage,
        roomFor: () => undefined,
        onPassedOver: () => undefined,
        onPuback: (packetId, reasonCode) => {
          this.#waiting.get(packetId)?.(reasonCode);
        },
        onClosed: (error) => {
          this.#ended = error ?? new ConnectionError(`${options.peer} was left`, { retry: "now" });
          for (const settle of this.#waiting.values()) settle(this.#ended);
          this.#onEnd();
          reject(this.#ended);
        },
      });
    });
  }

  #client(connection: Connection, limits: ServerLimits, connectMs: number): Client {
    return {
      limits,
      connectMs,
      subscribe: async (filter, qos) => (await connection.subscribe([{ filter, qos }]))[0],
      unsubscribe: async (filter) => {
        await connection.unsubscribe([filter]);
      },
      publish: (message) => this.#publish(connection, message),
      close: async () => {
        connection.close({ endsSession: true });
        await this.#hasEnded;
      },
    };
  }

  async #publish(connection: Connection, message: ClientPublish): Promise<PublishAnswer> {
    const { topic, payload, userProperties, expirySeconds } = message;
    const messageId = this.#nextId++;
    const startedMs = performance.now();
    const reasonCode = await new Promise<number>((resolve, reject) => {
      const settle: Settle = (result) => {
        this.#waiting.delete(messageId);
        if (typeof result === "number") resolve(result);
        else reject(result);
      };
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#waiting.set(messageId, settle);
      const properties = { userProperties: { ...userProperties }, messageExpiryInterval: expirySeconds };
      connection.write(
        encodeControlPacket({
          cmd: "publish",
          topic,
          payload,
          qos: 1,
          retain: false,
          dup: false,
          messageId,
          properties,
        }),
      );
    });
    return { reasonCode, isAccepted: !isFailure(reasonCode), tookMs: performance.now() - startedMs };
  }
}
