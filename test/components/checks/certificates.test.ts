import { createPrivateKey } from "node:crypto";

import { judgeClientCa, judgeClientCertificate, judgeTrustBundle } from "../../../components/checks/certificates.ts";
import type { CertificateFindings, KnownClientCertificate } from "../../../components/checks/certificates.ts";
import {
  createCertificateAuthority,
  type CertificateAndKey,
  type CertificateAuthority,
} from "../../../emulator/certificates/certificate-authority.ts";

const now = Date.parse("2026-11-27T12:00:00Z");
const year = { notBefore: new Date("2026-06-01T00:00:00Z"), notAfter: new Date("2027-06-01T00:00:00Z") };

let root: CertificateAuthority;
let issuing: CertificateAuthority;
let own: CertificateAndKey;
let other: CertificateAndKey;

beforeAll(async () => {
  root = await createCertificateAuthority("plant root", year);
  issuing = await root.createIntermediate("plant issuing", year);
  own = await issuing.createClientCertificate("oslo-relay", year);
  other = await issuing.createClientCertificate("bergen-relay", year);
});

/** Path, problem and remedy of what was found, without the path that all have in common. */
function lines(found: CertificateFindings["problems"]): string[] {
  return found.map(({ path, problem, remedy }) => `${path.replace("secrets.cert.", "")}: ${problem}; ${remedy}`);
}

function judge(content: KnownClientCertificate, nowMs = now) {
  const { problems, warnings } = judgeClientCertificate("secrets.cert", content, nowMs);
  for (const text of Object.values(content) as string[]) {
    // Not even a line of what was given is shown, where it is no path.
    for (const line of text.split("\n").filter((one) => one.length > 40))
      expect(JSON.stringify([problems, warnings])).not.toContain(line);
  }
  return { problems: lines(problems), warnings: lines(warnings) };
}

const fine = { problems: [], warnings: [] };

test("a certificate with its key, and what is between it and the CA, is fine in each of its forms", () => {
  const { certificate: clientCertificate, key: clientKey } = own;

  expect(judge({ clientCertificate, clientKey })).toEqual(fine);
  expect(judge({ clientCertificate, clientKey, intermediateCertificates: "" })).toEqual(fine);
  expect(judge({ clientCertificate, clientKey, intermediateCertificates: issuing.certificate })).toEqual(fine);
  expect(judge({ clientCertificate: clientCertificate + issuing.certificate, clientKey })).toEqual(fine);
  expect(judge({ clientCertificate: clientCertificate.replaceAll("\n", "\r\n"), clientKey })).toEqual(fine);
});

test("what is not known is not judged", () => {
  expect(judge({ clientCertificate: own.certificate })).toEqual(fine);
  expect(judge({ clientKey: own.key })).toEqual(fine);
  expect(judge({})).toEqual(fine);
});

