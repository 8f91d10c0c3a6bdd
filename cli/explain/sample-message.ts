import { PropertyId } from "../../runtime/contract/mqtt-properties.ts";
import { encodeControlPacket } from "../../runtime/mqtt/control-packets.ts";
import { forEachProperty, PublishView } from "../../runtime/mqtt/publish.ts";

/** A message that somebody could publish. */
export interface SampleMessage {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** User properties in their order; a name may come twice. */
  readonly userProperties: readonly UserProperty[];
  /** MQTT's Content Type. */
  readonly contentType?: string | undefined;
  readonly payload: Buffer;
}

/** Name and value. */
export type UserProperty = readonly [name: string, value: string];

/** What a PUBLISH says, for people. */
export interface ShownMessage {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly userProperties: readonly UserProperty[];
  readonly contentType?: string;
  readonly messageExpirySeconds?: number;
  readonly payloadBytes: number;
}

/** Encodes a message as a broker would send it, and reads it as the relay does. */
export function viewOf({ topic, qos, retain, userProperties, contentType, payload }: SampleMessage): PublishView {
  const named: Record<string, string[]> = {};
  for (const [name, value] of userProperties) (named[name] ??= []).push(value);
  const packet = encodeControlPacket({
    cmd: "publish",
    topic,
    qos,
    retain,
    dup: false,
    payload,
    ...(qos === 0 ? {} : { messageId: 1 }),
    properties: {
      ...(userProperties.length === 0 ? {} : { userProperties: named }),
      ...(contentType === undefined ? {} : { contentType }),
    },
  });
  return new PublishView().readPacket(packet);
}

/** Reads what a PUBLISH says. */
export function showMessage(view: PublishView): ShownMessage {
  const userProperties: UserProperty[] = [];
  let contentType: string | undefined;
  view.scanProperties();
  forEachProperty(view, (identifier, start, end) => {
    if (identifier === PropertyId.userProperty) {
      const middle = start + 3 + view.bytes.readUInt16BE(start + 1);
      userProperties.push([
        view.bytes.toString("utf8", start + 3, middle),
        view.bytes.toString("utf8", middle + 2, end),
      ]);
    } else if (identifier === PropertyId.contentType) contentType = view.bytes.toString("utf8", start + 3, end);
  });
  const { topic, retain, payloadBytes, expiryAt } = view;
  return {
    topic,
    qos: view.qos === 0 ? 0 : 1,
    retain,
    userProperties,
    ...(contentType === undefined ? {} : { contentType }),
    ...(expiryAt === 0 ? {} : { messageExpirySeconds: view.bytes.readUInt32BE(expiryAt) }),
    payloadBytes,
  };
}
