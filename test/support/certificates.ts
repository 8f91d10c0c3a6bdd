import "reflect-metadata"; // @peculiar/x509 looks for it when it is loaded

import { randomBytes, webcrypto } from "node:crypto";
import { isIP } from "node:net";

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from "@peculiar/x509";

/** A certificate and its private key, both in PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority that lives as long as the test. */
export interface TestAuthority {
  /** Its own certificate in PEM. */
  readonly certificate: string;
  /** Issues a server certificate for host names and IP addresses. */
  issueServer(hostNames: readonly string[]): Promise<Identity>;
  /** Issues a client certificate with this Common Name. */
  issueClient(commonName: string): Promise<Identity>;
  /** Creates an authority below this one; it has no place in anybody's trust. */
  createIntermediate(commonName: string): Promise<TestAuthority>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 24 * 60 * 60 * 1000;
const validDays = 2;
const serialBytes = 15;

interface Party {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** Creates an authority on EC P-256. */
export async function createTestAuthority(commonName = "integration test root"): Promise<TestAuthority> {
  const party = await createParty(commonName);
  return authorityOf(party, await certify(party, party, [new BasicConstraintsExtension(true, undefined, true)]));
}

function authorityOf(issuer: Party, certificate: string): TestAuthority {
  const issue = async (commonName: string, extensions: Extension[]): Promise<Identity> => {
    const subject = await createParty(commonName);
    const key = await webcrypto.subtle.exportKey("pkcs8", subject.keys.privateKey);
    return { certificate: await certify(subject, issuer, extensions), key: PemConverter.encode(key, "PRIVATE KEY") };
  };
  return {
    certificate,
    issueServer: (hostNames) => {
      const names = hostNames.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value }));
      const usage = new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]);
      return issue(hostNames[0] ?? "localhost", [new SubjectAlternativeNameExtension(names), usage]);
    },
    issueClient: (commonName) => issue(commonName, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
    createIntermediate: async (commonName) => {
      const party = await createParty(commonName);
      return authorityOf(party, await certify(party, issuer, [new BasicConstraintsExtension(true, 0, true)]));
    },
  };
}

async function createParty(commonName: string): Promise<Party> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return { name: `CN=${commonName}`, keys };
}

async function certify(subject: Party, issuer: Party, extensions: Extension[]): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    // A first digit of 1 keeps the number positive, whatever the random bytes are.
    serialNumber: `1${randomBytes(serialBytes).toString("hex").slice(1)}`,
    subject: subject.name,
    issuer: issuer.name,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + validDays * dayMs),
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  return `${certificate.toString("pem").trimEnd()}\n`;
}
