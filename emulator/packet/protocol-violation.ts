/**
 * What a peer did against MQTT 5 or against a rule of the profile, with the reason code that ends the connection.
 * The caller sends that code in CONNACK or DISCONNECT and closes.
 */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
  readonly reasonCode: number;

  constructor(reasonCode: number, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.reasonCode = reasonCode;
  }
}
