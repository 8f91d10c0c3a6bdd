import type { KeyObject, X509Certificate } from "node:crypto";

import { ConnectionError, describeError, firstLines } from "../contract/errors.ts";
import { nameOfCertificate as nameOf, readCertificates, readPrivateKey } from "../contract/pem.ts";
import type { MountedFile, Mounts } from "./mounts.ts";

/** A client certificate and its key, both in PEM, and when it ends. */
export interface ClientCertificate {
  /** The certificate, followed by its intermediates. */
  readonly cert: string;
  readonly key: string;
  readonly subject: string;
  /** Wall-clock milliseconds: the first end in the chain. */
  readonly endsAtMs: number;
  readonly startsAtMs: number;
}

/** CA certificates that a connection trusts. */
export interface TrustedCertificates {
  readonly pem: readonly string[];
  /** End of each by its subject; wall-clock milliseconds. */
  readonly ends: readonly { readonly subject: string; readonly endsAtMs: number; readonly startsAtMs: number }[];
}

/** The keys that AIO prescribes, and those of a `kubernetes.io/tls` Secret. */
const layouts = [
  { cert: "client_cert.pem", key: "client_key.pem" },
  { cert: "tls.crt", key: "tls.key" },
] as const;
const intermediatesKey = "client_intermediate_certs.pem";

/**
 * Reads a client certificate and checks what can be checked here: PEM, dates, and that the key belongs to it.
 * @throws {ConnectionError} naming the Secret, its key and the certificate
 */
export async function readClientCertificate(mounts: Mounts, secret: string): Promise<ClientCertificate> {
  const keys = await mounts.listSecret(secret);
  const layout = layouts.find(({ cert }) => keys.includes(cert));
  if (layout === undefined) {
    const wanted = layouts.map(({ cert, key }) => `"${cert}" and "${key}"`).join(" or ");
    fail(`Secret "${secret}" has no client certificate; mount it with ${wanted}`);
  }
  const where = (key: string) => `Secret "${secret}", key "${key}"`;
  const read = async (key: string) => (await mounts.readSecret(secret, key)).toString("utf8");
  const certText = await read(layout.cert);
  const [leaf, ...more] = parseCertificates(certText, where(layout.cert));
  if (leaf === undefined) fail(`${where(layout.cert)}: has no certificate; put the client certificate there in PEM`);
  const key = parseKey(await read(layout.key), where(layout.key));
  if (!leaf.checkPrivateKey(key)) {
    const problem = `is not the key of the certificate "${nameOf(leaf)}" under "${layout.cert}"`;
    fail(`${where(layout.key)}: ${problem}; put the two there that were issued together`);
  }
  // An empty one is what a deployment writes that has no intermediates.
  const between = keys.includes(intermediatesKey)
    ? String(await mounts.readOptionalSecret(secret, intermediatesKey))
    : "";
  const chain = [leaf, ...more, ...parseCertificates(between, where(intermediatesKey))];
  return {
    cert: between.trim() === "" ? certText : `${certText.trimEnd()}\n${between}`,
    key: key.export({ type: "pkcs8", format: "pem" }).toString(),
    subject: nameOf(leaf),
    endsAtMs: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
    startsAtMs: leaf.validFromDate.getTime(),
  };
}

/** Says what is wrong with a certificate's dates by this machine's clock; `undefined` when nothing is. */
export function checkDates(
  what: string,
  { startsAtMs, endsAtMs }: { readonly startsAtMs: number; readonly endsAtMs: number },
  nowMs: number,
): string | undefined {
  const clock = `this machine's clock says ${new Date(nowMs).toISOString()}`;
  if (nowMs > endsAtMs)
    return `${what} expired at ${new Date(endsAtMs).toISOString()} (${clock}); renew it, or correct the clock`;
  if (nowMs < startsAtMs)
    return `${what} is not valid before ${new Date(startsAtMs).toISOString()} (${clock}); wait, or correct the clock`;
  return undefined;
}

/** Gathers every certificate under every key. @throws {ConnectionError} when there is none, or one can't be read */
export function readTrustedCertificates(configMap: string, files: readonly MountedFile[]): TrustedCertificates {
  const certificates = files.flatMap(({ name, text }) =>
    parseCertificates(text, `ConfigMap "${configMap}", key "${name}"`),
  );
  if (certificates.length === 0) {
    const keys = firstLines(files, ({ name }) => `"${name}"`).join(", ");
    fail(`ConfigMap "${configMap}": has no certificate under ${keys}; put the broker's CA certificate there in PEM`);
  }
  return {
    pem: certificates.map((certificate) => certificate.toString()),
    ends: certificates.map((certificate) => ({
      subject: nameOf(certificate),
      startsAtMs: certificate.validFromDate.getTime(),
      endsAtMs: certificate.validToDate.getTime(),
    })),
  };
}

function parseCertificates(text: string, where: string): X509Certificate[] {
  return readCertificates(text).map((read, index) => {
    if ("certificate" in read) return read.certificate;
    const ordinal = `certificate ${index + 1}`;
    const reason = describeError(read.error);
    return fail(`${where}: ${ordinal} can't be read (${reason}); copy it there whole, in PEM`, read.error);
  });
}

function parseKey(text: string, where: string): KeyObject {
  const key = readPrivateKey(text);
  if (key === "encrypted") {
    fail(`${where}: is encrypted, and there is no passphrase; store it decrypted: openssl pkey -in KEY -out NEW_KEY`);
  }
  if (key === "none") fail(`${where}: has no private key in PEM; put the key of the client certificate there`);
  return key;
}

function fail(message: string, cause?: unknown): never {
  throw new ConnectionError(message, { retry: "soon" }, { cause });
}
