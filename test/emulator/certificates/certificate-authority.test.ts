import { X509Certificate } from "node:crypto";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";

const ca = createCertificateAuthority("test CA", 10);
const authority = new X509Certificate(ca.certificate);

test("signs its own certificate as a CA", () => {
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  expect(authority.subject).toBe("CN=test CA");
});

test("signs a server certificate for names and addresses", () => {
  const server = new X509Certificate(ca.createServerCertificate(["ns.example", "127.0.0.1"]).certificate);

  expect(server.checkIssued(authority)).toBe(true);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(server.checkHost("ns.example")).toBe("ns.example");
  expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(server.checkHost("other.example")).toBeUndefined();
  expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
});

test("signs a client certificate with a common name of any length", () => {
  const name = "ü".repeat(100);

  const client = new X509Certificate(ca.createClientCertificate(name).certificate);

  expect(client.verify(authority.publicKey)).toBe(true);
  expect(client.toLegacyObject().subject.CN).toBe(name);
  expect(client.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
});

test("lets certificates hold as long as it is told", () => {
  expect(new Date(authority.validTo).getTime() - Date.now()).toBeLessThanOrEqual(10 * 24 * 60 * 60 * 1000);
});

test("refuses IPv6 addresses, which it cannot write", () => {
  expect(() => ca.createServerCertificate(["::1"])).toThrow("IPv6");
});
