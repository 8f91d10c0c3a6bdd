import { readFileSync } from "node:fs";

import { untilTrue } from "../support/patience.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient } from "./support/kubernetes/client.ts";
import { createProgramStack } from "./support/program-stack.ts";
import type { ProgramStack } from "./support/program-stack.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";
import type { Values } from "./support/values.ts";

const namespace = "vault";
const id = "00000000-0000-0000-0000-0000000000c1";
const group = `${subscription}/resourceGroups/rg-oslo/providers`;
const identityId = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/id-vault`;
const vaultId = `${group}/Microsoft.KeyVault/vaults/kv-plants`;

const secrets = { "historian-client": { clientCertificate: "historian-cert", clientKey: "historian-key" } };
const identity = {
  clientId: id,
  tenantId: id,
  principalId: id,
  resourceGroupName: "rg-oslo",
  identityName: "id-vault",
  oidcIssuerUrl: "https://oidc.example/oslo",
};
const secretSync = { vaultName: "kv-plants", vaultId, identity };

const text = { type: "string", minLength: 1 };
const texts = { type: "object", additionalProperties: { type: "string" } };
const object = (properties: Values, ...required: readonly string[]): Values => ({
  type: "object",
  properties,
  required,
});
const list = (items: Values): Values => ({ type: "array", minItems: 1, items });

/**
 * What the objects of both ways have to have, by kind: stricter than the definitions that they come with, so that nothing goes unseen.
 * @see Kubernetes SIGs, secrets-store-sync-controller, and External Secrets Operator, custom resource definitions (2026-08)
 */
const kinds = {
  SecretProviderClass: {
    group: "secrets-store.csi.x-k8s.io",
    version: "v1",
    plural: "secretproviderclasses",
    spec: object({ provider: { type: "string", enum: ["azure"] }, parameters: texts }, "provider", "parameters"),
  },
  SecretSync: {
    group: "secret-sync.x-k8s.io",
    version: "v1alpha1",
    plural: "secretsyncs",
    spec: object(
      {
        serviceAccountName: text,
        secretProviderClassName: text,
        secretObject: object(
          {
            type: text,
            labels: texts,
            data: list(object({ sourcePath: text, targetKey: text }, "sourcePath", "targetKey")),
          },
          "data",
        ),
        forceSynchronization: text,
      },
      "serviceAccountName",
      "secretProviderClassName",
      "secretObject",
    ),
  },
  ExternalSecret: {
    group: "external-secrets.io",
    version: "v1",
    plural: "externalsecrets",
    spec: object(
      {
        refreshInterval: text,
        secretStoreRef: object({ name: text, kind: text }, "name"),
        target: object({ name: text, creationPolicy: text, deletionPolicy: text }),
        data: list(object({ secretKey: text, remoteRef: object({ key: text }, "key") }, "secretKey", "remoteRef")),
      },
      "secretStoreRef",
      "data",
    ),
  },
} as const;

/* A relay whose Secret comes from a vault, from the first update to the end; each test goes on from the one before it. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  let stack: ProgramStack;
  const open = () => openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
  const listed = async (kind: keyof typeof kinds) =>
    cluster.list(`${kinds[kind].group}/${kinds[kind].version}`, kind, namespace);
  const specOf = async (kind: keyof typeof kinds) => {
    const apiVersion = `${kinds[kind].group}/${kinds[kind].version}`;
    return (await cluster.get({ apiVersion, kind, metadata: { name: "historian-client", namespace } }))?.["spec"];
  };
  const generationOfSet = async () => {
    const [set] = await cluster.all("apps/v1", "StatefulSet", namespace);
    return set?.metadata["generation"];
  };

  beforeAll(async () => {
    cluster = open();
    for (const kind of Object.keys(kinds)) await define(cluster, kind as keyof typeof kinds);
    await createNamespace(cluster, namespace);
    for (const [kind, { group: of, version }] of Object.entries(kinds)) {
      const any = { apiVersion: `${of}/${version}`, kind, metadata: { name: "any", namespace } };
      // What an open cluster has found of a group it keeps.
      await untilTrue(`the API server's kind ${kind}`, () => open().knows(any));
    }
    cluster = open();
    installation = await installPulumi({ pulumi, kubeconfig: process.env[kubeconfigVariable] ?? "" });
    installation.arm.set(identityId, { name: "id-vault" });
    installation.arm.set(vaultId, { name: "kv-plants" });
    stack = await createProgramStack(installation, "vault", "oslo");
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  test("the API server takes what secret sync reads, and the identity trusts the service account by the name that it got", async () => {
    stack.configure({ vault: { secrets, secretSync } });

    await stack.succeed("up", "--yes", "--skip-preview");

    expect(await listed("SecretProviderClass")).toEqual(["historian-client"]);
    expect(await specOf("SecretSync")).toMatchObject({
      secretProviderClassName: "historian-client",
      secretObject: {
        data: [
          { sourcePath: "historian-cert", targetKey: "client_cert.pem" },
          { sourcePath: "historian-key", targetKey: "client_key.pem" },
        ],
      },
      forceSynchronization: expect.any(String) as string,
    });
    const accounts = await cluster.list("v1", "ServiceAccount", namespace);
    const [account] = accounts.filter((name) => name.startsWith("oslo-relay-vault"));
    const credentials = installation.arm.ids.filter((one) => one.includes("/federatedIdentityCredentials/"));
    expect(credentials.map((one) => installation.arm.get(one)?.["subject"])).toEqual([
      `system:serviceaccount:${namespace}:${account}`,
    ]);
    expect(installation.arm.ids.filter((one) => one.includes("/roleAssignments/"))).toHaveLength(2);
    await stack.succeed("preview", "--expect-no-changes");
  });

  test("a look at once changes the SecretSync in place, and no pod", async () => {
    const before = await generationOfSet();
    stack.configure({ vault: { secrets, secretSync: { ...secretSync, syncNow: "again" } } });

    const shown = await stack.succeed("preview", "--diff");
    await stack.succeed("up", "--yes", "--skip-preview");

    expect(shown).toMatch(/~ kubernetes:secret-sync\.x-k8s\.io\/v1alpha1:SecretSync: \(update\)/);
    expect(shown.match(/[~+-] kubernetes:\S+/g)).toHaveLength(1);
    expect(await generationOfSet()).toBe(before);
  });

  test("External Secrets takes its place in one update, and leaves nothing of the other way", async () => {
    stack.configure({ vault: { secrets, externalSecrets: { storeName: "plants" } } });

    await stack.succeed("up", "--yes", "--skip-preview");

    expect(await specOf("ExternalSecret")).toEqual({
      refreshInterval: "3600s",
      secretStoreRef: { name: "plants", kind: "ClusterSecretStore" },
      target: { name: "historian-client", creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: [
        { secretKey: "client_cert.pem", remoteRef: { key: "historian-cert" } },
        { secretKey: "client_key.pem", remoteRef: { key: "historian-key" } },
      ],
    });
    expect(await listed("SecretSync")).toEqual([]);
    expect(await listed("SecretProviderClass")).toEqual([]);
    expect(installation.arm.ids).toEqual([identityId, vaultId]);
  });

  test("nothing of it outlives the stack", async () => {
    await stack.succeed("destroy", "--yes", "--skip-preview");

    expect(await listed("ExternalSecret")).toEqual([]);
    expect(await cluster.list("apps/v1", "StatefulSet", namespace)).toEqual([]);
  });
});

/** Tells the API server of a kind, of which it keeps the known fields and no others. */
async function define(cluster: KubernetesClient, kind: keyof typeof kinds): Promise<void> {
  const { group: of, version, plural, spec } = kinds[kind];
  await cluster.create({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${of}` },
    spec: {
      group: of,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: "Namespaced",
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: object({ spec }, "spec") } }],
    },
  });
}
