import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/*
 * What a certificate or a key is, read the same way where it is declared and where it is used: what a preview takes, the
 * relay can read.
 */

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const encryptedKey = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** A certificate, or what OpenSSL says of one that it can't read: no part of it is in that. */
export type ReadCertificate = { readonly certificate: X509Certificate } | { readonly error: unknown };

/** Reads the certificates of a text in PEM format, in their order; empty when there is none. */
export function readCertificates(text: string): ReadCertificate[] {
  return (text.match(pemCertificate) ?? []).map((pem) => {
    try {
      return { certificate: new X509Certificate(pem) };
    } catch (error) {
      return { error };
    }
  });
}

/** Reads a private key in PEM format, or says why not: it is encrypted, or there is none. */
export function readPrivateKey(text: string): KeyObject | "encrypted" | "none" {
  if (encryptedKey.test(text)) return "encrypted";
  try {
    return createPrivateKey(text);
  } catch {
    // What OpenSSL says of a key that it can't read helps nobody, and must not quote it.
    return "none";
  }
}

/** Names a certificate by its Common Name, or else by its whole subject on one line. */
export function nameOfCertificate({ subject }: X509Certificate): string {
  // One without a subject has none, whatever the type says.
  const text = (subject as string | undefined) ?? "";
  return /^CN=(.*)$/m.exec(text)?.[1] ?? text.replaceAll("\n", ", ");
}
