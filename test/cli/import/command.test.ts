import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { readConfiguration } from "../../../runtime/read-configuration.ts";
import { runCommandLine } from "../../support/command-line.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const bridge = `connection cloud
address broker.example:8883
bridge_cafile /etc/mosquitto/ca.crt
remote_username user
remote_password s3cret-7
remote_clientid me
topic # out 1 "" oslo/
`;

const resources = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "connectivity.iotoperations.azure.com/v1",
      kind: "DataflowEndpoint",
      metadata: { name: "broker", namespace: "azure-iot-operations" },
      spec: {
        endpointType: "Mqtt",
        mqttSettings: {
          host: "broker.example:8883",
          authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "client" } },
          keepAliveSeconds: 30,
        },
      },
    },
    {
      apiVersion: "connectivity.iotoperations.azure.com/v1",
      kind: "DataflowEndpoint",
      metadata: { name: "default", namespace: "azure-iot-operations" },
      spec: {
        endpointType: "Mqtt",
        mqttSettings: { host: "aio-broker:18883", authentication: { method: "ServiceAccountToken" } },
      },
    },
    {
      apiVersion: "connectivity.iotoperations.azure.com/v1",
      kind: "Dataflow",
      metadata: { name: "telemetry", namespace: "azure-iot-operations" },
      spec: {
        profileRef: "default",
        operations: [
          { operationType: "Source", sourceSettings: { endpointRef: "default", dataSources: ["plant/#"] } },
          {
            operationType: "Destination",
            destinationSettings: { endpointRef: "broker", dataDestination: "oslo/${inputTopic}" },
          },
        ],
      },
    },
  ],
});

function write(name: string, text: string) {
  const folder = createTemporaryFolder("import-command");
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return { file, output: path.join(folder, "out") };
}

test("writes a program and a configuration that check takes, and says which settings the stack needs", async () => {
  const { file, output } = write("mosquitto.conf", bridge);
  const result = await runCommandLine(["import", file, "--site", "oslo", "--output", output]);

  expect(result).toMatchObject({ code: 0, errors: "" });
  expect(readdirSync(output).sort()).toEqual(["Pulumi.yaml", "index.ts", "package.json", "relay.json"]);
  expect(result.output).toContain("line 6: cloud: remote_clientid me: each dataflow has a session");
  expect(result.output).toContain("pulumi config set cloudPassword --secret\n");
  expect(result.output).toContain("pulumi config set cloudCa\n");
  expect(Object.keys(readConfiguration(path.join(output, "relay.json")).config.dataflows)).toEqual(["cloud-out"]);
});

test("puts no password into a file or into its output", async () => {
  const { file, output } = write("mosquitto.conf", bridge);
  const shown = await runCommandLine(["import", file, "--output", output]);
  const json = await runCommandLine(["import", file, "--json"]);
  const written = readdirSync(output).map((name) => readFileSync(path.join(output, name), "utf8"));

  expect([shown.output, json.output, ...written].join("\n")).not.toContain("s3cret-7");
});

test("overwrites nothing without --force, and names what is there", async () => {
  const { file, output } = write("mosquitto.conf", bridge);
  await runCommandLine(["import", file, "--output", output]);
  writeFileSync(path.join(output, "index.ts"), "mine");

  await expect(runCommandLine(["import", file, "--output", output])).rejects.toThrow(
    "index.ts: is there already; give another folder to --output, or --force to overwrite it",
  );
  expect(readFileSync(path.join(output, "index.ts"), "utf8")).toBe("mine");

  expect(await runCommandLine(["import", file, "--output", output, "--force"])).toMatchObject({ code: 0 });
  expect(readFileSync(path.join(output, "index.ts"), "utf8")).toContain("new MqttBridge(");
});

test("without --output it writes nothing and says so", async () => {
  const { file, output } = write("mosquitto.conf", bridge);
  const result = await runCommandLine(["import", file]);

  expect(result.output).toMatch(/\nNothing was written; give --output <dir>\.\n$/);
  expect(existsSync(output)).toBe(false);
});

test("takes AIO's resources as kubectl prints them, and the program says what the resources said", async () => {
  const { file, output } = write("export.json", resources);
  const result = await runCommandLine(["import", file, "--site", "oslo", "--output", output]);
  const program = readFileSync(path.join(output, "index.ts"), "utf8");
  const { config } = readConfiguration(path.join(output, "relay.json"));

  expect(result.code).toBe(0);
  expect(config.dataflows).toEqual(readConfiguration(file).config.dataflows);
  expect(program).toContain('secretRef: "client"');
  expect(program).toContain("keepAliveSeconds: 30");
  expect(program).toContain('dataDestination: "oslo/${inputTopic}"');
  expect(result.output).toContain("Secret or ConfigMap client: has to be in the relay's namespace already");
});

test("refuses a name that the relay takes and a declaration does not, and names the file that has it", async () => {
  const { file, output } = write("export.json", resources.replaceAll('"broker"', '"mq"'));

  await expect(runCommandLine(["import", file, "--output", output])).rejects.toThrow(
    /export\.json, as a declaration of MqttBridge, has 1 problem:\n {2}endpoints\.mq: is no name for an endpoint \("mq"\)/,
  );
  expect(existsSync(output)).toBe(false);
  const { output: checked } = await runCommandLine(["check", file]);
  expect(checked).toContain("from 3 characters on; the relay takes it, a declaration of MqttBridge does not");
});

test("--json has program, configuration and findings, and says all mistakes of a file with their lines", async () => {
  const { file } = write("mosquitto.conf", bridge);
  const { output } = await runCommandLine(["import", file, "--json"]);
  const wrong = write("mosquitto.conf", "connection x\ntopic a sideways\n");

  expect(JSON.parse(output)).toMatchObject({ version: 1, program: expect.any(String), findings: expect.any(Array) });
  await expect(runCommandLine(["import", wrong.file])).rejects.toThrow(
    /mosquitto\.conf:1:1: x\.address: is missing; .*\n.*conf:2:1: x\.topic: has the direction "sideways"; give in, out or both$/,
  );
});
