import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { certificate } from "../../doc/checks/declaration.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { diagnosticsOf } from "./support/diff-text.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { CommandResult, PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createSite, deployPlatform } from "./support/site.ts";
import type { Site, SiteSettings } from "./support/site.ts";

/** Long enough that no preview warns of its end. */
const goodForYear = { notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000) };

describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const goodPlatform = { namespace: "refusals", oidcIssuerUrl: "https://oidc.example/oslo" };
  let installation: PulumiInstallation;
  let redeployPlatform: (settings: SiteSettings) => Promise<void>;
  let site: Site;

  beforeAll(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: process.env[kubeconfigVariable] ?? "" });
    redeployPlatform = await deployPlatform(installation, goodPlatform);
    const client = await (await createCertificateAuthority("historian")).createClientCertificate("oslo", goodForYear);
    site = await createSite(installation, {
      resourceGroupName: "rg-oslo",
      relay: { image: "mqtt-dataflow-relay:1.0.0" },
      eventGrid: { maximumClientSessionsPerAuthenticationName: 5 },
      "historian:host": "historian.plant.example:8883",
      "historian:clientCertificate": client.certificate,
      "historian:ca": certificate,
    });
    await site.configureSecret("historian:clientKey", client.key);
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  /** What a preview ends with; nothing of it is there twice, and nothing tells of the program's insides. */
  const refusalOf = async () => {
    const result = await site.run("preview", "--suppress-progress");
    expectToBeReadable(result);
    return diagnosticsOf(result.output).split("\n");
  };

  test("settings that are wrong end the preview with every problem, each at its key", async () => {
    const settings = readFileSync(site.settingsFile, "utf8");
    site.configure({ eventGrid: { maximumClientSessionsPerAuthenticationName: 2 }, relay: { instanceCount: 50 } });

    const lines = await refusalOf();

    writeFileSync(site.settingsFile, settings);
    expect(lines).toEqual([
      "pulumi:pulumi:Stack (mqtt-dataflow-oslo):",
      "    error: stacks/Pulumi.oslo.yaml has 2 problems:",
      "      mqtt-dataflow:eventGrid.maximumClientSessionsPerAuthenticationName: is 2; give a whole number from 3 to 100",
      "      mqtt-dataflow:relay.instanceCount: is 50; give a whole number from 1 to 20",
    ]);
  });

  test("a declaration that is wrong ends the preview with every problem under the bridge", async () => {
    const file = path.join(site.folder, "test/engine/program/added-dataflows.ts");
    const dataflows = readFileSync(file, "utf8");
    writeFileSync(
      file,
      `export const addedDataflows = {
        broken: { source: "edge", dataSources: ["plant/#/x"], destination: "nowhere", dataDestination: "history/+" },
        uncovered: { source: "edge", dataSources: ["plant/+/x"], destination: "cloud", dataDestination: "elsewhere/x" },
      };`,
    );

    const lines = await refusalOf();

    writeFileSync(file, dataflows);
    expect(lines[0]).toBe("mqtt-dataflow:index:MqttBridge (oslo):");
    expect(lines[1]).toBe("    error: oslo has 4 problems:");
    expect(lines.slice(2)).toEqual([
      expect.stringContaining(
        '      dataflows.broken.destination: names the endpoint "nowhere", which does not exist; ',
      ),
      expect.stringContaining('      dataflows.broken.dataSources[0]: "plant/#/x" has "#" before the last level; '),
      expect.stringContaining('      dataflows.broken.dataDestination: "history/+" has a wildcard ("+" or "#"), '),
      expect.stringContaining('      dataflows.uncovered.dataDestination: needs the topics "elsewhere/x", '),
    ]);
  });

  test("arguments of another shape than the schema's end the preview before anything else looks at them, and so does an output that comes to nothing", async () => {
    const file = path.join(site.folder, "test/engine/program/added-dataflows.ts");
    const dataflows = readFileSync(file, "utf8");
    writeFileSync(
      file,
      `import * as pulumi from "@pulumi/pulumi";
      import { CustomEndpoint } from "../../../components/index.ts";
      const nothing = pulumi.output(Promise.resolve(undefined)) as never;
      new CustomEndpoint("loose", { host: nothing, authenticationMethod: "Anonymous", clientIdPrefix: "loose-" });
      export const addedDataflows = { broken: { source: "edge", dataSources: "a/#", engine: "Aio" } as never };`,
    );

    const lines = await refusalOf();

    writeFileSync(file, dataflows);
    // The engine shows the two in the order in which it hears of them.
    const shown = lines.map((line) => line.trim()).filter((line) => line !== "");
    expect(shown.sort()).toEqual(
      [
        "mqtt-dataflow:index:MqttBridge (oslo):",
        "error: oslo has 4 problems:",
        "dataflows.broken.dataDestination: is missing; add it",
        "dataflows.broken.destination: is missing; add it",
        "dataflows.broken.dataSources: is a text; give a list",
        'dataflows.broken.engine: is "Aio"; use one of Relay, AzureIoTOperations',
        "mqtt-dataflow:index:CustomEndpoint (loose):",
        "error: loose has 1 problem:",
        "host: is undefined; give a value, or leave it out where it may be omitted",
      ].sort(),
    );
  });

  test("outputs of the platform's stack that are missing or no text end the preview with that stack's name and theirs", async () => {
    await redeployPlatform({ namespace: "refusals", brokerPort: 18_883 });

    const lines = await refusalOf();

    expect(lines).toEqual([
      "pulumi:pulumi:Stack (mqtt-dataflow-oslo):",
      '    error: platform stack "organization/edge-platform/oslo" has 2 problems:',
      "      oidcIssuerUrl: is missing; export this output there as a text: the OIDC issuer of the cluster",
      '      brokerHost: is no text but number; export this output there as a text: host name and port of AIO\'s MQTT broker, such as "aio-broker:18883"',
    ]);
  });

  test("what is found only with the platform's values is refused in the same way, under the resource that it is about", async () => {
    await redeployPlatform({ ...goodPlatform, brokerHost: "aio-broker" });

    const lines = await refusalOf();

    expect(lines).toEqual([
      "mqtt-dataflow:index:LocalEndpoint (oslo-edge):",
      "    error: oslo-edge has 1 problem:",
      expect.stringContaining('      host: is "aio-broker"; give "<hostname>:<port>"'),
    ]);
  });
});

function expectToBeReadable({ code, output }: CommandResult): void {
  const lines = output.split("\n").map((line) => line.trim());
  const problems = lines.filter((line) => /^[\w.:[\]-]+: .*; /.test(line) && !line.startsWith("warning:"));
  expect(code).not.toBe(0);
  expect(problems).not.toEqual([]);
  expect(new Set(problems).size).toBe(problems.length);
  expect(lines.filter((line) => /^at .+:\d+|node_modules|error serializing|Promise/.test(line))).toEqual([]);
}
