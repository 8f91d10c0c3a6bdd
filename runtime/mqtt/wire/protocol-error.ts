/** Reason codes of the DISCONNECT that answers what a server may not send. @see MQTT 5.0 §4.13.1 */
export const FaultCode = {
  malformedPacket: 0x81,
  protocolError: 0x82,
  topicAliasInvalid: 0x94,
} as const;

export type FaultCode = (typeof FaultCode)[keyof typeof FaultCode];

/** The server sent what MQTT 5 does not allow: the connection can't be trusted any further. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code = "RELAY_PROTOCOL";
  /** Goes into the DISCONNECT that ends the connection. */
  readonly reasonCode: FaultCode;

  /** @param what what the server did, behind "the server sent": `a PUBLISH without a topic` */
  constructor(what: string, reasonCode: FaultCode, options?: ErrorOptions) {
    super(`the server sent ${what}`, options);
    this.reasonCode = reasonCode;
  }
}

/** For bytes that can't be read as the specification says. @see MQTT 5.0 §1.2, Malformed Packet */
export function malformedPacket(what: string): ProtocolError {
  return new ProtocolError(what, FaultCode.malformedPacket);
}

/** For a packet that can be read and has what is not allowed, or not at this time. @see MQTT 5.0 §1.2, Protocol Error */
export function protocolError(what: string): ProtocolError {
  return new ProtocolError(what, FaultCode.protocolError);
}
