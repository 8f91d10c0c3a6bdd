import {
  buildConnectOptions,
  createLinkOptions,
  type DataflowContext,
  type Side,
} from "../../runtime/connection/side.ts";
import { withinTime } from "../../runtime/connection/attempt.ts";
import type { PublishView } from "../../runtime/mqtt/publish.ts";
import { openClient, type Client } from "./open-client.ts";

/** How a command connects. */
export interface ConnectRequest {
  /** QoS 1 messages that the broker may send: none is ever acknowledged. */
  readonly receiveMaximum: number;
  /** Takes each message; its view is used again for the next one. */
  readonly onMessage?: (view: PublishView) => void;
}

/**
 * Connects to an endpoint with the relay's own credentials, transport and MQTT. The session ends with the connection.
 * @throws {ConnectionError} with the relay's own words when it can't
 */
export async function connectAt(side: Side, context: DataflowContext, request: ConnectRequest): Promise<Client> {
  const { timeoutMs, readCredentials, openStream } = createLinkOptions(side, context);
  const signal = new AbortController().signal;
  const { credentials, stream } = await withinTime(timeoutMs, signal, async (deadline) => {
    const read = await readCredentials(deadline);
    return { credentials: read, stream: await openStream(read, deadline) };
  });
  const { receiveMaximum, onMessage } = request;
  const options = buildConnectOptions(side, credentials, { cleanStart: true, receiveMaximum, timeoutMs });
  return openClient(stream, { ...options, sessionExpirySeconds: 0 }, onMessage);
}
