import { ReasonCode } from "../packet/reason-code.ts";
import type { Authentication, Authenticator, ClientCertificate, Credentials } from "./authenticator.ts";

/** The method of identities that were proved by a client certificate. */
export const x509Method = "X509";

/** The authentication name that a certificate proves, or why it proves none. */
export type CertificateVerdict = { readonly name: string } | { readonly why: string };

/** X.509 client certificates, as `judge` finds them; the TLS handshake has taken any whose key the client has. */
export function createCertificateAuthenticator(
  judge: (certificate: ClientCertificate, credentials: Credentials) => CertificateVerdict,
): Authenticator {
  return {
    name: x509Method,
    isFor: ({ method, certificate }) => method === undefined && certificate !== undefined,
    authenticate: (credentials) => Promise.resolve(authenticate(credentials, judge)),
  };
}

/** Judges a certificate that has to be signed by the listener's client CA. */
export function judgeSigned(certificate: ClientCertificate, judge: () => CertificateVerdict): CertificateVerdict {
  return certificate.isTrusted
    ? judge()
    : { why: "the client certificate is not signed by the client CA, or not valid now" };
}

function authenticate(
  credentials: Credentials,
  judge: Parameters<typeof createCertificateAuthenticator>[0],
): Authentication {
  const { certificate } = credentials;
  const verdict = certificate ? judge(certificate, credentials) : { why: "the client shows no certificate" };
  if ("why" in verdict) return { kind: "refused", reasonCode: ReasonCode.notAuthorized, why: verdict.why };
  return { kind: "accepted", identity: { authenticationName: verdict.name, method: x509Method } };
}