describe("what stands in the place of a certificate or a key", () => {
  const wantsCertificate = "give the client certificate in PEM format here, and its key as clientKey";
  const wantsKey = "give the private key of the client certificate in PEM format";

  test.each<[string, () => KnownClientCertificate, string]>([
    [
      "a key as certificate",
      () => ({ clientCertificate: own.key, clientKey: own.key }),
      `clientCertificate: is a private key; ${wantsCertificate}`,
    ],
    [
      "a certificate as key",
      () => ({ clientCertificate: own.certificate, clientKey: own.certificate }),
      `clientKey: is a certificate; ${wantsKey}`,
    ],
    [
      "the path of a certificate's file",
      () => ({ clientCertificate: "./certs/oslo.pem", clientKey: own.key }),
      `clientCertificate: is the path of a file, not its content; ${wantsCertificate}`,
    ],
    [
      "the path of a key's file",
      () => ({ clientCertificate: own.certificate, clientKey: "C:\\certs\\oslo.key\n" }),
      `clientKey: is the path of a file, not its content; ${wantsKey}`,
    ],
    [
      "nothing",
      () => ({ clientCertificate: " \n", clientKey: own.key }),
      `clientCertificate: is empty; ${wantsCertificate}`,
    ],
    [
      "another text",
      () => ({ clientCertificate: own.certificate, clientKey: "hunter2-hunter2" }),
      `clientKey: has no private key in PEM format; ${wantsKey}`,
    ],
    [
      "a request for a certificate",
      () => ({ clientCertificate: own.certificate.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST") }),
      `clientCertificate: is a certificate request, which nobody has signed; ${wantsCertificate}`,
    ],
    [
      "an encrypted key",
      () => ({ clientKey: encrypted(own.key) }),
      "clientKey: is an encrypted key, and the relay has no passphrase for it; decrypt it: openssl pkey -in KEY -out NEW_KEY",
    ],
    [
      "a key without line breaks",
      () => ({ clientKey: own.key.replaceAll("\n", "\\n") }),
      `clientKey: has no private key that can be read: it has "\\n" in place of line breaks; ${wantsKey}`,
    ],
    [
      "a certificate without line breaks",
      () => ({ clientCertificate: own.certificate.replaceAll("\n", "\\n") }),
      'clientCertificate: has a certificate that can\'t be read, number 1 (it has "\\n" in place of line breaks); give it whole, in PEM format, with its line breaks',
    ],
    [
      "a key between certificate and CA",
      () => ({ clientCertificate: own.certificate, clientKey: own.key, intermediateCertificates: own.key }),
      "intermediateCertificates: is a private key; give the certificates between the client's own and the CA in PEM format, or leave it out",
    ],
  ])("%s", (_, content, problem) => {
    expect(judge(content())).toEqual({ problems: [problem], warnings: [] });
  });

  test("a certificate that was cut off", () => {
    const [first = "", ...rest] = own.certificate.split("\n");

    const { problems } = judge({ clientCertificate: [first, ...rest.slice(2)].join("\n"), clientKey: own.key });

    expect(problems).toEqual([
      expect.stringMatching(/^clientCertificate: has a certificate that can't be read, number 1 \(.+\); give it whole/),
    ]);
  });
});

test("the key of another certificate is refused, by the certificate's subject", () => {
  expect(judge({ clientCertificate: own.certificate, clientKey: other.key }).problems).toEqual([
    'clientKey: is the key of another certificate than the certificate "oslo-relay" in clientCertificate; give the two that were issued together',
  ]);
});

describe("the client's own certificate comes first", () => {
  const first =
    'clientCertificate: has the certificate "plant issuing" before the client\'s own, the certificate "oslo-relay"; put the client\'s own first, then those between it and the CA';

  test("with its key", () => {
    const clientCertificate = issuing.certificate + own.certificate;

    expect(judge({ clientCertificate, clientKey: own.key }).problems).toEqual([first]);
  });

  test("and without: a CA before what is none", () => {
    expect(judge({ clientCertificate: issuing.certificate + own.certificate }).problems).toEqual([first]);
  });

  test("and is no intermediate one", () => {
    const content = { clientCertificate: issuing.certificate, intermediateCertificates: own.certificate };

    expect(judge({ ...content, clientKey: own.key }).problems).toEqual([
      'clientCertificate: is the certificate "plant issuing", and the client\'s own, the certificate "oslo-relay", is in intermediateCertificates; swap clientCertificate and intermediateCertificates',
    ]);
  });
});

test("intermediate certificates of another CA draw a warning", async () => {
  const stranger = await createCertificateAuthority("other plant", year);
  const content = { clientCertificate: own.certificate, clientKey: own.key };

  expect(judge({ ...content, intermediateCertificates: stranger.certificate })).toEqual({
    problems: [],
    warnings: [
      'intermediateCertificates: has no certificate that signed the client\'s own, the certificate "oslo-relay"; give the one that did, first, or leave it out where the broker knows it',
    ],
  });
});

describe("dates", () => {
  const at = (text: string) => Date.parse(text);
  const given = () => ({ clientCertificate: own.certificate, clientKey: own.key });

  test.each([
    ["2027-05-02T00:00:00Z", []],
    [
      "2027-05-02T00:00:01Z",
      [
        'clientCertificate: has the certificate "oslo-relay", good from 2026-06-01 to 2027-06-01: it ends in 29 days; renew it and its key',
      ],
    ],
    [
      "2026-05-31T00:00:00Z",
      [
        'clientCertificate: has the certificate "oslo-relay", good from 2026-06-01 to 2027-06-01: no broker takes it before; deploy it when it holds, or correct this machine\'s clock',
      ],
    ],
  ])("at %s warn of %j", (time, warnings) => {
    expect(judge(given(), at(time))).toEqual({ problems: [], warnings });
  });

  test("that have passed are refused, in the intermediate certificates too", async () => {
    const old = { notBefore: new Date("2023-03-01T00:00:00Z"), notAfter: new Date("2024-03-01T00:00:00Z") };
    const ended = await root.createIntermediate("old issuing", old);
    const { certificate: clientCertificate, key: clientKey } = await ended.createClientCertificate("oslo-relay", old);

    expect(judge({ clientCertificate, clientKey, intermediateCertificates: ended.certificate })).toEqual({
      problems: [
        'clientCertificate: has the certificate "oslo-relay", good from 2023-03-01 to 2024-03-01: it has ended; renew it and its key',
        'intermediateCertificates: has the certificate "old issuing", good from 2023-03-01 to 2024-03-01: it has ended; give the CA\'s new one',
      ],
      warnings: [],
    });
  });
});

describe("CA certificates that a broker is trusted by", () => {
  const judgeBundle = (text: string, nowMs = now) => {
    const { problems, warnings } = judgeTrustBundle("trustBundles.ca", text, nowMs);
    return { problems: lines(problems), warnings: lines(warnings) };
  };

  test("are one or several, with texts between them", () => {
    expect(judgeBundle(`# plant\n${root.certificate}\n${issuing.certificate}`)).toEqual(fine);
  });

  test("are refused when they are a path, or nothing", () => {
    expect(judgeBundle("/etc/ssl/ca.crt").problems).toEqual([
      "trustBundles.ca: is the path of a file, not its content; give the content of the CA certificates in PEM format",
    ]);
    expect(judgeBundle("").problems).toHaveLength(1);
  });

  test("are refused with a private key, which a ConfigMap would show", () => {
    expect(judgeBundle(root.certificate + own.key).problems).toEqual([
      "trustBundles.ca: has a private key in it, and a ConfigMap keeps no secrets; give the CA certificates alone, and renew that key",
    ]);
  });

  test("are refused when all have ended, and warned of when some have", async () => {
    const old = { notBefore: new Date("2023-03-01T00:00:00Z"), notAfter: new Date("2024-03-01T00:00:00Z") };
    const { certificate } = await createCertificateAuthority("old root", old);
    const ended =
      'trustBundles.ca: has the certificate "old root", good from 2023-03-01 to 2024-03-01: it has ended; give the CA\'s new one';

    expect(judgeBundle(certificate)).toEqual({ problems: [ended], warnings: [] });
    expect(judgeBundle(certificate + root.certificate)).toEqual({ problems: [], warnings: [ended] });
  });
});

describe("the CA certificate that Event Grid judges clients by", () => {
  const judgeCa = (text: string, nowMs = now) => {
    const { problems, warnings } = judgeClientCa("ca", text, nowMs);
    return { problems: lines(problems), warnings: lines(warnings) };
  };
  const one = "give the one CA certificate that signed the clients' own";

  test("is a CA's, and one alone", () => {
    expect(judgeCa(issuing.certificate)).toEqual(fine);
    expect(judgeCa(issuing.certificate + root.certificate).problems).toEqual([
      `ca: has 2 certificates in PEM format; ${one}`,
    ]);
    expect(judgeCa(own.certificate).problems).toEqual([
      `ca: is the certificate "oslo-relay", which is no CA certificate; ${one}`,
    ]);
    expect(judgeCa("plant-ca.pem").problems).toEqual([`ca: is the path of a file, not its content; ${one}`]);
    expect(judgeCa(issuing.certificate + own.key).problems).toEqual([`ca: has a private key in it; ${one}`]);
  });

  test("holds long enough", () => {
    expect(judgeCa(issuing.certificate, Date.parse("2027-05-20T00:00:00Z")).warnings).toEqual([
      'ca: has the certificate "plant issuing", good from 2026-06-01 to 2027-06-01: it ends in 12 days; give the CA\'s new one',
    ]);
    expect(judgeCa(issuing.certificate, Date.parse("2027-06-02T00:00:00Z")).problems).toEqual([
      'ca: has the certificate "plant issuing", good from 2026-06-01 to 2027-06-01: it has ended; give the CA\'s new one',
    ]);
  });
});

function encrypted(key: string): string {
  const options = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hunter2-hunter2" } as const;
  return createPrivateKey(key).export(options).toString();
}
