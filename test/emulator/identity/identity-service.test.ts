import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose";

import { createCertificateAuthority } from "../../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer, serviceAccountSubject } from "../../../emulator/identity/cluster-issuer.ts";
import type { ClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createIdentityService } from "../../../emulator/identity/identity-service.ts";
import type { IdentityService, IdentityServiceOptions } from "../../../emulator/identity/identity-service.ts";
import { createArcServer, findArcServer, type ArcServer } from "../../support/arc-server.ts";
import { describeWithPart } from "../../support/real-parts.ts";
import { removeTemporaryFolders } from "../../support/temporary-folder.ts";

const run = promisify(execFile);
const azureIdentity = createRequire(__filename).resolve("@azure/identity");
const tenantId = "22222222-2222-2222-2222-222222222222";
const clientId = "33333333-3333-3333-3333-333333333333";
const principalId = "44444444-4444-4444-4444-444444444444";
const scope = "https://eventgrid.azure.net/.default";

let folder: string;
let issuer: ClusterIssuer;
let options: IdentityServiceOptions;
let service: IdentityService;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "identity-"));
  issuer = await createClusterIssuer();
  const ca = await createCertificateAuthority();
  const subject = serviceAccountSubject("factory", "relay");
  const federatedCredentials = [{ issuer: issuer.issuer, subject, keySet: issuer.keySet }];
  const tls = await ca.createServerCertificate(["localhost"]);
  options = { tenantId, identities: [{ clientId, principalId, federatedCredentials }], tls };
  service = await createIdentityService({ ...options, arcKeyFolder: join(folder, "elsewhere") });
  await writeFile(join(folder, "ca.crt"), ca.certificate);
});

afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

/** Runs the real @azure/identity in a process of its own, as the relay does, and returns its token or its error. */
async function getToken(
  credential: string,
  environment: Record<string, string>,
  within: ArcServer["within"] = (program, args) => [program, [...args]],
): Promise<string> {
  const script = `
    const { WorkloadIdentityCredential, ManagedIdentityCredential } = require(${JSON.stringify(azureIdentity)});
    const credential = ${credential};
    credential.getToken(${JSON.stringify(scope)}).then(
      ({ token }) => process.stdout.write(token),
      (error) => process.stdout.write("error: " + error.message),
    );`;
  const [command, args] = within(process.execPath, ["-e", script]);
  const { stdout } = await run(command, args, { env: { PATH: process.env.PATH, ...environment } });
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

test("asks whoever wants an Arc-enabled server's token for a key of a file, each time another one, and once", async () => {
  const keyFolder = join(folder, "arc");
  const arc = await createIdentityService({ ...options, arcKeyFolder: keyFolder });
  const url = `${arc.arcEnvironment.IDENTITY_ENDPOINT}?resource=x`;
  const ask = async (authorization?: string) => {
    const headers = { Metadata: "true", ...(authorization === undefined ? {} : { authorization }) };
    const { status, headers: answered } = await fetch(url, { headers });
    return { status, file: answered.get("www-authenticate")?.replace("Basic realm=/var/opt/azcmagent/tokens/", "") };
  };

  const [first, second] = [await ask(), await ask("Basic wrong")];
  const key = await readFile(join(keyFolder, first.file!), "utf8");
  const answers = [await ask(`Basic ${key}`), await ask(`Basic ${key}`)];

  expect([first, second, ...answers].map(({ status }) => status)).toEqual([401, 401, 200, 401]);
  expect(new Set([first.file, second.file, answers[1]?.file]).size).toBe(3);
  expect((await fetch(url)).status).toBe(400);
  expect(await readdir(keyFolder)).not.toContain(first.file);
  await arc.close();
  expect(await readdir(keyFolder)).toEqual([]);
});

describeWithPart(
  "unshare",
  (unshare) => {
    let server: ArcServer;
    let arc: IdentityService;

    beforeAll(async () => {
      server = await createArcServer(unshare);
      arc = await createIdentityService({ ...options, arcKeyFolder: server.keyFolder });
    });

    afterAll(async () => {
      await arc.close();
      server.end();
      removeTemporaryFolders();
    });

    test.each([
      ["its own identity", "new ManagedIdentityCredential()"],
      ["an identity that was assigned to it", `new ManagedIdentityCredential(${JSON.stringify({ clientId })})`],
    ])("gives ManagedIdentityCredential a token in the way of an Arc-enabled server: %s", async (_, credential) => {
      const token = await getToken(credential, arc.arcEnvironment, server.within);

      const { payload } = await jwtVerify(token, createLocalJWKSet(arc.keySet), { issuer: arc.issuer });
      expect(payload).toMatchObject({ aud: "https://eventgrid.azure.net", oid: principalId });
      expect(await readdir(server.keyFolder)).toEqual([]);
    });

    test("gives none to a ManagedIdentityCredential that does not find the key", async () => {
      const answer = await getToken("new ManagedIdentityCredential()", service.arcEnvironment, server.within);

      expect(answer).toMatch(/^error: .*unable_to_read_secret_file/s);
    });
  },
  findArcServer,
);

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
