import { createClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { needlesOf } from "./needles.ts";

const isFound = (secret: string, output: string) => needlesOf(secret).some((needle) => output.includes(needle));

describe("a password is found", () => {
  const password = 'p?ss w>rd"1~ÿ';

  test.each<[string, (secret: string) => string]>([
    ["as it is", (secret) => `password ${secret}!`],
    ["in a URL", (secret) => `http://plant:${encodeURIComponent(secret)}@proxy.example`],
    ["in a form", (secret) => new URLSearchParams({ user: "plant", secret }).toString()],
    ["in a line of JSON", (secret) => JSON.stringify({ secret })],
    ["in Base64", (secret) => Buffer.from(secret).toString("base64")],
    ["in Base64 for URLs", (secret) => Buffer.from(secret).toString("base64url")],
    ["in Base64 behind one character", (secret) => Buffer.from(`:${secret}\n`).toString("base64")],
    ["in Base64 behind two characters", (secret) => Buffer.from(`u:${secret}, more`).toString("base64")],
    ["in Base64 behind three characters", (secret) => Buffer.from(`us:${secret}`).toString("base64")],
  ])("%s", (_, put) => {
    expect(isFound(password, put(password))).toBe(true);
    expect(isFound(password, put("something else"))).toBe(false);
  });
});

test("a token is found by its signature, and its claims alone are no secret", async () => {
  const issuer = await createClusterIssuer();
  const token = await issuer.createToken({ namespace: "plant", serviceAccount: "relay", audiences: ["a"] });
  const [header, claims, signature] = token.split(".");

  expect(isFound(token, `Bearer ${token}`)).toBe(true);
  expect(isFound(token, `…${signature}`)).toBe(true);
  expect(isFound(token, Buffer.from(`Bearer ${token}`).toString("base64"))).toBe(true);
  expect(isFound(token, `${header}.${claims}`)).toBe(false);
});

test("a private key is found by any of its lines, and the certificate beside it is no secret", async () => {
  const { certificate, key } = await (await createCertificateAuthority()).createClientCertificate("relay");
  const secret = `${certificate}${key}`;

  for (const line of key.trim().split("\n").slice(1, -1)) expect(isFound(secret, `key: ${line}`)).toBe(true);
  expect(isFound(secret, certificate)).toBe(false);
});
