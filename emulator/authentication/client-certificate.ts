import { ReasonCode } from "../packet/reason-code.ts";
import type { Authentication, Authenticator, Credentials } from "./authenticator.ts";

/** The method of identities that were proved by a client certificate. */
export const x509Method = "X509";

/**
 * X.509 client certificates. `nameOf` gives the authentication name, or says why there is none.
 * Only certificates that the listener's client CA vouches for come to it.
 */
export function createCertificateAuthenticator(
  nameOf: (commonName: string, credentials: Credentials) => { name: string } | { why: string },
): Authenticator {
  return {
    name: x509Method,
    isFor: ({ method, certificate }) => method === undefined && certificate !== undefined,
    authenticate: (credentials) => Promise.resolve(judge(credentials, nameOf)),
  };
}

function judge(credentials: Credentials, nameOf: Parameters<typeof createCertificateAuthenticator>[0]): Authentication {
  const { certificate } = credentials;
  if (!certificate?.isTrusted) return refuse("the client certificate is not signed by the client CA, or not valid now");
  const named = nameOf(certificate.commonName, credentials);
  if ("why" in named) return refuse(named.why);
  return { kind: "accepted", identity: { authenticationName: named.name, method: x509Method } };
}

function refuse(why: string): Authentication {
  return { kind: "refused", reasonCode: ReasonCode.notAuthorized, why };
}
