import { readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { peerRanges } from "../../build/manifest.ts";
import { wideNumbers } from "../../build/other-languages.ts";
import { MqttBridge } from "../../components/index.ts";
import type { MqttBridgeArgs, VaultArgs } from "../../components/index.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { aioBridge, instance } from "../components/aio/declaration.ts";
import { deploy } from "../components/mocks.ts";

const root = path.join(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "doc/package.md"), "utf8");

/** Cells of the rows of the table whose first column has a title. */
function tableOf(title: string): string[][] {
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${title} `));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

test("lists every component, and nothing else", () => {
  const schema = JSON.parse(readFileSync(path.join(root, "schema.json"), "utf8")) as { readonly resources: object };

  const components = tableOf("component").map(([name = ""]) => name.replaceAll("`", ""));

  expect([...components].sort()).toEqual(
    Object.keys(schema.resources)
      .map((token) => token.split(":").at(-1))
      .sort(),
  );
});

test("says the versions of Pulumi's packages that the package asks for", () => {
  const rows = tableOf("package").map((cells) => cells.map((cell) => cell.replaceAll("`", "")));

  expect(Object.fromEntries(rows)).toEqual(peerRanges);
});

test("says which numbers have a fraction or are larger than an integer of C# and Java", () => {
  const sentence = /fields stay numbers, because [^:]*:\s([^.]*)\./.exec(page)?.[1] ?? "";
  const names = [...sentence.matchAll(/`(\w+)`/g)].map(([, name]) => name);

  expect(names.sort()).toEqual([...wideNumbers].sort());
});

describe("the children of a bridge", () => {
  /** A cell's patterns: `oslo-broker-<topic space>` stands for any name that begins so; "…" and words for any name at all. */
  const patternsOf = (cell: string) => {
    const texts = [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
    const patterns = texts.map(
      (text) => new RegExp(`^${text.replaceAll(/[.:/]/g, "\\$&").replaceAll(/<[^>]+>/g, ".+")}$`),
    );
    return texts.length === 0 || cell.includes("…") ? [/^oslo-/] : patterns;
  };
  const rows = tableOf("type").map(([type = "", names = ""]) => ({
    type: patternsOf(type)[0]!,
    names: patternsOf(names),
  }));

  test("are all there, by type and name", async () => {
    jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    const created = new Map<string, string>();
    for (const declaration of await declarations()) {
      const { resources } = await deploy(() => new MqttBridge("oslo", declaration));
      for (const { type, name } of resources) created.set(`${type} ${name}`, type);
    }
    const isIn = (resource: string) => {
      const [type = "", name = ""] = resource.split(" ");
      return rows.some((row) => row.type.test(type) && row.names.some((pattern) => pattern.test(name)));
    };

    const unlisted = [...created.keys()].filter((resource) => !isIn(resource));
    const idle = rows.filter(({ type }) => ![...created.values()].some((known) => type.test(known)));

    expect(unlisted).toEqual([]);
    expect(idle).toEqual([]);
  });
});

/** Bridges that have, between them, whatever a bridge can have. */
async function declarations(): Promise<MqttBridgeArgs[]> {
  const authority = await createCertificateAuthority("plant");
  const { certificate, key } = await authority.createClientCertificate("oslo");
  const id = "00000000-0000-0000-0000-0000000000c1";
  const everything: MqttBridgeArgs = {
    ...aioBridge,
    eventGrid: {
      ...aioBridge.eventGrid!,
      maximumClientSessionsPerAuthenticationName: 10,
      logAnalyticsWorkspaceId:
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/w",
      privateEndpoints: { plant: { subnetId: "subnet", privateDnsZoneId: "zone" } },
      x509: {
        caCertificates: { "plant-ca": { certificate: authority.certificate } },
        clients: { historian: { attributes: { type: "historian" } } },
        clientGroups: { historians: { query: "attributes.type = 'historian'" } },
        permissionBindings: { upward: { clientGroup: "historians", topicSpace: "telemetry", permission: "Publisher" } },
      },
    },
    eventGridEndpoints: { cloud: { retain: "Never" } },
    customEndpoints: {
      archive: { host: "archive.example:8883", authenticationMethod: "X509Certificate", secretRef: "archive-client" },
    },
    dataflows: {
      ...aioBridge.dataflows,
      headers: {
        ...aioBridge.dataflows["telemetry"]!,
        dataSources: ["other/+/telemetry/#"],
        dataDestination: "sites/oslo/plant/other",
        headers: [{ actionType: "Remove", key: "a" }],
      },
      copy: { source: "default", dataSources: ["copy/#"], destination: "archive", dataDestination: "copy" },
    },
    identity: {
      clientId: id,
      tenantId: id,
      principalId: "00000000-0000-0000-0000-0000000000a1",
      resourceGroupName: "rg",
      identityName: "oslo",
      oidcIssuerUrl: "https://oidc.example/oslo",
    },
    instance: { ...instance, secureSettings: true },
    relay: {
      image: "relay:1.0.0",
      instanceCount: 2,
      secrets: { "archive-client": { clientCertificate: certificate, clientKey: key } },
      trustBundles: { "archive-ca": authority.certificate },
    },
  };
  const flux = {
    resourceGroupName: "rg",
    clusterName: "oslo",
    repositoryUrl: "https://git.example/oslo",
    path: "oslo",
  };
  const { relay, ...withoutRelay } = everything;
  return [
    everything,
    {
      ...withoutRelay,
      dataflows: aioBridge.dataflows,
      instance: { ...everything.instance!, resourceApi: "Kubernetes" },
    },
    { ...everything, relay: { image: "relay:1.0.0" }, gitOps: { directory: "oslo", flux } },
    ...vaults(id).map((vault) => ({ ...everything, relay: { image: "relay:1.0.0", vault } })),
  ];
}

/** The same Secret from a vault, by each way. */
function vaults(id: string): VaultArgs[] {
  const secrets = { "archive-client": { clientCertificate: "archive-cert", clientKey: "archive-key" } };
  const trusting = { resourceGroupName: "rg", identityName: "vault", oidcIssuerUrl: "https://oidc.example/oslo" };
  const identity = { clientId: id, tenantId: id, principalId: id, ...trusting };
  const vaultId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-plants";
  return [
    { secrets, secretSync: { vaultName: "kv-plants", vaultId, identity } },
    { secrets, externalSecrets: { storeName: "plants" } },
  ];
}
