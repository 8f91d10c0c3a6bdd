import { parser as createParser } from "mqtt-packet";
import type { Packet } from "mqtt-packet";

import { ProtocolViolation } from "./protocol-violation.ts";
import { ReasonCode } from "./reason-code.ts";

/** Parses every packet but PUBLISH with mqtt-packet, one whole packet at a time. */
export class ControlParser {
  readonly #parser = createParser({ protocolVersion: 5 });
  #packet: Packet | undefined;
  #error: Error | undefined;

  constructor() {
    this.#parser.on("packet", (packet) => {
      this.#packet = packet;
    });
    this.#parser.on("error", (error: Error) => {
      this.#error = error;
    });
  }

  /** @throws {ProtocolViolation} when the packet is malformed */
  parse(bytes: Buffer): Packet {
    this.#packet = undefined;
    this.#error = undefined;
    this.#parser.parse(bytes);
    const error = this.#error as Error | undefined;
    const packet = this.#packet as Packet | undefined;
    if (packet && !error) return packet;
    const what = error?.message ?? "the packet is cut off";
    const isVersion = what.includes("protocol version") || what.includes("protocolId");
    const reasonCode = isVersion ? ReasonCode.unsupportedProtocolVersion : ReasonCode.malformedPacket;
    throw new ProtocolViolation(reasonCode, what, { cause: error });
  }
}
