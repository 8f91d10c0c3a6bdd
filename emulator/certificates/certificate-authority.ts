import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

import * as der from "./der.ts";

/** A certificate and its private key, both PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that lives as long as the process: its key is never written anywhere. */
export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** Makes a server certificate for host names and IPv4 addresses; the first is its Common Name. */
  createServerCertificate(hostNames: readonly string[]): CertificateAndKey;
  /** Makes a client certificate whose subject has this Common Name. */
  createClientCertificate(commonName: string): CertificateAndKey;
}

/** Object identifiers. @see RFC 5280 §4.2.1, RFC 5480, RFC 5758 §3.2 */
const Oid = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const dayMs = 24 * 60 * 60 * 1000;
/** Days before now from which certificates hold, for clocks that run late. */
const backdatedDays = 1;
const defaultValidDays = 30;
const serialBytes = 15;

interface Party {
  readonly commonName: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * Creates a CA and with it certificates with EC P-256 keys, each in about a millisecond.
 * For development and tests: there is no revocation and no intermediate.
 */
export function createCertificateAuthority(
  commonName = "mqtt-dataflow emulator CA",
  validDays = defaultValidDays,
): CertificateAuthority {
  const ca = createParty(commonName);
  const issue = (name: string, extensions: readonly Buffer[]): CertificateAndKey => {
    const leaf = createParty(name);
    const key = leaf.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const identifiers = [authorityKeyIdentifier(ca.publicKey), subjectKeyIdentifier(leaf.publicKey)];
    return { certificate: buildCertificate(leaf, ca, validDays, [...extensions, ...identifiers]), key };
  };
  return {
    certificate: buildCertificate(ca, ca, validDays, [
      extension(Oid.basicConstraints, der.sequence(der.boolean(true)), true),
      extension(Oid.keyUsage, der.bitString(Buffer.from([0b0000_0110]), 1), true), // keyCertSign, cRLSign
      subjectKeyIdentifier(ca.publicKey),
    ]),
    createServerCertificate: (hostNames) =>
      issue(hostNames[0] ?? "localhost", [subjectAlternativeName(hostNames), extendedKeyUsage(Oid.serverAuth)]),
    createClientCertificate: (name) => issue(name, [extendedKeyUsage(Oid.clientAuth)]),
  };
}

function createParty(commonName: string): Party {
  return { commonName, ...generateKeyPairSync("ec", { namedCurve: "P-256" }) };
}

function buildCertificate(subject: Party, issuer: Party, validDays: number, extensions: readonly Buffer[]): string {
  const nowMs = Date.now();
  const algorithm = der.sequence(der.objectIdentifier(Oid.ecdsaWithSha256));
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))), // version 3
    // A leading 1 keeps the encoding minimal, whatever the random bytes are.
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(serialBytes)])),
    algorithm,
    distinguishedName(issuer.commonName),
    der.sequence(
      der.utcTime(new Date(nowMs - backdatedDays * dayMs)),
      der.utcTime(new Date(nowMs + validDays * dayMs)),
    ),
    distinguishedName(subject.commonName),
    publicKeyInfo(subject.publicKey),
    der.explicit(3, der.sequence(...extensions)),
  );
  const signature = sign("sha256", toBeSigned, issuer.privateKey);
  return toPem(der.sequence(toBeSigned, algorithm, der.bitString(signature)));
}

function distinguishedName(commonName: string): Buffer {
  return der.sequence(der.set(der.sequence(der.objectIdentifier(Oid.commonName), der.utf8String(commonName))));
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" });
}

function extension(oid: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der.boolean(true)] : [];
  return der.sequence(der.objectIdentifier(oid), ...critical, der.octetString(value));
}

function subjectAlternativeName(hostNames: readonly string[]): Buffer {
  const dnsName = 2;
  const ipAddress = 7;
  const names = hostNames.map((name) => {
    if (isIPv4(name)) return der.implicit(ipAddress, Buffer.from(name.split(".").map(Number)));
    if (isIPv6(name)) throw new Error(`host name "${name}" is an IPv6 address; use an IPv4 address or a DNS name`);
    return der.implicit(dnsName, Buffer.from(name));
  });
  return extension(Oid.subjectAlternativeName, der.sequence(...names));
}

function extendedKeyUsage(purpose: string): Buffer {
  return extension(Oid.extendedKeyUsage, der.sequence(der.objectIdentifier(purpose)));
}

function subjectKeyIdentifier(key: KeyObject): Buffer {
  return extension(Oid.subjectKeyIdentifier, der.octetString(keyIdentifier(key)));
}

function authorityKeyIdentifier(key: KeyObject): Buffer {
  return extension(Oid.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier(key))));
}

/** A name for a key; any that is unique serves. @see RFC 5280 §4.2.1.2 */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha1").update(publicKeyInfo(key)).digest();
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
