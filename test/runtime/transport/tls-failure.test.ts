import { X509Certificate } from "node:crypto";

import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../../emulator/certificates/certificate-authority.ts";
import { describeStreamError, explainServerCertificate } from "../../../runtime/transport/tls-failure.ts";

const day = 86_400_000;
const nowMs = Date.now();
let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await createCertificateAuthority("plant CA");
});

async function chainOf(hostNames: readonly string[], from: CertificateAuthority): Promise<X509Certificate[]> {
  return [new X509Certificate((await from.createServerCertificate(hostNames)).certificate)];
}

describe("explainServerCertificate", () => {
  test("names the certificate of the chain that expired, not the server's own", async () => {
    const validity = { notBefore: new Date(nowMs - 9 * day), notAfter: new Date(nowMs - day) };
    const between = await authority.createIntermediate("plant intermediate", validity);
    const chain = [...(await chainOf(["broker.example"], between)), new X509Certificate(between.certificate)];

    const text = explainServerCertificate(chain, "CERT_HAS_EXPIRED", { hostname: "broker.example", nowMs });

    expect(text).toMatch(
      /^the server's certificate "plant intermediate" expired at \S+Z \(this machine's clock says \S+Z\); renew it, or correct the clock$/,
    );
  });

  test("names a trusted CA that expired", async () => {
    const old = await createCertificateAuthority("old CA", {
      notBefore: new Date(nowMs - 9 * day),
      notAfter: new Date(nowMs - day),
    });
    const chain = await chainOf(["broker.example"], old);
    const check = { hostname: "broker.example", nowMs, ca: [old.certificate] };

    expect(explainServerCertificate(chain, "CERT_HAS_EXPIRED", check)).toContain('"old CA" expired at');
  });

  test("tells another CA of the same name from an unknown one", async () => {
    const chain = await chainOf(["broker.example"], authority);
    const sameName = await createCertificateAuthority("plant CA");
    const explain = (ca: string) =>
      explainServerCertificate(chain, "UNABLE_TO_VERIFY_LEAF_SIGNATURE", { hostname: "h", nowMs, ca: [ca] });

    expect(explain(sameName.certificate)).toContain('does not come from the CA "plant CA" that is trusted here');
    const { certificate } = await createCertificateAuthority("other CA");
    expect(explain(certificate)).toContain('comes from the CA "plant CA", and only "other CA" is trusted');
  });

  test("lists the names that a certificate is for", async () => {
    const chain = await chainOf(["other.example", "10.0.0.7"], authority);

    expect(explainServerCertificate(chain, "ERR_TLS_CERT_ALTNAME_INVALID", { hostname: "broker.example", nowMs })).toBe(
      'the server\'s certificate "other.example" is for "other.example", "10.0.0.7", and not for "broker.example"; correct host, or the certificate',
    );
  });

  test("has a word for a server without a certificate", () => {
    expect(explainServerCertificate([], "X", { hostname: "h", nowMs })).toContain("showed no certificate");
  });
});

describe("describeStreamError", () => {
  const alert = (number: number) =>
    Object.assign(new Error(`40EDC9:error:0A00:SSL routines:f:some alert:a.c:918:SSL alert number ${number}\n`), {
      library: "SSL routines",
      reason: "some alert",
    });

  test.each([
    [48, /refused the client certificate: its CA is not known there; register/],
    [45, /refused the client certificate: it has expired by the server's clock;/],
    [116, /demands a client certificate; set authentication\.method/],
    [112, /serves no host of that name \(SNI\); correct host/],
    [255, /^the server ended TLS: some alert$/],
  ])("says what alert %d means", (number, text) => {
    expect(describeStreamError(alert(number))).toMatch(text);
  });

  test.each([
    [
      "ECONNREFUSED",
      "connect ECONNREFUSED 127.0.0.1:1: nothing listens there; start the broker, or correct host and port",
    ],
    ["EOTHER", "connect EOTHER 127.0.0.1:1"],
  ])("adds to %s what to do, where something is known", (code, text) => {
    expect(describeStreamError(Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code }))).toBe(text);
  });

  test("takes a reset for the end of the handshake where there was one", () => {
    const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

    expect(describeStreamError(cause, true)).toMatch(/^the connection was closed during the TLS handshake; /);
    expect(describeStreamError(cause)).toBe("read ECONNRESET");
  });

  test("leaves what is no error as it is", () => {
    expect(describeStreamError("gone")).toBe("gone");
  });
});
