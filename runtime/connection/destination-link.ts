import { ConnectionError } from "../contract/errors.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import type { Connection } from "../mqtt/connection.ts";
import type { DestinationSide } from "../queue/destination/destination-side.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import type { Counters } from "../report/counters.ts";
import type { ConnectionUser, LinkUser } from "./link.ts";
import { aborted, until } from "./quiesce.ts";
import { buildConnectOptions, type Side } from "./side.ts";

/** What the destination of a dataflow needs. */
export interface DestinationOptions {
  readonly side: Side;
  readonly forwarder: Forwarder;
  readonly counters: Counters;
  /** Time for CONNACK to come, in milliseconds. */
  readonly timeoutMs: number;
}

/** Connects a dataflow's forwarder with its destination. */
export class DestinationUser implements LinkUser {
  readonly #options: DestinationOptions;
  #isFirst = true;
  #limits: ServerLimits | undefined;

  constructor(options: DestinationOptions) {
    this.#options = options;
  }

  /** What the destination announced last; `undefined` before the first connection. */
  get limits(): ServerLimits | undefined {
    return this.#limits;
  }

  /** The first connection of a process starts clean, so that no filter of an earlier use sends it messages. */
  connectOptions(credentials: Credentials): ConnectOptions {
    const { side, timeoutMs } = this.#options;
    const { maxInflightMessages: receiveMaximum } = side.endpoint.mqttSettings;
    return buildConnectOptions(side, credentials, { cleanStart: this.#isFirst, receiveMaximum, timeoutMs });
  }

  open(connection: Connection, limits: ServerLimits): ConnectionUser {
    this.#isFirst = false;
    this.#limits = limits;
    const { side, forwarder, counters } = this.#options;
    const { qos } = side.endpoint.mqttSettings;
    if (limits.maximumQoS < qos) return refuseQos0(side, counters);
    return new DestinationConnection(forwarder.openDestination(connection, limits), forwarder, counters);
  }

  survives(error: ConnectionError): boolean {
    return this.#options.forwarder.destination.survives(error);
  }
}

/** One connection to the destination. */
class DestinationConnection implements ConnectionUser {
  readonly #side: DestinationSide;
  readonly #forwarder: Forwarder;
  readonly #counters: Counters;

  constructor(side: DestinationSide, forwarder: Forwarder, counters: Counters) {
    this.#side = side;
    this.#forwarder = forwarder;
    this.#counters = counters;
  }

  async prepare(): Promise<void> {
    await Promise.resolve();
  }

  /** Nothing is subscribed to there. */
  onPublish(): void {
    return;
  }

  roomFor(): undefined {
    return undefined;
  }

  onPassedOver(): void {
    return;
  }

  onPuback(packetId: number, reasonCode: number): void {
    this.#side.onPuback(packetId, reasonCode);
  }

  async quiesce(signal: AbortSignal): Promise<void> {
    this.#side.hold();
    await until(() => this.#forwarder.status.inFlight === 0, signal);
    await Promise.race([this.#side.flush(), aborted(signal)]);
  }

  close(error: ConnectionError | undefined): void {
    this.#counters.disconnects.destination++;
    this.#side.close(error);
  }
}

/** Uses a connection whose broker takes QoS 0 only where QoS 1 was asked for: it ends at once, and says why. Tried again slowly. */
function refuseQos0({ peer, name }: Side, counters: Counters): ConnectionUser {
  const text = `${peer} takes QoS 0 only; set endpoints.${name}.mqttSettings.qos to 0`;
  return {
    prepare: () => Promise.reject(new ConnectionError(text, { retry: "slowly" })),
    onPublish: () => undefined,
    roomFor: () => undefined,
    onPassedOver: () => undefined,
    onPuback: () => undefined,
    quiesce: () => Promise.resolve(),
    close: () => counters.disconnects.destination++,
  };
}
