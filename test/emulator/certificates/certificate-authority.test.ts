import { createPrivateKey, X509Certificate } from "node:crypto";

import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../../emulator/certificates/certificate-authority.ts";

const dayMs = 24 * 60 * 60 * 1000;
const serverUsage = ["1.3.6.1.5.5.7.3.1"];
const clientUsage = ["1.3.6.1.5.5.7.3.2"];

let ca: CertificateAuthority;
let authority: X509Certificate;

beforeAll(async () => {
  ca = await createCertificateAuthority("test CA");
  authority = new X509Certificate(ca.certificate);
});

test("signs its own certificate as a CA", () => {
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(authority.subject).toBe("CN=test CA");
});

test("signs a server certificate for names and addresses", async () => {
  const { certificate, key } = await ca.createServerCertificate(["ns.example", "127.0.0.1", "::1"]);
  const server = new X509Certificate(certificate);

  expect(server.checkIssued(authority)).toBe(true);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(server.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(server.checkHost("ns.example")).toBe("ns.example");
  expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(server.checkIP("::1")).toBe("::1");
  expect(server.checkHost("other.example")).toBeUndefined();
  expect(server.keyUsage).toEqual(serverUsage);
  expect(server.ca).toBe(false);
});

test.each(["ü".repeat(100), 'a "quoted", b=c+d', "#41"])(
  "signs a client certificate whose Common Name is %s",
  async (name) => {
    const client = new X509Certificate((await ca.createClientCertificate(name)).certificate);

    expect(client.verify(authority.publicKey)).toBe(true);
    expect(client.toLegacyObject().subject.CN).toBe(name);
    expect(client.keyUsage).toEqual(clientUsage);
  },
);

test("an intermediate authority stands between it and a certificate", async () => {
  const intermediate = await ca.createIntermediate("test intermediate");
  const between = new X509Certificate(intermediate.certificate);
  const client = new X509Certificate((await intermediate.createClientCertificate("device-1")).certificate);

  expect(between.ca).toBe(true);
  expect(between.checkIssued(authority)).toBe(true);
  expect(between.verify(authority.publicKey)).toBe(true);
  expect(client.checkIssued(between)).toBe(true);
  expect(client.verify(between.publicKey)).toBe(true);
  expect(client.checkIssued(authority)).toBe(false);
});

test("certificates hold from a day ago, and for 30 days", () => {
  const { validFromDate, validToDate } = authority;

  expect((Date.now() - validFromDate.getTime()) / dayMs).toBeCloseTo(1, 2);
  expect((validToDate.getTime() - Date.now()) / dayMs).toBeCloseTo(30, 2);
});

test("certificates hold when they are told to", async () => {
  const validity = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
  const created = [
    await createCertificateAuthority("dated CA", validity),
    await ca.createIntermediate("dated intermediate", validity),
    await ca.createServerCertificate(["localhost"], validity),
    await ca.createClientCertificate("device-1", validity),
  ];

  for (const { certificate } of created) {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    expect({ notBefore: validFromDate, notAfter: validToDate }).toEqual(validity);
  }
});
