import { X509Certificate } from "node:crypto";

import { describeError } from "../contract/errors.ts";

/** What a server's certificate was checked against. */
export interface ServerCheck {
  readonly hostname: string;
  /** CA certificates in PEM; omitted: the system's roots. */
  readonly ca?: readonly string[];
  readonly nowMs: number;
}

const configMap = "the ConfigMap that trustedCaCertificateConfigMapRef names";

/**
 * Says which certificate of a server's chain failed, why, and what to do.
 *
 * @param chain the server's certificate and those behind it, as it sent them
 * @param code OpenSSL's or Node.js' name of the failure, such as `CERT_HAS_EXPIRED`
 */
export function explainServerCertificate(chain: readonly X509Certificate[], code: string, check: ServerCheck): string {
  const [leaf] = chain;
  if (leaf === undefined) return `the server showed no certificate (${code}); see the broker's TLS settings`;
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return explainDates(chain, check);
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `${name(leaf)} is for ${namesOf(leaf)}, and not for "${check.hostname}"; correct host, or the certificate`;
    case "INVALID_PURPOSE":
      return `${name(leaf)} is not one for servers (extended key usage); give the broker a server certificate`;
    default:
      return explainIssuer(chain, code, check);
  }
}

function explainDates(chain: readonly X509Certificate[], { ca = [], nowMs }: ServerCheck): string {
  const all = [...chain, ...ca.map((pem) => new X509Certificate(pem))];
  const bad =
    all.find(({ validFromDate, validToDate }) => nowMs > validToDate.getTime() || nowMs < validFromDate.getTime()) ??
    all[0];
  if (bad === undefined) return "a certificate is not valid now";
  const clock = `this machine's clock says ${new Date(nowMs).toISOString()}`;
  return nowMs > bad.validToDate.getTime()
    ? `${name(bad)} expired at ${bad.validToDate.toISOString()} (${clock}); renew it, or correct the clock`
    : `${name(bad)} is not valid before ${bad.validFromDate.toISOString()} (${clock}); wait, or correct the clock`;
}

function explainIssuer(chain: readonly X509Certificate[], code: string, { ca }: ServerCheck): string {
  const [leaf, last] = [chain[0], chain.at(-1)];
  if (leaf === undefined || last === undefined) return code;
  const trusted = ca?.map((pem) => new X509Certificate(pem)) ?? [];
  const issuer = commonName(last.issuer);
  if (ca === undefined) {
    const remedy = "put that CA's certificate into a ConfigMap and name it in tls.trustedCaCertificateConfigMapRef";
    return `${name(leaf)} comes from the CA "${issuer}", which is none of the system's roots (${code}); ${remedy}`;
  }
  if (trusted.some(({ subject }) => subject === last.issuer)) {
    if (code === "UNABLE_TO_GET_ISSUER_CERT")
      return `the trusted CA "${issuer}" is an intermediate; put its root's certificate into ${configMap} as well`;
    const problem = `does not come from the CA "${issuer}" that is trusted here, but from another one of that name`;
    return `${name(leaf)} ${problem} (${code}); put the certificate of that one into ${configMap}`;
  }
  const known = trusted.map(({ subject }) => `"${commonName(subject)}"`).join(", ") || "none";
  const remedy = `put that CA's certificate into ${configMap}, or have the server send its intermediates`;
  return `${name(leaf)} comes from the CA "${issuer}", and only ${known} is trusted (${code}); ${remedy}`;
}

function name({ subject }: X509Certificate): string {
  return `the server's certificate "${commonName(subject)}"`;
}

function commonName(distinguishedName: string | undefined): string {
  const text = distinguishedName ?? "";
  return /^CN=(.*)$/m.exec(text)?.[1] ?? text.replaceAll("\n", ", ");
}

function namesOf({ subjectAltName }: X509Certificate): string {
  const names = (subjectAltName ?? "").split(", ").map((entry) => entry.replace(/^[^:]*:/, ""));
  return names
    .filter((entry) => entry !== "")
    .map((entry) => `"${entry}"`)
    .join(", ");
}

const clientCertificate = "the server refused the client certificate:";

/**
 * What a server's alert says, by its number.
 * @see RFC 8446 §6.2
 */
const alerts: Readonly<Record<number, string>> = {
  40: "the server agreed to nothing offered (handshake failure): it may demand a client certificate; check authentication.method, and the algorithms of keys and TLS on both sides",
  42: `${clientCertificate} it can't be used (bad certificate); check the broker's log, and its CA for clients`,
  43: `${clientCertificate} it is of a kind that is not taken (unsupported certificate); give it the extended key usage of a client`,
  44: `${clientCertificate} it was revoked; issue another one`,
  45: `${clientCertificate} it has expired by the server's clock; renew it, or correct that clock`,
  46: `${clientCertificate} it is not known there (certificate unknown); check the broker's log, and its CA for clients`,
  48: `${clientCertificate} its CA is not known there; register that CA at the broker, or add client_intermediate_certs.pem to the Secret`,
  49: `${clientCertificate} access denied; check the broker's permissions`,
  70: "the server speaks no TLS 1.2 or 1.3 (protocol version); update the broker",
  112: "the server serves no host of that name (SNI); correct host",
  116: 'the server demands a client certificate; set authentication.method to "X509Certificate"',
};

const network: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there; start the broker, or correct host and port",
  ENOTFOUND: "no such name; correct host, or the DNS that this machine asks",
  EAI_AGAIN: "the DNS does not answer; see this machine's network and its policies",
  ETIMEDOUT: "no answer; see firewalls and network policies in between",
  EHOSTUNREACH: "no way to it; see this machine's network",
  ENETUNREACH: "no way to it; see this machine's network",
};

const noTls = 'no TLS is spoken there; correct the port, or set tls.mode to "Disabled"';

/**
 * Says what broke a connection: a TLS alert and what is known of the network in words, the rest as Node.js has it.
 *
 * @param isHandshake whether TLS was about to begin
 */
export function describeStreamError(cause: unknown, isHandshake = false): string {
  const text = describeError(cause);
  if (typeof cause !== "object" || cause === null) return text;
  const { message, code } = cause as Readonly<Record<string, unknown>>;
  const alert = /SSL alert number (\d+)/.exec(typeof message === "string" ? message : "")?.[1];
  if (alert !== undefined) return alerts[Number(alert)] ?? `the server ended TLS: ${text}`;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") return noTls;
  if (isHandshake && (code === "ECONNRESET" || code === "EPIPE"))
    return `the connection was closed during the TLS handshake; ${closedInHandshake}`;
  if (text.startsWith("Unexpected server response"))
    return `${text}: no WebSocket is served there; correct the path behind the port in host, "/mqtt" if none is given`;
  const hint = typeof code === "string" ? network[code] : undefined;
  return hint === undefined ? text : `${text}: ${hint}`;
}

const closedInHandshake =
  "the server may not serve that host name, not take the client certificate, or not speak TLS on that port (then set tls.mode to Disabled): see its log";
