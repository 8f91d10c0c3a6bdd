import { createPrivateKey } from "node:crypto";

import {
  createCertificateAuthority,
  type CertificateAndKey,
} from "../../../emulator/certificates/certificate-authority.ts";
import { checkDates, readClientCertificate, readTrustedCertificates } from "../../../runtime/identity/certificate.ts";
import type { Mounts } from "../../../runtime/identity/mounts.ts";
import { ConnectionError } from "../../../runtime/contract/errors.ts";

let leaf: CertificateAndKey;
let other: CertificateAndKey;

beforeAll(async () => {
  const authority = await createCertificateAuthority("plant CA");
  leaf = await authority.createClientCertificate("relay");
  other = await authority.createClientCertificate("other");
});

function mountsOf(files: Readonly<Record<string, string>>): Mounts {
  return {
    listSecret: async () => Object.keys(files).sort(),
    readSecret: async (_secret: string, key: string) => {
      const text = files[key];
      if (text === undefined || text.trim() === "") throw new ConnectionError(`${key} is empty`, { retry: "soon" });
      return Buffer.from(text);
    },
    readOptionalSecret: async (_secret: string, key: string) => Buffer.from(files[key] ?? ""),
  } as unknown as Mounts;
}

describe("readClientCertificate", () => {
  test("knows whose it is and when it ends", async () => {
    const read = await readClientCertificate(mountsOf({ "tls.crt": leaf.certificate, "tls.key": leaf.key }), "device");

    expect(read.subject).toBe("relay");
    const days = (read.endsAtMs - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });

  test("ends with the first of its chain", async () => {
    const authority = await createCertificateAuthority("short", { notAfter: new Date("2030-01-01T00:00:00Z") });
    const client = await authority.createClientCertificate("c", { notAfter: new Date("2040-01-01T00:00:00Z") });
    const files = {
      "client_cert.pem": client.certificate,
      "client_key.pem": client.key,
      "client_intermediate_certs.pem": authority.certificate,
    };

    expect((await readClientCertificate(mountsOf(files), "device")).endsAtMs).toBe(Date.parse("2030-01-01T00:00:00Z"));
  });

  test("refuses the key of another certificate, naming both", async () => {
    const reading = readClientCertificate(mountsOf({ "tls.crt": leaf.certificate, "tls.key": other.key }), "device");

    await expect(reading).rejects.toThrow(
      'Secret "device", key "tls.key": is not the key of the certificate "relay" under "tls.crt"; put the two there that were issued together',
    );
  });

  test.each<[string, () => string]>([
    [
      "PKCS #8",
      () =>
        createPrivateKey(leaf.key)
          .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hunter2" })
          .toString(),
    ],
    [
      "traditional",
      () =>
        createPrivateKey(leaf.key)
          .export({ type: "sec1", format: "pem", cipher: "aes-256-cbc", passphrase: "hunter2" })
          .toString(),
    ],
  ])("refuses an encrypted key in the %s form", async (_form, encrypt) => {
    const reading = readClientCertificate(mountsOf({ "tls.crt": leaf.certificate, "tls.key": encrypt() }), "device");

    await expect(reading).rejects.toThrow(
      'Secret "device", key "tls.key": is encrypted, and there is no passphrase; store it decrypted: openssl pkey -in KEY -out NEW_KEY',
    );
  });

  test.each<[string, () => Record<string, string>, string]>([
    [
      "no certificate",
      () => ({ "tls.crt": "hello", "tls.key": leaf.key }),
      'key "tls.crt": has no certificate; put the client certificate there in PEM',
    ],
    [
      "a certificate that was cut",
      () => ({ "tls.crt": leaf.certificate.replace(/\n.{64}\n/, "\n"), "tls.key": leaf.key }),
      'key "tls.crt": certificate 1 can\'t be read',
    ],
    [
      "a certificate as key",
      () => ({ "tls.crt": leaf.certificate, "tls.key": leaf.certificate }),
      'key "tls.key": has no private key in PEM; put the key of the client certificate there',
    ],
  ])("refuses %s, naming where it stands", async (_case, files, problem) => {
    await expect(readClientCertificate(mountsOf(files()), "device")).rejects.toThrow(`Secret "device", ${problem}`);
  });
});

describe("checkDates", () => {
  const dates = { startsAtMs: Date.parse("2026-01-02T00:00:00Z"), endsAtMs: Date.parse("2026-02-01T00:00:00Z") };

  test("finds nothing within the dates, both inclusive", () => {
    expect(checkDates("it", dates, dates.startsAtMs)).toBeUndefined();
    expect(checkDates("it", dates, dates.endsAtMs)).toBeUndefined();
  });

  test("says when it ended, and what this machine takes for the time", () => {
    expect(checkDates('client certificate "relay"', dates, Date.parse("2026-02-03T00:00:00Z"))).toBe(
      'client certificate "relay" expired at 2026-02-01T00:00:00.000Z (this machine\'s clock says 2026-02-03T00:00:00.000Z); renew it, or correct the clock',
    );
  });

  test("says when it will start", () => {
    expect(checkDates("it", dates, 0)).toBe(
      "it is not valid before 2026-01-02T00:00:00.000Z (this machine's clock says 1970-01-01T00:00:00.000Z); wait, or correct the clock",
    );
  });
});

describe("readTrustedCertificates", () => {
  test("passes over keys without a certificate, as long as one has some", async () => {
    const { certificate } = await createCertificateAuthority("plant CA");
    const files = [
      { name: "README", text: "ask the plant" },
      { name: "ca.crt", text: certificate },
    ];

    expect(readTrustedCertificates("trust", files).ends).toEqual([
      { subject: "plant CA", endsAtMs: expect.any(Number), startsAtMs: expect.any(Number) },
    ]);
  });

  test("says which keys it looked under", () => {
    expect(() => readTrustedCertificates("trust", [{ name: "a", text: "x" }])).toThrow(
      'ConfigMap "trust": has no certificate under "a"; put the broker\'s CA certificate there in PEM',
    );
  });
});
