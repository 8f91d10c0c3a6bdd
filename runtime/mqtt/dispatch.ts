import type { Reauthentication } from "./reauthentication.ts";
import type { Requests } from "./requests.ts";
import { protocolError } from "./wire/protocol-error.ts";
import {
  checkFirstByte,
  nameOfType,
  PacketType,
  readAnswer,
  readAuth,
  readDisconnect,
  readPingresp,
  type PacketBytes,
} from "./wire/server-packets.ts";

/** Who takes the control packets of one connection. */
export interface ControlTakers {
  readonly requests: Requests;
  readonly reauthentication: Reauthentication;
  readonly onConnack: (packet: PacketBytes) => void;
  readonly onDisconnect: (reasonCode: number, reasonString: string | undefined) => void;
  /** The server asks for an authentication step that there is none of. */
  readonly onStep: (problem: string) => void;
}

/**
 * Hands a packet over that comes before the connection is open. [MQTT-3.2.0-1]: that is CONNACK, or AUTH where the CONNECT named
 * a method.
 * @throws {ProtocolError} when it is another one, or can't be read
 */
export function dispatchFirstPacket(packet: PacketBytes, takers: ControlTakers): void {
  const firstByte = packet.bytes[packet.start] ?? 0;
  const type = firstByte >> 4;
  if (type === PacketType.connack) takers.onConnack(packet);
  else if (type === PacketType.auth) takeAuth(packet, takers);
  else {
    checkFirstByte(firstByte);
    throw protocolError(`${nameOfType(firstByte)} before CONNACK`);
  }
}

/**
 * Hands a packet over that comes on an open connection and is neither PUBLISH nor PUBACK.
 * @throws {ProtocolError} when nobody waits for it, or it can't be read
 */
export function dispatchControlPacket(packet: PacketBytes, takers: ControlTakers): void {
  const firstByte = packet.bytes[packet.start] ?? 0;
  const type = firstByte >> 4;
  switch (type) {
    case PacketType.suback:
    case PacketType.unsuback:
      takers.requests.onAnswer(type === PacketType.suback ? "SUBACK" : "UNSUBACK", readAnswer(packet));
      break;
    case PacketType.pingresp:
      readPingresp(packet);
      takers.requests.onPingresp();
      break;
    case PacketType.disconnect: {
      const { reasonCode, reasonString } = readDisconnect(packet);
      takers.onDisconnect(reasonCode, reasonString);
      break;
    }
    case PacketType.auth:
      takeAuth(packet, takers);
      break;
    default:
      checkFirstByte(firstByte);
      throw protocolError(`a second ${nameOfType(firstByte)}`);
  }
}

function takeAuth(packet: PacketBytes, { reauthentication, onStep }: ControlTakers): void {
  const problem = reauthentication.onAuth(readAuth(packet));
  if (problem !== undefined) onStep(problem);
}
