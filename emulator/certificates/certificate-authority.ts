import "reflect-metadata"; // @peculiar/x509 looks for it when it is loaded

import { webcrypto } from "node:crypto";
import { isIP } from "node:net";

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Extension } from "@peculiar/x509";

/** A certificate and its private key, both PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** From when until when a certificate holds, both inclusive. */
export interface Validity {
  /** @default a day ago, for clocks that run late */
  readonly notBefore?: Date;
  /** @default in 30 days */
  readonly notAfter?: Date;
}

export interface ClientCertificateOptions extends Validity {
  /** Names beside the Common Name, such as `{ type: "dns", value: "press-2.example" }`. */
  readonly alternativeNames?: readonly AlternativeName[];
}

/** A subject alternative name. @see RFC 5280 §4.2.1.6 */
export interface AlternativeName {
  readonly type: "dns" | "url" | "ip" | "email";
  readonly value: string;
}

/** A certificate authority that lives as long as the process: its key is never written anywhere. */
export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** Makes a server certificate for host names and IP addresses; the first is its Common Name. */
  createServerCertificate(hostNames: readonly string[], validity?: Validity): Promise<CertificateAndKey>;
  /** Makes a client certificate whose subject has this Common Name. */
  createClientCertificate(commonName: string, options?: ClientCertificateOptions): Promise<CertificateAndKey>;
  /** Creates an authority below this one. Who trusts only this one has to be shown the other's certificate. */
  createIntermediate(commonName: string, validity?: Validity): Promise<CertificateAuthority>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;
const backdatedDays = 1;
const defaultValidDays = 30;
const isCritical = true;

interface Party {
  readonly name: Name;
  readonly keys: webcrypto.CryptoKeyPair;
}

/**
 * Creates a CA and with it certificates with EC P-256 keys, each within a few milliseconds.
 * For development and tests: nothing can be revoked.
 */
export async function createCertificateAuthority(
  commonName = "mqtt-dataflow emulator CA",
  validity: Validity = {},
): Promise<CertificateAuthority> {
  const root = await createParty(commonName);
  return createAuthority(root, root, validity);
}

async function createAuthority(ca: Party, issuer: Party, caValidity: Validity): Promise<CertificateAuthority> {
  const issue = async (commonName: string, extensions: readonly Extension[], validity: Validity = {}) =>
    createLeaf(await createParty(commonName), ca, extensions, validity);
  return {
    certificate: await certify(ca, issuer, caExtensions(), caValidity),
    createServerCertificate: (hostNames, validity) => {
      const usage = new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]);
      return issue(hostNames[0] ?? "localhost", [subjectAlternativeName(hostNames), usage], validity);
    },
    createClientCertificate: (commonName, options) => issue(commonName, clientExtensions(options), options),
    createIntermediate: async (commonName, validity = {}) =>
      createAuthority(await createParty(commonName), ca, validity),
  };
}

/** Creates a client certificate that its own key has signed, for a broker that knows it by its thumbprint. */
export async function createSelfSignedCertificate(
  commonName: string,
  options: ClientCertificateOptions = {},
): Promise<CertificateAndKey> {
  const self = await createParty(commonName);
  return createLeaf(self, self, clientExtensions(options), options);
}

async function createLeaf(
  subject: Party,
  issuer: Party,
  extensions: readonly Extension[],
  validity: Validity,
): Promise<CertificateAndKey> {
  const key = await webcrypto.subtle.exportKey("pkcs8", subject.keys.privateKey);
  const certificate = await certify(subject, issuer, [...leafExtensions(), ...extensions], validity);
  return { certificate, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}

async function createParty(commonName: string): Promise<Party> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  // Not as the text "CN=...": in that, some characters have a meaning.
  return { name: new Name([{ CN: [{ utf8String: commonName }] }]), keys };
}

async function certify(
  subject: Party,
  issuer: Party,
  extensions: readonly Extension[],
  { notBefore = daysFromNow(-backdatedDays), notAfter = daysFromNow(defaultValidDays) }: Validity,
): Promise<string> {
  const identifiers = await Promise.all([
    AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    SubjectKeyIdentifierExtension.create(subject.keys.publicKey),
  ]);
  const certificate = await X509CertificateGenerator.create({
    subject: subject.name,
    issuer: issuer.name,
    notBefore,
    notAfter,
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [...extensions, ...identifiers],
  });
  return `${certificate.toString("pem")}\n`;
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}

function caExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(true, undefined, isCritical),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, isCritical),
  ];
}

function leafExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, isCritical),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, isCritical),
  ];
}

function clientExtensions({ alternativeNames = [] }: ClientCertificateOptions = {}): Extension[] {
  const usage = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
  return alternativeNames.length === 0 ? [usage] : [usage, new SubjectAlternativeNameExtension([...alternativeNames])];
}

function subjectAlternativeName(hostNames: readonly string[]): Extension {
  return new SubjectAlternativeNameExtension(
    hostNames.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
  );
}
