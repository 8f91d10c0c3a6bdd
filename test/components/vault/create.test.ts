import * as pulumi from "@pulumi/pulumi";

import { CustomEndpoint, MqttBridge, Relay } from "../../../components/index.ts";
import type { MqttBridgeArgs, RelayArgs, SecretSyncArgs, VaultArgs } from "../../../components/index.ts";
import { baseDeclaration } from "../../../doc/checks/declaration.ts";
import { instance, noteRegistrations, telemetry } from "../aio/declaration.ts";
import type { Registration } from "../aio/declaration.ts";
import { deploy, inventory, only } from "../mocks.ts";
import type { Deployed } from "../mocks.ts";

const types = {
  account: "kubernetes:core/v1:ServiceAccount",
  external: "kubernetes:external-secrets.io/v1:ExternalSecret",
  federation: "azure-native:managedidentity:FederatedIdentityCredential",
  providerClass: "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
  role: "azure-native:authorization:RoleAssignment",
  set: "kubernetes:apps/v1:StatefulSet",
  sync: "kubernetes:secret-sync.x-k8s.io/v1alpha1:SecretSync",
};

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";
const vaultId = `${subscription}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-plants`;
const id = "00000000-0000-0000-0000-0000000000c1";
const trusting = { resourceGroupName: "rg-id", identityName: "id-vault", oidcIssuerUrl: "https://oidc.example/oslo" };
const secretSync: SecretSyncArgs = { vaultName: "kv-plants", identity: { clientId: id, tenantId: id, ...trusting } };
const historian = { clientCertificate: "historian-cert", clientKey: "historian-key" };
const vault: VaultArgs = { secrets: { historian }, secretSync };
const externalSecrets = { storeName: "plants" };

const metadata = {
  namespace: "azure-iot-operations",
  labels: {
    "app.kubernetes.io/name": "mqtt-dataflow-relay",
    "app.kubernetes.io/instance": "oslo",
    "app.kubernetes.io/part-of": "mqtt-dataflow",
    "app.kubernetes.io/managed-by": "pulumi",
  },
};

/** A relay between two brokers, one of which wants a client certificate. */
function createRelay(changed: Partial<RelayArgs>): Relay {
  const old = new CustomEndpoint("oslo-old", {
    host: "mqtt.example.com:8883",
    authenticationMethod: "X509Certificate",
    clientIdPrefix: "oslo-",
    secretRef: "historian",
  });
  const other = new CustomEndpoint("oslo-other", {
    host: "other.example.com:8883",
    authenticationMethod: "Anonymous",
    clientIdPrefix: "oslo-",
  });
  const dataflow = { source: "old", dataSources: ["plant/#"], destination: "other", dataDestination: "${inputTopic}" };
  return new Relay("oslo", {
    image: "relay:1",
    endpoints: { old, other },
    dataflows: { upward: dataflow },
    ...changed,
  });
}

/** What is registered for a vault beside the rest of a relay. */
function ofVault(deployed: Deployed<unknown>): string[] {
  return inventory(deployed).filter((one) => /:ExternalSecret |:Secret|RoleAssignment|Federated|-vault/.test(one));
}

async function registrationsOf(program: () => unknown): Promise<ReadonlyMap<string, Registration>> {
  const { result } = await deploy(() => {
    const noted = noteRegistrations();
    program();
    return noted;
  });
  return result;
}

