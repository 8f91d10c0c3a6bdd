import type { KeyObject, X509Certificate } from "node:crypto";

import { readCertificates, readPrivateKey } from "../../runtime/contract/pem.ts";
import { describeError, type Problem } from "../../runtime/contract/errors.ts";

/** What was read, or why it was not. */
export type Read<T> = { readonly value: T } | { readonly problem: Problem };

/** Reads the certificates that a field has, one at least, in their order. The problem never shows what the field has. */
export function readCertificateField(path: string, text: string, remedy: string): Read<readonly X509Certificate[]> {
  const read = readCertificates(text);
  const certificates = read.flatMap((one) => ("certificate" in one ? [one.certificate] : []));
  const failed = read.findIndex((one) => "error" in one);
  const failure = read[failed];
  if (failure !== undefined && "error" in failure) {
    const reason = hasEscapedLines(text) ? 'it has "\\n" in place of line breaks' : describeError(failure.error);
    const problem = `has a certificate that can't be read, number ${failed + 1} (${reason})`;
    return { problem: { path, problem, remedy: "give it whole, in PEM format, with its line breaks" } };
  }
  if (certificates.length > 0) return { value: certificates };
  return { problem: { path, problem: contentInstead(text, "certificate"), remedy } };
}

/** Reads the private key that a field has. The problem never shows what the field has. */
export function readKeyField(path: string, text: string, remedy: string): Read<KeyObject> {
  const key = readPrivateKey(text);
  if (key === "encrypted") {
    const problem = "is an encrypted key, and the relay has no passphrase for it";
    return { problem: { path, problem, remedy: "decrypt it: openssl pkey -in KEY -out NEW_KEY" } };
  }
  if (key !== "none") return { value: key };
  return { problem: { path, problem: contentInstead(text, "private key"), remedy } };
}

/** Tells whether a text is in PEM format. It may be a key, and is not to be shown then. */
export function isPem(text: string): boolean {
  return text.includes("-----BEGIN");
}

/** Tells whether there is a private key in a text, of whatever kind. */
export function hasPrivateKey(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text);
}

/** Line breaks that somebody wrote as a backslash and an "n", as in a variable of the environment. */
function hasEscapedLines(text: string): boolean {
  return text.includes("\\n");
}

/** What stands where a certificate or a key belongs, without showing any of it. */
function contentInstead(text: string, wanted: string): string {
  if (text.trim() === "") return "is empty";
  if (hasPrivateKey(text) && wanted !== "private key") return "is a private key";
  if (text.includes("-----BEGIN CERTIFICATE REQUEST-----")) return "is a certificate request, which nobody has signed";
  if (text.includes("-----BEGIN PUBLIC KEY-----")) return "is a public key";
  if (text.includes("-----BEGIN CERTIFICATE-----") && wanted === "private key") return "is a certificate";
  if (hasEscapedLines(text)) return `has no ${wanted} that can be read: it has "\\n" in place of line breaks`;
  if (isFilePath(text)) return "is the path of a file, not its content";
  return `has no ${wanted} in PEM format`;
}

/** One line that begins or ends as paths do. What is in Base64 may begin with a slash, and is longer. */
function isFilePath(text: string): boolean {
  const line = text.trim();
  if (line.length > 255 || /\s/.test(line)) return false;
  return /^(?:\.{0,2}\/|~\/|[A-Za-z]:[\\/]|file:)/.test(line) || /\.(?:pem|crt|cer|key|der|p12|pfx)$/i.test(line);
}
