import type { X509Certificate } from "node:crypto";

import { quote, type Problem } from "../../runtime/contract/errors.ts";
import { nameOfCertificate, readCertificates } from "../../runtime/contract/pem.ts";
import type { X509ClientArgs } from "../event-grid/x509.ts";
import { byRule } from "./rules.ts";

/** A certificate that an endpoint presents, and the client that Event Grid then judges it by. */
export interface PresentedCertificate {
  /** Where the certificate was given: `relay.secrets.oslo.clientCertificate`. */
  readonly path: string;
  readonly pem: string;
  readonly clientName: string;
  readonly client: X509ClientArgs;
}

/**
 * Refuses a certificate that its client's validation scheme does not let in: another thumbprint, or another Common Name than the
 * authentication name. The fields of the other schemes are not looked at.
 * @see Event Grid, MQTT client certificate authentication
 */
export function checkPresentedCertificate({ path, pem, clientName, client }: PresentedCertificate): Problem[] {
  const [first] = readCertificates(pem);
  // One that can't be read is another rule's to refuse.
  if (first === undefined || !("certificate" in first)) return [];
  const { certificate } = first;
  const at = `eventGrid.x509.clients.${clientName}`;
  const scheme = client.validationScheme ?? "SubjectMatchesAuthenticationName";
  if (scheme === "ThumbprintMatch") return checkThumbprints(path, certificate, at, client.allowedThumbprints ?? []);
  if (scheme !== "SubjectMatchesAuthenticationName") return [];
  const { authenticationName = clientName } = client;
  const name = nameOfCertificate(certificate);
  // Node writes a Common Name with other characters with escapes, and names one without it by its whole subject.
  if (name === authenticationName || !/^[\w.:-]+$/.test(name)) return [];
  const problem = `is the certificate ${quote(name)}, and its client ${quote(clientName)} has the authentication name ${quote(authenticationName)}`;
  const remedy = "give the certificate of that name, or another validationScheme of the client";
  return byRule("x509-access", [{ path, problem, remedy }]);
}

function checkThumbprints(
  path: string,
  certificate: X509Certificate,
  at: string,
  allowed: readonly string[],
): Problem[] {
  const own = [certificate.fingerprint256, certificate.fingerprint].map((text) => text.replaceAll(":", ""));
  if (allowed.length === 0 || allowed.some((one) => own.includes(one.toUpperCase()))) return [];
  const problem = `lists no thumbprint of the certificate ${quote(nameOfCertificate(certificate))} in ${path}`;
  return byRule("x509-access", [{ path: `${at}.allowedThumbprints`, problem, remedy: `add "${own[0]}"` }]);
}
