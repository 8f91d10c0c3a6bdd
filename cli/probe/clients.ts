import type { DataflowContext } from "../../runtime/connection/side.ts";
import { describeError } from "../../runtime/contract/errors.ts";
import type { PublishView } from "../../runtime/mqtt/publish.ts";
import { connectAt } from "../client/connect.ts";
import type { Client } from "../client/open-client.ts";
import { sideOf } from "../client/site.ts";

/** A connection of this command, and who takes its messages at the moment. */
export interface ProbeClient {
  readonly client: Client;
  onMessage: (view: PublishView) => void;
}

/** Messages are watched with QoS 0, so that none waits for an acknowledgement; this is for brokers that send QoS 1 all the same. */
const receiveMaximum = 100;

/**
 * Connections by endpoint and role, made when they are needed and kept until the end: Event Grid takes one CONNECT a second for
 * a session.
 */
export class ProbeClients {
  readonly #context: DataflowContext;
  readonly #open = new Map<string, Promise<ProbeClient | string>>();

  constructor(context: DataflowContext) {
    this.#context = context;
  }

  /** @returns the connection, or why there is none */
  async get(role: "source" | "destination", endpoint: string): Promise<ProbeClient | string> {
    const key = `${role} ${endpoint}`;
    const open = this.#open.get(key) ?? this.#connect(role, endpoint);
    this.#open.set(key, open);
    return open;
  }

  async #connect(role: "source" | "destination", endpoint: string): Promise<ProbeClient | string> {
    let current: ProbeClient | undefined;
    try {
      const side = sideOf(`test-${role}`, endpoint, this.#context);
      const onMessage = (view: PublishView) => current?.onMessage(view);
      const client = await connectAt(side, this.#context, { receiveMaximum, onMessage });
      current = { client, onMessage: () => undefined };
      return current;
    } catch (cause) {
      return describeError(cause);
    }
  }

  async close(): Promise<void> {
    for (const open of this.#open.values()) {
      const client = await open;
      if (typeof client !== "string") await client.client.close();
    }
  }
}

/** A place that is watched for messages. */
export interface Watch {
  /** Why nothing can be seen there; omitted: messages are seen. */
  readonly blind?: string;
  /** The broker can't be reached at all, which may be the relay's trouble too. */
  readonly isUnreachable?: true;
  /** Takes the filters back. Never rejects. */
  readonly end: () => Promise<void>;
}

/** Subscribes to filters, so that `onMessage` is given what comes by them. Never rejects. */
export async function watch(
  opened: ProbeClient | string,
  filters: readonly string[],
  onMessage: (view: PublishView) => void,
): Promise<Watch> {
  if (typeof opened === "string") return { blind: opened, isUnreachable: true, end: () => Promise.resolve() };
  opened.onMessage = onMessage;
  const granted: string[] = [];
  const end = async () => {
    opened.onMessage = () => undefined;
    for (const filter of granted) await opened.client.unsubscribe(filter).catch(() => undefined);
  };
  try {
    for (const filter of filters) {
      const code = await opened.client.subscribe(filter, 0);
      if (code !== undefined && code < firstFailure) granted.push(filter);
    }
  } catch (cause) {
    return { blind: describeError(cause), end };
  }
  return granted.length > 0 ? { end } : { blind: `may not subscribe to ${filters.join(", ")}`, end };
}

/** Reason codes from here on are failures. @see MQTT 5.0 §2.4 */
const firstFailure = 0x80;
