import { generate, parser, writeToStream, type Packet } from "mqtt-packet";

import { describeError } from "../contract/errors.ts";
import { maxPublishPacketId } from "../contract/packet-ids.ts";
import { malformedPacket, type FaultCode } from "./wire/protocol-error.ts";
import { AuthReason, PacketType } from "./wire/server-packets.ts";

export type { Packet } from "mqtt-packet";
export { PacketType } from "./wire/server-packets.ts";

// Else it keeps a buffer for each of the 65,536 numbers, some 12 MB, to save a little time at each of our few control packets.
writeToStream.cacheNumbers = false;

/** MQTT 5. @see MQTT 5.0 §3.1.2.2 */
const protocolVersion = 5;

/** Packet identifiers of SUBSCRIBE and UNSUBSCRIBE; those of PUBLISH stay below. */
export const firstControlPacketId = maxPublishPacketId + 1;
export const lastControlPacketId = 65_535;

/** Encodes the AUTH that shows new authentication data on a connection that is open. @see MQTT 5.0 §4.12.1 */
export function encodeReauthentication(authenticationMethod: string, authenticationData: Buffer): Buffer {
  const properties = { authenticationMethod, authenticationData };
  return encodeControlPacket({ cmd: "auth", reasonCode: AuthReason.reauthenticate, properties });
}

/** Encodes the DISCONNECT that says what the server did wrong. @see MQTT 5.0 §4.13.1 */
export function encodeFault(reasonCode: FaultCode): Buffer {
  return Buffer.of(PacketType.disconnect << 4, 1, reasonCode);
}

/** Encodes a control packet into one piece, so that nothing can be written between its parts. */
export function encodeControlPacket(packet: Packet): Buffer {
  return generate(packet, { protocolVersion });
}

/**
 * Decodes one whole packet of a sender that is trusted, such as this program. It is slow, and takes what the specification
 * forbids: what a server sends is read by `wire/`.
 * @throws {ProtocolError} when it can't be read
 */
export function decodeControlPacket(bytes: Buffer): Packet {
  const decoder = parser({ protocolVersion });
  let decoded: Packet | undefined;
  let failure: unknown;
  decoder.on("packet", (packet) => (decoded = packet));
  decoder.on("error", (error: unknown) => (failure = error));
  decoder.parse(bytes);
  if (decoded !== undefined && failure === undefined) return decoded;
  throw malformedPacket(`a packet that can't be read: ${describeError(failure ?? "it ends too early")}`);
}
