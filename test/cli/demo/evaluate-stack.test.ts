import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { readDeclaredSite } from "../../../cli/demo/declared-site.ts";
import type { Evaluation } from "../../../cli/demo/evaluate-stack.ts";
import { readStackConfig, stackFileOf } from "../../../cli/demo/stack-file.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

const program = path.join(import.meta.dirname, "evaluate-stack.program.ts");

/** Runs the stack program in a process of its own, which writes its result and nothing else to either stream. */
function run(stackFile: string, environment: string, platform: object = {}): unknown {
  const output = execFileSync("sh", ["-c", '"$@" 2>&1', "sh", process.execPath, program, stackFile, environment], {
    encoding: "utf8",
    env: { ...process.env, PLATFORM_FACTS: JSON.stringify(platform) },
  });
  return JSON.parse(output);
}

function evaluate(...args: Parameters<typeof run>): Evaluation {
  return run(...args) as Evaluation;
}

function refusalOf(...args: Parameters<typeof run>): string | undefined {
  return (run(...args) as { refusal?: string }).refusal;
}

/** Writes the development settings, each line changed, into a file of their own. */
async function settingsWith(change: (config: Record<string, string>) => void): Promise<string> {
  const config = await readStackConfig(stackFileOf("dev"));
  change(config);
  const file = path.join(createTemporaryFolder("evaluate-stack"), "Pulumi.test.yaml");
  writeFileSync(file, JSON.stringify({ config }));
  return file;
}

afterAll(removeTemporaryFolders);

describe("with the settings for development", () => {
  let evaluation: Evaluation;

  beforeAll(() => {
    evaluation = evaluate(stackFileOf("dev"), "dev");
  });

  test("records every resource that providers would create, and nothing else", () => {
    expect(evaluation.resources.map(({ type }) => type).sort()).toEqual([
      "azure-native:authorization:RoleAssignment",
      "azure-native:authorization:RoleAssignment",
      "azure-native:authorization:RoleAssignment",
      "azure-native:eventgrid:Namespace",
      "azure-native:eventgrid:TopicSpace",
      "azure-native:eventgrid:TopicSpace",
      "azure-native:eventgrid:TopicSpace",
      "azure-native:iotoperations:DataflowEndpoint",
      "azure-native:iotoperations:DataflowEndpoint",
      "azure-native:managedidentity:FederatedIdentityCredential",
      "kubernetes:apps/v1:StatefulSet",
      "kubernetes:core/v1:ConfigMap",
      "kubernetes:core/v1:PersistentVolumeClaimPatch",
      "kubernetes:core/v1:Service",
      "kubernetes:core/v1:ServiceAccount",
      "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    ]);
    expect(evaluation.references).toEqual([]);
  });

  test("gets a configuration that the relay runs, with the host name that Event Grid answered", () => {
    const { configText } = readDeclaredSite(evaluation.resources);

    const { config, skipped } = parseRelayConfig(configText, { where: "the rendered ConfigMap" });

    expect(Object.keys(config.dataflows).sort()).toEqual(["alarms", "commands", "telemetry"]);
    expect(config.endpoints["cloud"]?.mqttSettings.host).toBe("oslo.westeurope-1.ts.eventgrid.azure.net:8883");
    expect(skipped).toEqual([]);
  });

  test("gets each role that the dataflows need, at its topic space, and no other", () => {
    const { roles } = readDeclaredSite(evaluation.resources);

    expect(roles.map(({ role, topicSpace }) => `${role} ${topicSpace}`).sort()).toEqual([
      "publisher oslo-broker-alarms",
      "publisher oslo-broker-telemetry",
      "subscriber oslo-broker-commands",
    ]);
  });

  test("hands the components' warnings over instead of printing them, each once", () => {
    const { warnings } = evaluation;

    expect(warnings).toEqual([...new Set(warnings)]);
    expect(warnings.filter((warning) => !/^endpoints\.\w+\.\w+: .*; /.test(warning))).toEqual([]);
  });
});

test("names the platform's stack that a program refers to, and takes the facts that stand in for it", async () => {
  const { "mqtt-dataflow:platform": platform = "" } = await readStackConfig(stackFileOf("dev"));

  const { references, resources } = evaluate(stackFileOf("prod"), "prod", JSON.parse(platform) as object);

  expect(references).toEqual(["contoso/edge-platform/oslo"]);
  expect(readDeclaredSite(resources).pod.namespace).toBe("azure-iot-operations");
});

test("a fact that is missing is said once, in the program's words", async () => {
  const { "mqtt-dataflow:platform": platform = "" } = await readStackConfig(stackFileOf("dev"));
  const { brokerHost: _brokerHost, ...facts } = JSON.parse(platform) as Record<string, string>;

  const refusal = refusalOf(stackFileOf("prod"), "prod", facts);

  expect(refusal).toMatch(
    /^platform stack "contoso\/edge-platform\/oslo" has 1 problem:\n {2}brokerHost: is missing; export this output there as a text: [^\n]*$/,
  );
});

test("a wrong setting is said once, at its key", async () => {
  const file = await settingsWith((config) => {
    config["mqtt-dataflow:relay"] = '{"image":"relay:1","memoryMebibytes":1}';
  });

  const refusal = refusalOf(file, "test");

  expect(refusal).toBe(
    "stacks/Pulumi.test.yaml has 1 problem:\n  mqtt-dataflow:relay.memoryMebibytes: is 1 MiB; give a whole number from 92 to 65536 MiB",
  );
});

test("what a component refuses is said once, without the resources that wait for it", async () => {
  const file = await settingsWith((config) => {
    config["mqtt-dataflow:platform"] = (config["mqtt-dataflow:platform"] ?? "").replace(
      /"00000000-[^"]*e1"/,
      '"no-uuid"',
    );
  });

  const refusal = refusalOf(file, "test");

  expect(refusal).toBe(
    'oslo has 1 problem:\n  eventGridEndpoints.cloud.tenantId: is "no-uuid"; give the UUID that Microsoft Entra shows for it',
  );
});