describe("secret sync", () => {
  test("has a class and a sync for each Secret, a service account of its own, and its trust", async () => {
    const login = { username: "login-name", password: "login-password" };
    const deployed = await deploy(() => createRelay({ vault: { ...vault, secrets: { historian, login } } }));

    expect(ofVault(deployed)).toEqual([
      `${types.federation} oslo-vault-fic`,
      `${types.account} oslo-vault`,
      `${types.sync} oslo-historian`,
      `${types.sync} oslo-login`,
      `${types.providerClass} oslo-historian-class`,
      `${types.providerClass} oslo-login-class`,
    ]);
    expect(only(deployed, types.federation).inputs).toEqual({
      resourceGroupName: "rg-id",
      resourceName: "id-vault",
      issuer: "https://oidc.example/oslo",
      subject: "system:serviceaccount:azure-iot-operations:oslo-vault-0a1b2c3d",
      audiences: ["api://AzureADTokenExchange"],
    });
  });

  test("reads each content of a Secret from the vault, under the keys that the relay and AIO's engine read", async () => {
    const deployed = await deploy(() => createRelay({ vault }));

    expect(only(deployed, types.providerClass).inputs).toEqual({
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { ...metadata, name: "historian" },
      spec: {
        provider: "azure",
        parameters: {
          clientID: id,
          keyvaultName: "kv-plants",
          tenantID: id,
          objects: [
            "array:",
            "  - |",
            '    objectName: "historian-cert"',
            "    objectType: secret",
            "  - |",
            '    objectName: "historian-key"',
            "    objectType: secret",
            "",
          ].join("\n"),
        },
      },
    });
    expect(only(deployed, types.sync).inputs).toEqual({
      apiVersion: "secret-sync.x-k8s.io/v1alpha1",
      kind: "SecretSync",
      metadata: { ...metadata, name: "historian" },
      spec: {
        serviceAccountName: "oslo-vault-0a1b2c3d",
        secretProviderClassName: "historian",
        secretObject: {
          type: "Opaque",
          data: [
            { sourcePath: "historian-cert", targetKey: "client_cert.pem" },
            { sourcePath: "historian-key", targetKey: "client_key.pem" },
          ],
          labels: metadata.labels,
        },
        forceSynchronization: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    });
  });

  test.each<[string, VaultArgs]>([
    ["in another vault", { ...vault, secretSync: { ...secretSync, vaultName: "kv-other" } }],
    ["for another secret", { ...vault, secrets: { historian: { ...historian, clientKey: "historian-key-2" } } }],
    ["when it is told to", { ...vault, secretSync: { ...secretSync, syncNow: "2026-11-27" } }],
  ])("looks %s at once, and leaves the pods alone", async (_, changed) => {
    const before = await deploy(() => createRelay({ vault }));
    const after = await deploy(() => createRelay({ vault: changed }));

    const forced = (deployed: Deployed<unknown>) =>
      (only(deployed, types.sync).inputs["spec"] as { forceSynchronization: string }).forceSynchronization;
    expect(forced(after)).not.toBe(forced(before));
    expect(only(after, types.set).inputs).toEqual(only(before, types.set).inputs);
  });

  test("names a service account that the identity trusts already, and creates neither it nor the trust", async () => {
    const identity = { clientId: id, tenantId: id };
    const existing = { vaultName: "kv-plants", identity, serviceAccountName: "aio-ssc-sa" };

    const deployed = await deploy(() => createRelay({ vault: { ...vault, secretSync: existing } }));

    expect(ofVault(deployed)).toEqual([`${types.sync} oslo-historian`, `${types.providerClass} oslo-historian-class`]);
    const { spec } = only(deployed, types.sync).inputs as { spec: { serviceAccountName: string } };
    expect(spec.serviceAccountName).toBe("aio-ssc-sa");
  });

  test("gets its identity the two roles at the vault that Azure asks for, where it is told whom and where", async () => {
    const identity = { ...secretSync.identity, principalId: "p" };

    const deployed = await deploy(() =>
      createRelay({ vault: { ...vault, secretSync: { ...secretSync, identity, vaultId } } }),
    );

    const roles = deployed.resources.filter(({ type }) => type === types.role);
    expect(roles.map(({ name, inputs }) => [name, inputs["scope"], inputs["principalId"]])).toEqual([
      ["oslo-vault-reader", vaultId, "p"],
      ["oslo-vault-user", vaultId, "p"],
    ]);
    expect(roles.map(({ inputs }) => inputs["roleDefinitionId"])).toEqual([
      `${subscription}/providers/Microsoft.Authorization/roleDefinitions/21090545-7ca7-4776-b22c-e363652d74d2`,
      `${subscription}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`,
    ]);
    const [reader, user] = roles.map(({ inputs }) => inputs["roleAssignmentName"]);
    expect(reader).not.toBe(user);
  });

  test("takes names and IDs that only the deployment tells", async () => {
    const later = <T>(value: T) => pulumi.output(Promise.resolve(value));
    const secrets = { historian: { clientCertificate: later("historian-cert"), clientKey: "historian-key" } };
    const identity = { ...secretSync.identity, clientId: later(id), principalId: later("p") };
    const settings = { vaultName: later("kv-plants"), identity, vaultId: later(vaultId) };

    const deployed = await deploy(() => createRelay({ vault: { secrets, secretSync: settings } }));

    const known = await deploy(() => createRelay({ vault }));
    expect(only(deployed, types.providerClass).inputs).toEqual(only(known, types.providerClass).inputs);
    expect(only(deployed, types.sync).inputs).toEqual(only(known, types.sync).inputs);
    expect(deployed.resources.filter(({ type }) => type === types.role)).toHaveLength(2);
  });
});

describe("External Secrets", () => {
  test("has an ExternalSecret for each Secret, of a store that exists, and nothing in Azure", async () => {
    const deployed = await deploy(() => createRelay({ vault: { secrets: { historian }, externalSecrets } }));

    expect(ofVault(deployed)).toEqual([`${types.external} oslo-historian`]);
    expect(only(deployed, types.external).inputs).toEqual({
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { ...metadata, name: "historian" },
      spec: {
        refreshInterval: "3600s",
        secretStoreRef: { name: "plants", kind: "ClusterSecretStore" },
        target: { name: "historian", creationPolicy: "Owner", deletionPolicy: "Retain" },
        data: [
          { secretKey: "client_cert.pem", remoteRef: { key: "historian-cert" } },
          { secretKey: "client_key.pem", remoteRef: { key: "historian-key" } },
        ],
      },
    });
  });

  test("takes the kind of the store and the interval from the declaration", async () => {
    const settings = { storeName: "plants", storeKind: "SecretStore", refreshIntervalSeconds: 300 } as const;

    const deployed = await deploy(() => createRelay({ vault: { secrets: { historian }, externalSecrets: settings } }));

    const { spec } = only(deployed, types.external).inputs as { spec: Record<string, unknown> };
    expect(spec["secretStoreRef"]).toEqual({ name: "plants", kind: "SecretStore" });
    expect(spec["refreshInterval"]).toBe("300s");
  });
});

describe("the order", () => {
  const identity = { ...secretSync.identity, principalId: "p" };
  const whole: VaultArgs = { ...vault, secretSync: { ...secretSync, identity, vaultId } };

  test("is trust and roles, class, sync, pods: and the other way round when all of it goes", async () => {
    const noted = await registrationsOf(() => createRelay({ vault: whole }));

    expect(noted.get("oslo-historian")?.dependencies).toEqual(
      expect.arrayContaining([
        "oslo-historian-class",
        "oslo-vault",
        "oslo-vault-fic",
        "oslo-vault-reader",
        "oslo-vault-user",
      ]),
    );
    expect(noted.get("oslo-set")?.dependencies).toContain("oslo-historian");
    // All of them have a name that no second one can have.
    for (const name of ["oslo-historian", "oslo-historian-class", "oslo-vault-reader", "oslo-vault-user"])
      expect(noted.get(name)?.deleteBeforeReplace).toBe(true);
  });

  test("is one credential after the other, since an identity takes one at a time", async () => {
    const args: MqttBridgeArgs = {
      ...baseDeclaration,
      identity: { ...baseDeclaration.identity!, ...trusting },
      localEndpoints: { edge: {}, default: {} },
      dataflows: {
        ...baseDeclaration.dataflows,
        raw: { ...telemetry, dataSources: ["raw/#"], dataDestination: "sites/oslo/plant/raw" },
      },
      instance: { ...instance, secureSettings: true },
      customEndpoints: {
        old: { host: "mqtt.example.com:8883", authenticationMethod: "X509Certificate", secretRef: "historian" },
      },
      relay: { image: "relay:1.0.0", vault },
      eventGrid: { ...baseDeclaration.eventGrid!, maximumClientSessionsPerAuthenticationName: 10 },
    };

    const noted = await registrationsOf(() => new MqttBridge("oslo", args));

    expect(noted.get("oslo-relay-vault-fic")?.dependencies).toEqual(
      expect.arrayContaining(["oslo-relay-fic", "oslo-aio-fic"]),
    );
  });

  test("of External Secrets is the ExternalSecret before the pods", async () => {
    const noted = await registrationsOf(() => createRelay({ vault: { secrets: { historian }, externalSecrets } }));

    expect(noted.get("oslo-set")?.dependencies).toContain("oslo-historian");
  });
});

test("the pods mount a vault's Secret as any other, and wait until it is there", async () => {
  const deployed = await deploy(() => createRelay({ vault }));

  const { spec } = only(deployed, types.set).inputs as {
    spec: { template: { spec: { volumes: { secret?: { secretName: string; optional?: boolean } }[] } } };
  };
  const secrets = spec.template.spec.volumes.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  expect(secrets).toEqual([{ secretName: "historian", defaultMode: 0o440 }]);
});

test("a bridge that is handed over in files has what fetches Secrets in them too", async () => {
  const args = { ...baseDeclaration, relay: { image: "relay:1.0.0", vault }, gitOps: { directory: "manifests/oslo" } };
  const custom = {
    host: "mqtt.example.com:8883",
    authenticationMethod: "X509Certificate",
    secretRef: "historian",
  } as const;

  const deployed = await deploy(() => new MqttBridge("oslo", { ...args, customEndpoints: { old: custom } }));

  const written = deployed.resources.filter(({ provider }) => provider === "oslo-manifests");
  expect(written.map(({ type }) => type)).toEqual(
    expect.arrayContaining([types.account, types.providerClass, types.sync]),
  );
  expect(written.filter(({ type }) => type === "kubernetes:core/v1:Secret")).toEqual([]);
});

describe("what two components would own", () => {
  const run = (first: Partial<RelayArgs>, second: Partial<RelayArgs>) =>
    deploy(() => {
      const config = JSON.stringify({
        endpointType: "Mqtt",
        hostType: "CustomMqtt",
        mqttSettings: { host: "mqtt.example.com:8883", authentication: { method: "Anonymous" } },
      });
      const dataflow = { source: "old", dataSources: ["plant/#"], destination: "old", dataDestination: "copy/plant" };
      for (const [name, changed] of Object.entries({ one: first, two: second }))
        new Relay(name, {
          image: "relay:1",
          endpoints: { old: { config, port: 8883 } },
          dataflows: { [name]: dataflow },
          ...changed,
        });
    });

  test("is refused at preview, whichever way each of them creates the Secret", async () => {
    await expect(run({ vault }, { vault })).rejects.toThrow(
      'vault.secrets.historian: creates the Secret "historian" in the same namespace, which Relay "one" creates too (vault.secrets.historian)',
    );
    await expect(run({ secrets: { historian: { accessToken: pulumi.secret("t") } } }, { vault })).rejects.toThrow(
      'which Relay "one" creates too (secrets.historian)',
    );
    await expect(run({ vault }, { vault, namespace: "relays" })).resolves.toBeDefined();
  });

  test("is refused of roles too, where one identity reads one vault for two sites", async () => {
    const withRoles = (secretRef: string): Partial<RelayArgs> => ({
      vault: {
        secrets: { [secretRef]: historian },
        secretSync: { ...secretSync, identity: { ...secretSync.identity, principalId: "p" }, vaultId },
      },
    });

    await expect(run(withRoles("a"), withRoles("b"))).rejects.toThrow(
      "vault.secretSync.identity.principalId: creates the assignment of Key Vault Secrets User",
    );
  });
});
