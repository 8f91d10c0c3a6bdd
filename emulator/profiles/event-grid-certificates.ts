import type { RegisteredClient, ValidationScheme } from "../access/topic-space-access.ts";
import type { Authenticator, ClientCertificate } from "../authentication/authenticator.ts";
import { createCertificateAuthenticator, judgeSigned } from "../authentication/client-certificate.ts";
import type { CertificateVerdict } from "../authentication/client-certificate.ts";
import { canonicalAddress } from "../certificates/canonical-address.ts";

/** A field of a certificate that may hold the authentication name. @see Azure REST API, Namespaces (2025-04-01-preview) */
export type AuthenticationNameSource = `ClientCertificate${"Subject" | "Dns" | "Uri" | "Ip" | "Email"}`;

type Field = "Subject" | "Dns" | "Uri" | "Ip" | "Email";

/**
 * Certificates as Event Grid judges them: a name, the client that has it, and that client's validation scheme.
 * The name is the user name of CONNECT; without one it is in the certificate, where the namespace has sources. Upper and lower
 * case of authentication names are the same.
 * @see Event Grid, MQTT client authentication using certificates; MQTT clients
 */
export function createEventGridCertificateAuthenticator(
  sources: readonly AuthenticationNameSource[],
  findClient: (authenticationName: string) => RegisteredClient | undefined,
): Authenticator {
  return createCertificateAuthenticator((certificate, { userName }) => {
    const name = userName ?? nameFrom(certificate, sources);
    if (name === undefined) return { why: describeMissingName(sources) };
    const client = findClient(name);
    return client ? judge(certificate, client) : { why: `no client has the authentication name "${name}"` };
  });
}

/** The first value of the first source that the certificate has; no page says which of several values it is. */
function nameFrom(certificate: ClientCertificate, sources: readonly AuthenticationNameSource[]): string | undefined {
  return sources.flatMap((source) => valuesOf(certificate, source.slice("ClientCertificate".length) as Field))[0];
}

function describeMissingName(sources: readonly AuthenticationNameSource[]): string {
  const problem = "CONNECT has no user name, which is the authentication name";
  return sources.length === 0 ? problem : `${problem}, and the certificate has none of: ${sources.join(", ")}`;
}

function judge(
  certificate: ClientCertificate,
  {
    authenticationName: name,
    validationScheme = "SubjectMatchesAuthenticationName",
    allowedThumbprints,
  }: RegisteredClient,
): CertificateVerdict {
  if (validationScheme === "ThumbprintMatch") return judgeThumbprint(certificate, name, allowedThumbprints ?? []);
  return judgeSigned(certificate, () => {
    const field = fieldOf(validationScheme);
    const values = valuesOf(certificate, field);
    const wanted = (field === "Ip" ? canonicalAddress(name) : name).toLowerCase();
    if (values.some((value) => value.toLowerCase() === wanted)) return { name };
    const found = values.map((value) => `"${value}"`).join(", ") || "none";
    return { why: `the certificate of "${name}" has to have that name as ${field}, and has ${found}` };
  });
}

/** Whoever signed it; that it has to hold now is said by no page, and a broker would be careless without. */
function judgeThumbprint(certificate: ClientCertificate, name: string, allowed: readonly string[]): CertificateVerdict {
  if (!certificate.isCurrent) return { why: `the certificate of "${name}" is not valid now` };
  const isAllowed = allowed.some((thumbprint) => certificate.thumbprints.includes(thumbprint.toUpperCase()));
  return isAllowed ? { name } : { why: `the certificate of "${name}" has a thumbprint that is not registered` };
}

function fieldOf(scheme: Exclude<ValidationScheme, "ThumbprintMatch">): Field {
  return scheme.slice(0, -"MatchesAuthenticationName".length) as Field;
}

function valuesOf({ commonName, alternativeNames }: ClientCertificate, field: Field): readonly string[] {
  switch (field) {
    case "Subject":
      return commonName === "" ? [] : [commonName];
    case "Dns":
      return alternativeNames.dns;
    case "Uri":
      return alternativeNames.uri;
    case "Ip":
      return alternativeNames.ip;
    case "Email":
      return alternativeNames.email;
  }
}
