import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer, serviceAccountSubject } from "../../../emulator/identity/cluster-issuer.ts";
import type { ClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createIdentityService } from "../../../emulator/identity/identity-service.ts";
import type { IdentityService } from "../../../emulator/identity/identity-service.ts";

const run = promisify(execFile);
const azureIdentity = createRequire(__filename).resolve("@azure/identity");
const tenantId = "22222222-2222-2222-2222-222222222222";
const clientId = "33333333-3333-3333-3333-333333333333";
const principalId = "44444444-4444-4444-4444-444444444444";
const scope = "https://eventgrid.azure.net/.default";

let folder: string;
let issuer: ClusterIssuer;
let service: IdentityService;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "identity-"));
  issuer = await createClusterIssuer();
  const ca = await createCertificateAuthority();
  const subject = serviceAccountSubject("factory", "relay");
  service = await createIdentityService({
    tenantId,
    identities: [
      {
        clientId,
        principalId,
        federatedCredentials: [{ issuer: issuer.issuer, subject, keySet: issuer.keySet }],
      },
    ],
    tls: await ca.createServerCertificate(["localhost"]),
  });
  await writeFile(join(folder, "ca.crt"), ca.certificate);
});

afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

/** Runs the real @azure/identity in a process of its own, as the relay does, and returns its token or its error. */
async function getToken(credential: string, environment: Record<string, string>): Promise<string> {
  const script = `
    const { WorkloadIdentityCredential, ManagedIdentityCredential } = require(${JSON.stringify(azureIdentity)});
    const credential = ${credential};
    credential.getToken(${JSON.stringify(scope)}).then(
      ({ token }) => process.stdout.write(token),
      (error) => process.stdout.write("error: " + error.message),
    );`;
  const { stdout } = await run(process.execPath, ["-e", script], { env: { PATH: process.env.PATH, ...environment } });
  return stdout;
}

async function withWorkloadIdentity(token: { serviceAccount: string; audiences: string[] }): Promise<string> {
  const tokenFile = join(folder, `${token.serviceAccount}-${token.audiences.join("").length}`);
  await writeFile(tokenFile, await issuer.createToken({ namespace: "factory", ...token }));
  const { authorityHost } = service;
  const options = { tenantId, clientId, tokenFilePath: tokenFile, authorityHost, disableInstanceDiscovery: true };
  return getToken(`new WorkloadIdentityCredential(${JSON.stringify(options)})`, {
    NODE_EXTRA_CA_CERTS: join(folder, "ca.crt"),
  });
}

async function verify(token: string) {
  return (await jwtVerify(token, createLocalJWKSet(service.keySet), { issuer: service.issuer })).payload;
}

const exchangeAudience = "api://AzureADTokenExchange";

test("gives WorkloadIdentityCredential a token for its principal", async () => {
  const token = await withWorkloadIdentity({ serviceAccount: "relay", audiences: [exchangeAudience] });

  expect(await verify(token)).toMatchObject({ aud: "https://eventgrid.azure.net", oid: principalId, tid: tenantId });
});

test.each([
  ["another service account", { serviceAccount: "other", audiences: [exchangeAudience] }, "the subject is"],
  ["another audience", { serviceAccount: "relay", audiences: ["aio-internal"] }, '"aud"'],
])("refuses WorkloadIdentityCredential the token of %s", async (_, token, expected) => {
  const answer = await withWorkloadIdentity(token);

  expect(answer).toContain("error:");
  expect(answer).toContain(expected);
});

test("gives ManagedIdentityCredential a token in the way of App Service", async () => {
  const credential = `new ManagedIdentityCredential(${JSON.stringify({ clientId })})`;

  const token = await getToken(credential, service.appServiceEnvironment);

  expect(await verify(token)).toMatchObject({ aud: "https://eventgrid.azure.net", oid: principalId });
});

test("gives ManagedIdentityCredential a token in the way of a virtual machine, its own identity included", async () => {
  const token = await getToken("new ManagedIdentityCredential()", service.imdsEnvironment);

  expect(await verify(token)).toMatchObject({ aud: "https://eventgrid.azure.net", oid: principalId });
});

test("makes tokens without HTTP, with the lifetime that holds now", async () => {
  service.tokenLifetimeSeconds = 5;

  const { exp = 0, iat = 0, aud } = decodeJwt(await service.createToken(clientId, "https://eventgrid.azure.net"));

  service.tokenLifetimeSeconds = 3600;
  expect(exp - iat).toBe(5);
  expect(aud).toBe("https://eventgrid.azure.net");
});

test("makes no token for a client ID that it does not know", async () => {
  await expect(service.createToken("nobody", "x")).rejects.toThrow('client ID "nobody" has no identity');
});

test.each([
  ["/msi/token?resource=x", {}, 401],
  ["/metadata/identity/oauth2/token?resource=x", {}, 400],
  ["/metadata/identity/oauth2/token?resource=x&client_id=nobody", { Metadata: "true" }, 400],
  ["/another-tenant/v2.0/.well-known/openid-configuration", {}, 400],
  [`/${tenantId}/nothing`, {}, 404],
])("answers %s with %j by status %i", async (path, headers, status) => {
  const response = await fetch(`${service.imdsEnvironment.AZURE_POD_IDENTITY_AUTHORITY_HOST}${path}`, { headers });

  expect(response.status).toBe(status);
});
