import * as pulumi from "@pulumi/pulumi";

import { checkVault } from "../../../components/checks/vault.ts";
import type { SecretSyncArgs, VaultArgs } from "../../../components/index.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const identity = { clientId: id, tenantId: id, oidcIssuerUrl: "https://oidc.example/oslo" };
const secretSync: SecretSyncArgs = { vaultName: "kv-plants", identity };
const historian = { clientCertificate: "historian-cert", clientKey: "historian-key" };
const externalSecrets = { storeName: "plants" };
const vaultId = (name: string) => `/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/${name}`;

function pathsOf(vault: VaultArgs, secretRefs: readonly string[] = []): string[] {
  return checkVault("vault", vault, secretRefs).map(({ path }) => path);
}

test("what is whole is fine, and so is a relay without a vault", () => {
  expect(checkVault("vault", undefined, ["historian"])).toEqual([]);
  expect(pathsOf({ secrets: { historian }, secretSync }, ["login"])).toEqual([]);
  expect(pathsOf({ secrets: { historian }, externalSecrets })).toEqual([]);
});

test("exactly one thing fetches its Secrets, and there is one at least", () => {
  expect(pathsOf({ secrets: { historian } })).toEqual(["vault"]);
  expect(pathsOf({ secrets: { historian }, secretSync, externalSecrets })).toEqual(["vault"]);
  expect(pathsOf({ secrets: {}, secretSync })).toEqual(["vault.secrets"]);
});

test("one Secret has one owner within a relay", () => {
  expect(checkVault("vault", { secrets: { historian }, externalSecrets }, ["historian"])).toEqual([
    {
      path: "vault.secrets.historian",
      problem: "is created from the program too, in secrets",
      remedy: "remove one of them, or give this one another name and its endpoint with it",
      rule: "vault",
    },
  ]);
});

test("a Secret has a name and what its method reads there", () => {
  expect(pathsOf({ secrets: { Historian: historian }, externalSecrets })).toEqual(["vault.secrets.Historian"]);
  expect(pathsOf({ secrets: { historian: {} }, externalSecrets })).toEqual(["vault.secrets.historian"]);
  expect(pathsOf({ secrets: { login: { username: "name" } }, externalSecrets })).toEqual([
    "vault.secrets.login.password",
  ]);
});

test.each<[string, VaultArgs]>([
  ["Key Vault", { secrets: { a: { accessToken: "-----BEGIN hunter2" }, b: { accessToken: "hunter2!" } }, secretSync }],
  ["a store", { secrets: { a: { accessToken: "hun ter2" }, b: { accessToken: "hunter2\n" } }, externalSecrets }],
])("what is no name in %s is refused and not shown: it may be the secret itself", (_, vault) => {
  const found = checkVault("vault", vault, []);

  expect(found.map(({ path }) => path)).toEqual(["vault.secrets.a.accessToken", "vault.secrets.b.accessToken"]);
  expect(JSON.stringify(found)).not.toMatch(/hun ?ter2/);
});

test("a store may call its contents what Key Vault does not", () => {
  const secrets = { login: { username: "secret/plants/historian", password: "historian_password" } };

  expect(pathsOf({ secrets, externalSecrets })).toEqual([]);
  expect(pathsOf({ secrets, secretSync })).toEqual(["vault.secrets.login.username", "vault.secrets.login.password"]);
});

test.each([
  ["kv-plants", undefined],
  ["https://kv-plants.vault.azure.net/", 'set it to "kv-plants"'],
  ["kv", 'give 3 to 24 letters, digits and "-"'],
  ["kv--plants", 'give 3 to 24 letters, digits and "-"'],
  ["1plants", 'give 3 to 24 letters, digits and "-"'],
])("%s as the name of a Key Vault: %p", (vaultName, remedy) => {
  const found = checkVault("vault", { secrets: { historian }, secretSync: { ...secretSync, vaultName } }, []);

  expect(found[0]?.remedy).toBe(remedy);
});

test("something has the identity trust the service account, and only one thing", () => {
  const untrusted = { clientId: id, tenantId: id };
  const of = (changed: Partial<SecretSyncArgs>) =>
    pathsOf({ secrets: { historian }, secretSync: { ...secretSync, ...changed } });

  expect(of({ identity: untrusted })).toEqual(["vault.secretSync.identity.oidcIssuerUrl"]);
  expect(of({ serviceAccountName: "aio-ssc-sa" })).toEqual(["vault.secretSync.identity.oidcIssuerUrl"]);
  expect(of({ identity: untrusted, serviceAccountName: "aio-ssc-sa" })).toEqual([]);
  expect(of({ identity: untrusted, serviceAccountName: "AIO" })).toEqual(["vault.secretSync.serviceAccountName"]);
});

test("roles need a principal and the vault's own ID", () => {
  const of = (changed: Partial<SecretSyncArgs>) =>
    pathsOf({ secrets: { historian }, secretSync: { ...secretSync, ...changed } });
  const withPrincipal = { ...identity, principalId: "p" };

  expect(of({ identity: withPrincipal, vaultId: vaultId("KV-plants") })).toEqual([]);
  expect(of({ identity: withPrincipal })).toEqual(["vault.secretSync.vaultId"]);
  expect(of({ vaultId: vaultId("kv-plants") })).toEqual(["vault.secretSync.vaultId"]);
  expect(of({ identity: withPrincipal, vaultId: vaultId("kv-other") })).toEqual(["vault.secretSync.vaultId"]);
  expect(of({ identity: withPrincipal, vaultId: "kv-plants" })).toEqual(["vault.secretSync.vaultId"]);
});

test("a store has a name, and is asked again", () => {
  const of = (changed: object) =>
    pathsOf({ secrets: { historian }, externalSecrets: { ...externalSecrets, ...changed } });

  expect(of({ storeName: "Plants" })).toEqual(["vault.externalSecrets.storeName"]);
  expect(of({ refreshIntervalSeconds: 0 })).toEqual(["vault.externalSecrets.refreshIntervalSeconds"]);
  expect(of({ refreshIntervalSeconds: 0.5 })).toEqual(["vault.externalSecrets.refreshIntervalSeconds"]);
});

test("what only the deployment tells is not judged", () => {
  const later = pulumi.output(Promise.resolve("https://"));
  const unknown = { vaultName: later, identity: { ...identity, principalId: later }, vaultId: later };

  expect(pathsOf({ secrets: { historian: { accessToken: later } }, secretSync: unknown })).toEqual([]);
  expect(pathsOf({ secrets: { historian }, externalSecrets: { storeName: later } })).toEqual([]);
});
