/*
 * As much of MQTT 5 as the ledger needs, and none of it the relay's own: what judges must not share its mistakes.
 */

export const PacketType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  suback: 9,
  disconnect: 14,
  auth: 15,
} as const;

/** Takes one packet: it begins at `start`, its body at `body`, and it ends before `end`. */
export type OnPacket = (bytes: Buffer, start: number, body: number, end: number) => void;

/** Cuts a stream of bytes into packets. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws on a length of more than four bytes */
  push(chunk: Buffer, onPacket: OnPacket): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    while (start < bytes.length) {
      let body = start + 1;
      let length = 0;
      let byte = 0x80;
      for (let shift = 0; body < bytes.length && (byte & 0x80) !== 0; shift += 7) {
        if (shift > 21) throw new Error("a packet length of more than four bytes");
        byte = bytes[body++] ?? 0;
        length |= (byte & 0x7f) << shift;
      }
      if ((byte & 0x80) !== 0 || body + length > bytes.length) break;
      onPacket(bytes, start, body, body + length);
      start = body + length;
    }
    this.#rest = bytes.subarray(start);
  }
}

export function typeOf(bytes: Buffer, start: number): number {
  return (bytes[start] ?? 0) >> 4;
}

/** What the ledger has to know of a PUBLISH. */
export interface Publish {
  readonly qos: number;
  /** Whether its sender says that it was sent before. */
  readonly isDup: boolean;
  /** 0 with QoS 0, which has none. */
  readonly packetId: number;
  /** The number that its payload begins with. */
  readonly message: number;
}

export function publishOf(bytes: Buffer, start: number, body: number): Publish {
  const flags = bytes[start] ?? 0;
  const qos = (flags >> 1) & 3;
  const afterTopic = body + 2 + bytes.readUInt16BE(body);
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(afterTopic);
  const message = bytes.readUInt32BE(skipProperties(bytes, qos === 0 ? afterTopic : afterTopic + 2));
  return { qos, isDup: (flags & 8) !== 0, packetId, message };
}

/** Reason code of a PUBACK. */
export function reasonOf(bytes: Buffer, body: number, end: number): number {
  return end - body > 2 ? (bytes[body + 2] ?? 0) : 0;
}

export function clientIdOf(bytes: Buffer, body: number): string {
  if (bytes.toString("latin1", body + 2, body + 6) !== "MQTT") {
    const around = bytes.subarray(Math.max(0, body - 300), body + 100).toString("hex");
    throw new Error(`a stream is out of step: no CONNECT at ${body} of ${bytes.length} bytes, ${around}`);
  }
  // Protocol name, its version, flags, keep alive.
  const at = skipProperties(bytes, body + 6 + 1 + 1 + 2);
  return bytes.toString("utf8", at + 2, at + 2 + bytes.readUInt16BE(at));
}

function skipProperties(bytes: Buffer, at: number): number {
  let length = 0;
  for (let shift = 0, position = at; ; shift += 7) {
    const byte = bytes[position++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) return position + length;
  }
}

const connectFlagCleanStart = 2;

/** A CONNECT with Clean Start and no session. */
export function encodeConnect(clientId: string): Buffer {
  const name = Buffer.from(clientId);
  const head = [0x10, 13 + name.length, 0, 4, ...Buffer.from("MQTT"), 5, connectFlagCleanStart, 0, 0, 0];
  return Buffer.concat([Buffer.from([...head, 0, name.length]), name]);
}

/** Most bytes that {@link writePublish} writes beyond topic and filler. */
export const publishOverheadBytes = 20;

/** What the load publishes: the message's number and a filler as payload, an hour of message expiry if wanted. */
export interface Load {
  readonly topic: Buffer;
  readonly packetId: number;
  readonly message: number;
  readonly fillerBytes: number;
  readonly hasExpiry: boolean;
  /** @default 1 */
  readonly qos?: number;
  /** @default false */
  readonly isDup?: boolean;
}

/** Writes a PUBLISH; returns where it ends. */
export function writePublish(target: Buffer, at: number, load: Load): number {
  const { topic, packetId, message, fillerBytes, hasExpiry, qos = 1, isDup = false } = load;
  const propertyBytes = hasExpiry ? 5 : 0;
  const idBytes = qos === 0 ? 0 : 2;
  const remaining = 2 + topic.length + idBytes + 1 + propertyBytes + 4 + fillerBytes;
  let position = at;
  target[position++] = 0x30 | (qos << 1) | (isDup ? 8 : 0);
  target[position++] = (remaining & 0x7f) | (remaining > 127 ? 0x80 : 0);
  if (remaining > 127) target[position++] = remaining >> 7;
  position = target.writeUInt16BE(topic.length, position);
  position += topic.copy(target, position);
  if (qos > 0) position = target.writeUInt16BE(packetId, position);
  target[position++] = propertyBytes;
  if (hasExpiry) {
    target[position++] = 2;
    position = target.writeUInt32BE(3600, position);
  }
  position = target.writeUInt32BE(message, position);
  target.fill(0x2e, position, position + fillerBytes);
  return position + fillerBytes;
}
