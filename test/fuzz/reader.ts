import { readConnackAnswer } from "../../runtime/mqtt/connect.ts";
import { PacketReader } from "../../runtime/mqtt/packet-reader.ts";
import { encodePublish, PublishView, stampPublish } from "../../runtime/mqtt/publish.ts";
import { ProtocolError } from "../../runtime/mqtt/wire/protocol-error.ts";
import {
  checkFirstByte,
  readAnswer,
  readAuth,
  readDisconnect,
  readPingresp,
  readPuback,
  type PacketBytes,
} from "../../runtime/mqtt/wire/server-packets.ts";
import { hex } from "./cursor.ts";
import { judge } from "./oracle.ts";
import { randomPacket } from "./packets.ts";
import { compareVerdicts, type Fields, type FuzzResult, type Verdict } from "./verdict.ts";

const malformed = 0x81;
const view = new PublishView();

/** Reads the first packet as the relay does, and says of it what {@link judge} does. */
export function read(bytes: Buffer): Verdict {
  let fields: Fields | undefined;
  const reader = new PacketReader((packet, start, end, headerLength) => {
    reader.stop(); // one packet only
    fields = readWhole({ bytes: packet, start, end, headerLength });
  }, checkFirstByte);
  try {
    reader.push(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: "fault", codes: new Set([error.reasonCode]) };
    throw error;
  }
  return fields === undefined ? { kind: "incomplete" } : { kind: "accepted", fields };
}

function readWhole(packet: PacketBytes): Fields {
  const { bytes, start, end, headerLength } = packet;
  switch ((bytes[start] ?? 0) >> 4) {
    case 2:
      return readConnack(packet);
    case 3:
      return readPublish(packet);
    case 4: {
      const [packetId, code] = readPuback(bytes, start, end, headerLength);
      return { packetId, code };
    }
    case 9:
    case 11: {
      const { packetId, codes } = readAnswer(packet);
      return { packetId, codes };
    }
    case 13:
      readPingresp(packet);
      return {};
    case 14: {
      const { reasonCode: code, reasonString } = readDisconnect(packet);
      return { code, reason: textHex(reasonString) };
    }
    case 15: {
      const { reasonCode: code, authenticationMethod } = readAuth(packet);
      return { code, method: textHex(authenticationMethod) };
    }
    default:
      checkFirstByte(bytes[start] ?? 0);
      throw new Error("it was not refused");
  }
}

function textHex(text: string | undefined): string | undefined {
  return text === undefined ? undefined : hex(Buffer.from(text));
}

function readConnack(packet: PacketBytes): Fields {
  const options = { cleanStart: false, authenticationMethod: "m" };
  const answer = readConnackAnswer(packet, options, () => undefined);
  if ("old" in answer) throw new ProtocolError(answer.old, malformed);
  const { sessionPresent, reasonCode: code, properties } = answer;
  const flag = (value: boolean | undefined) => (value === undefined ? undefined : Number(value));
  return {
    sessionPresent,
    code,
    17: properties.sessionExpiryInterval,
    19: properties.serverKeepAlive,
    33: properties.receiveMaximum,
    36: properties.maximumQoS,
    37: flag(properties.retainAvailable),
    39: properties.maximumPacketSize,
    40: flag(properties.wildcardSubscriptionAvailable),
    41: flag(properties.subscriptionIdentifiersAvailable),
    42: flag(properties.sharedSubscriptionAvailable),
  };
}

/** What the view says, and what is forwarded, as the oracle reads it: that is what a destination gets. */
function readPublish({ bytes, start, end, headerLength }: PacketBytes): Fields {
  const problem = view.read(bytes, start, end, headerLength).check();
  if (problem !== undefined) throw problem;
  const { dup, qos, retain, packetId } = view;
  const encoded = encodePublish(view, { qos, retain });
  if (qos > 0) stampPublish(encoded, packetId, dup);
  const forwarded = judge(encoded.packet);
  if (forwarded.kind !== "accepted") return { forwarded: hex(encoded.packet) };
  const said = { dup, qos, retain, packetId, topic: hex(bytes.subarray(view.topicStart, view.topicEnd)) };
  return { ...forwarded.fields, ...said, identifiers: view.identifiers.slice(0, view.identifierCount) };
}

/** Reads so many random packets, and compares each verdict with the oracle's. */
export function fuzz(packets: number, seed: number): FuzzResult {
  return compareVerdicts(packets, seed, (random) => {
    const bytes = randomPacket(random);
    return { shown: hex(bytes), expected: judge(bytes), read: () => read(bytes) };
  });
}
