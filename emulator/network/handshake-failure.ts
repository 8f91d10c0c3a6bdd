/** What OpenSSL and Node.js call the failures that clients run into, in words of their owner. */
const reasons: readonly (readonly [code: RegExp, why: string])[] = [
  [/ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_/, "the client does not trust the server's certificate"],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG/, "the client does not speak TLS"],
  [/UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION/, "the client and the server have no version of TLS in common"],
  [/NO_SHARED_CIPHER|NO_SUITABLE_/, "the client and the server have no cipher suite in common"],
  [/ECONNRESET|EPIPE/, "the client closed the connection"],
];

/** Says why a TLS handshake failed, with OpenSSL's code behind it. */
export function describeHandshakeFailure(error: Error): string {
  const { code = "no code" } = error as NodeJS.ErrnoException;
  const why = reasons.find(([pattern]) => pattern.test(code))?.[1];
  return `${why ?? error.message} (${code})`;
}
