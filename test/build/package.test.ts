import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

import { getPulumiComponents } from "@pulumi/pulumi/provider/experimental/index.js";
import pulumiSdk from "@pulumi/pulumi/package.json" with { type: "json" };

import { compareSchemas, formatChanges } from "../../build/compare-schemas.ts";
import { packagesOf } from "../../build/declarations.ts";
import { wideNumbers } from "../../build/other-languages.ts";
import type { PackageSchema } from "../../build/schema.ts";
import * as exported from "../../components/index.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { stopProcesses } from "../support/started-process.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { startFakeEngine } from "./fake-engine.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { buildPackage, installPackage, installPlugin, link, typeCheck } from "./package-scene.ts";
import type { Consumer } from "./package-scene.ts";
import { startPlugin } from "./plugin-host.ts";
import type { Inputs, RunningPlugin } from "./plugin-host.ts";

let built: string;
let consumer: Consumer;

beforeAll(() => {
  built = buildPackage();
  consumer = installPackage(built);
});

afterAll(async () => {
  await stopProcesses();
  removeTemporaryFolders();
});

/** Names of every component that the package exports. */
const components = getPulumiComponents(exported)
  .map(({ name }) => name)
  .sort();

function readSchema(...names: string[]): PackageSchema {
  return JSON.parse(readFileSync(path.join(...names), "utf8")) as PackageSchema;
}

describe("the npm package", () => {
  test("asks for Pulumi's packages alone, in ranges, and for the Node.js that these ask for", () => {
    const { dependencies, peerDependencies, engines } = consumer.manifest;

    expect(dependencies).toBeUndefined();
    expect(Object.keys(peerDependencies)).toEqual(["@pulumi/azure-native", "@pulumi/kubernetes", "@pulumi/pulumi"]);
    for (const range of Object.values(peerDependencies)) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
    expect(engines).toEqual(pulumiSdk.engines);
  });

  test("holds one file of code, the command, pipelines, declarations that need no other package, and nothing else of the project", () => {
    const files = readdirSync(consumer.packageFolder, { recursive: true, encoding: "utf8" });
    const declarations = files.filter((file) => file.endsWith(".d.ts"));

    expect(readdirSync(consumer.packageFolder).sort()).toEqual([
      "LICENSE",
      "README.md",
      "THIRD-PARTY-LICENSES.txt",
      "command",
      "index.js",
      "package.json",
      "pipelines",
      "schema.json",
      "site-outputs.schema.json",
      "types",
    ]);
    expect(files.filter((file) => /\.[cm]?[jt]s$/.test(file))).toEqual(expect.arrayContaining(["index.js"]));
    const code = files.filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.startsWith("command/"));
    expect(code.length).toBe(declarations.length + 1);
    const imported = packagesOf(declarations.map((file) => path.join(consumer.packageFolder, file)));
    expect(imported.filter((name) => !name.startsWith("@pulumi/"))).toEqual([]);
  });

  test("has the command, which says where the demo and the emulator are, and its pipelines", () => {
    const command = path.join(consumer.packageFolder, "command/main.mjs");
    const run = (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: "utf8" });

    expect(readFileSync(command, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(run("--version").stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(run("comment", "--help").stdout).toContain("Writes a Markdown file into one comment");
    for (const args of [["demo"], ["emulate", "site.yaml", "--port", "0"]])
      expect(run(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining("clone the repository") });
    expect(readdirSync(path.join(consumer.packageFolder, "pipelines")).sort()).toEqual(["azure", "github"]);
  });

  test("names the packages in its bundle, with their licences", () => {
    const text = readFileSync(path.join(consumer.packageFolder, "THIRD-PARTY-LICENSES.txt"), "utf8");

    expect(text).toMatch(/^valibot \d\S+ \(MIT\)\n\nMIT License/m);
  });

  test.each([
    ["an ES module", "program.mjs", 'import * as exported from "mqtt-dataflow";'],
    ["a CommonJS program", "program.cjs", 'const exported = require("mqtt-dataflow");'],
  ])("is loaded by %s", (_, file, load) => {
    consumer.write(file, `${load}\nconsole.log(Object.keys(exported).join());`);

    const names = execFileSync(process.execPath, ["--no-warnings", file], { cwd: consumer.folder, encoding: "utf8" });

    expect(names.trim().split(",")).toEqual(expect.arrayContaining(components));
  });

  test("the README's program type-checks as its user has it", () => {
    const readme = readFileSync(path.join(import.meta.dirname, "../../README.md"), "utf8");
    const [, program = ""] = /```ts\n(import .*?)```/s.exec(readme) ?? [];
    expect(program).toContain('from "mqtt-dataflow"');
    const used = ["resourceGroupName", "clientId", "tenantId", "principalId", "image"];
    consumer.write("index.ts", `${program}\n${used.map((name) => `declare const ${name}: string;`).join("\n")}`);
    const compilerOptions = { strict: true, target: "es2022", module: "nodenext", types: [] };
    consumer.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    link(path.join(consumer.folder, "node_modules"), "@types/node");

    expect(typeCheck(consumer.folder)).toBe("");
  });
});

describe("the schema for other languages", () => {
  test("has every component, each with its arguments and outputs described", () => {
    const schema = readSchema(consumer.packageFolder, "schema.json");
    const objects = [
      ...Object.values(schema.resources).flatMap(({ inputProperties, properties }) => [inputProperties, properties]),
      ...Object.values(schema.types).map(({ properties }) => properties ?? {}),
    ];
    const descriptions = objects.flatMap((properties) =>
      Object.values(properties).map(({ description }) => description),
    );

    expect(components).toEqual(expect.arrayContaining(["MqttBridge", "Relay", "TopicSpaceAccess"]));
    expect(Object.keys(schema.resources).sort()).toEqual(components.map((name) => `mqtt-dataflow:index:${name}`));
    expect(descriptions.filter((text) => text === undefined || text === "" || text.includes("[object"))).toEqual([]);
    expect(Object.values(schema.types).filter(({ description }) => !description)).toEqual([]);
    expect(JSON.stringify(schema)).not.toContain("[object Object]");
  });

  test("says the defaults that only the sources have", () => {
    const { resources } = readSchema(consumer.packageFolder, "schema.json");

    expect(resources["mqtt-dataflow:index:LocalEndpoint"]?.inputProperties["host"]?.description).toBe(
      'Host name and port of the broker, `<hostname>:<port>`.\nDefault: "aio-broker:18883"',
    );
  });

  test("has integers for counts, and numbers for what may have a fraction or more than 32 bits", () => {
    const schema = readSchema(consumer.packageFolder, "schema.json");
    const objects = [
      ...Object.values(schema.resources).flatMap((resource) => [resource.inputProperties, resource.properties]),
    ];
    const properties = [...objects, ...Object.values(schema.types).map((type) => type.properties ?? {})].flatMap(
      Object.entries,
    );
    const numbers = properties.filter(([, { type }]) => type === "number").map(([name]) => name);

    expect([...new Set(numbers)].sort()).toEqual([...wideNumbers].sort());
    expect(schema.types["mqtt-dataflow:index:MqttQos"]?.type).toBe("integer");
  });

  test("is the stored one", () => {
    const stored = readSchema(path.join(import.meta.dirname, "../.."), "schema.json");
    const inferred = readSchema(consumer.packageFolder, "schema.json");

    const changes = compareSchemas(stored, inferred);

    if (changes.length > 0) throw new Error(formatChanges(changes));
  });
});

describe("the plugin", () => {
  let engine: FakeEngine;
  let plugin: RunningPlugin;

  beforeAll(async () => {
    engine = await startFakeEngine();
    plugin = await startPlugin(installPlugin(built), engine.address);
  });

  beforeEach(() => {
    engine.logged.length = 0;
  });

  // One by one: when the plugin does not start, there is still an engine to close.
  afterAll(() => {
    plugin.close();
  });
  afterAll(() => {
    engine.close();
  });

  /** What the engine is told of a component that is refused. */
  async function refusalOf(type: string, name: string, inputs: Inputs): Promise<{ code: number; details: string }> {
    const refused = await plugin
      .construct(`mqtt-dataflow:index:${type}`, name, inputs)
      .catch((error: unknown) => error);
    const { code, details } = refused as { code: number; details: string };
    return { code, details };
  }

  test("has all that it needs in a few files: nothing is fetched for it", () => {
    const folder = installPlugin(built);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true });
    const bytes = files
      .filter((file) => file.isFile())
      .map((file) => statSync(path.join(file.parentPath, file.name)).size);

    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8_000_000);
  });

  test("gives the schema of the package", async () => {
    expect(JSON.parse(await plugin.schema())).toEqual(readSchema(consumer.packageFolder, "schema.json"));
  });

  test("constructs a whole bridge, and gives the outputs that the schema has", async () => {
    const { urn, state } = await plugin.construct("mqtt-dataflow:index:MqttBridge", "oslo", bridge);

    expect(urn).toBe("urn:pulumi:stack::project::mqtt-dataflow:index:MqttBridge::oslo");
    expect(Object.keys(state).sort()).toEqual([
      "configMapName",
      "configText",
      "customDomainRecords",
      "hostname",
      "namespaceId",
      "namespaceName",
      "serviceAccountName",
      "statefulSetName",
      "topicIds",
      "topicSpaceIds",
    ]);
    expect(state["hostname"]).toBe("oslo.westeurope-1.ts.eventgrid.azure.net");
    expect(Object.keys(state["topicSpaceIds"] as Inputs)).toEqual(["telemetry"]);
    expect(state["configText"]).toContain("oslo.westeurope-1.ts.eventgrid.azure.net:8883");
    expect(engine.requested.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["azure-native:eventgrid:Namespace", "kubernetes:apps/v1:StatefulSet"]),
    );
    expect(engine.logged).toEqual([expect.stringContaining("eventGridEndpoints.cloud.retain")]);
  });

  test("refuses plain arguments once, all problems in one text, without a stack and without a property's value", async () => {
    const inputs = { resourceGroupName: "rg", topicSpaces: { telemetry: { topicTemplates: [] } }, capacity: 99 };

    const refused = await refusalOf("EventGridBroker", "oslo", inputs);

    expect(refused).toEqual({
      code: invalidArgument,
      details: [
        "oslo has 2 problems:",
        "  topicSpaces.telemetry.topicTemplates: lists no topic templates; give 1 to 10 [topic-space]",
        "  capacity: is 99 throughput units, outside what Event Grid has; give a whole number from 1 to 40 [namespace-bounds]",
      ].join("\n"),
    });
    expect(engine.logged).toEqual([]);
    expect(plugin.process.errorLines).toEqual([]);
  });

  test("refuses what only an output tells in the same words, once and without a stack", async () => {
    const host = { [signature]: outputValue, value: "edge.example:0", secret: true };

    const refused = await refusalOf("CustomEndpoint", "edge", {
      host,
      authenticationMethod: "Anonymous",
      clientIdPrefix: "oslo-",
    });

    expect(refused).toEqual({
      code: invalidArgument,
      details:
        'edge has 1 problem:\n  host: is "edge.example:0"; give "<hostname>:<port>", such as "broker.example:8883"',
    });
    // A log of the rejection that follows would come in a later turn of the plugin's event loop than the answer.
    await refusalOf("Nothing", "edge", {});
    expect(engine.logged).toEqual([]);
    expect(plugin.process.errorLines).toEqual([]);
  });

  test("refuses an output where only a plain value tells which resources exist", async () => {
    const secret = { [signature]: outputValue, value: { image: "relay:1", secrets: {} }, secret: true };
    const dataflows = {
      telemetry: { ...bridge.dataflows.telemetry, source: { [signature]: outputValue, value: "edge" } },
    };

    const { code, details } = await refusalOf("MqttBridge", "oslo", { ...bridge, dataflows, relay: secret });

    const problem = "is an output, and has to be known when the program runs, because it decides which resources exist";
    const remedy = "give a plain value; fields within it may be outputs where they are not plain";
    expect(code).toBe(invalidArgument);
    expect(details.split("\n")).toEqual([
      "oslo has 2 problems:",
      `  dataflows.telemetry.source: ${problem}; ${remedy}`,
      `  relay: ${problem}; ${remedy}`,
    ]);
  });

  test("refuses what has another shape than the schema says, all problems at once", async () => {
    const dataflows = { telemetry: { ...bridge.dataflows.telemetry, dataSources: "a/#", engine: "Aio", topic: "b" } };

    const { code, details } = await refusalOf("MqttBridge", "oslo", { ...bridge, site: null, dataflows });

    expect(code).toBe(invalidArgument);
    expect(details.split("\n").slice(0, 4)).toEqual([
      "oslo has 4 problems:",
      "  site: is null; add it",
      "  dataflows.telemetry.dataSources: is a text; give a list",
      '  dataflows.telemetry.engine: is "Aio"; use one of Relay, AzureIoTOperations',
    ]);
    expect(details).toContain("  dataflows.telemetry.topic: is not a known field; ");
    expect(engine.logged).toEqual([]);
    expect(plugin.process.errorLines).toEqual([]);
  });

  test("takes what may be omitted and is null as omitted: YAML has no other way to say so", async () => {
    const inputs = { host: null, instance: null, secretRef: null, qos: null };

    const { state } = await plugin.construct("mqtt-dataflow:index:LocalEndpoint", "nulls", inputs);

    expect(state["tokenAudience"]).toBe("aio-internal");
  });

  test("refuses a value that another stack does not have at the argument that was given it", async () => {
    const identity = { ...bridge.identity, clientId: { [signature]: outputValue, value: null, secret: true } };

    const { details } = await refusalOf("MqttBridge", "bergen", { ...bridge, site: "bergen", identity });

    expect(details).toMatch(/^bergen has 1 problem:\n {2}identity\.clientId: is (null|undefined); give a value/);
  });

  test("refuses an output that no resource of the component depends on, in the same words and without a log", async () => {
    const principalId = { [signature]: outputValue, value: 5, secret: false };
    const inputs = { principalId, topicSpaces: {}, publishedTopics: [], subscribedTopics: [] };

    const refused = await refusalOf("TopicSpaceAccess", "access", inputs);

    expect(refused).toEqual({
      code: invalidArgument,
      details: "access has 1 problem:\n  principalId: is a number; give a text",
    });
    await refusalOf("Nothing", "edge", {});
    expect(plugin.process.errorLines).toEqual([]);
  });

  test("keeps a secret within a plain argument a secret", async () => {
    const client = await (await createCertificateAuthority("historian")).createClientCertificate("bergen");
    const key = { [signature]: outputValue, value: client.key, secret: true };
    const historian = {
      host: "historian.example:8883",
      authenticationMethod: "X509Certificate",
      secretRef: "historian",
    };

    const { state } = await plugin.construct("mqtt-dataflow:index:MqttBridge", "bergen", {
      site: "bergen",
      localEndpoints: { edge: {} },
      customEndpoints: { historian },
      dataflows: { telemetry: { ...bridge.dataflows.telemetry, destination: "historian" } },
      relay: { image: "relay:1", secrets: { historian: { clientCertificate: client.certificate, clientKey: key } } },
    });

    expect(state["statefulSetName"]).toBe("bergen-relay-set");
    const secret = engine.requested.find(({ type }) => type === "kubernetes:core/v1:Secret");
    expect(secret?.inputs["stringData"]).toMatchObject({
      value: { "client_key.pem": client.key },
      [signature]: expect.anything(),
    });
  });

  test("goes on after a refusal", async () => {
    const { state } = await plugin.construct("mqtt-dataflow:index:LocalEndpoint", "edge", {});

    expect(state["tokenAudience"]).toBe("aio-internal");
  });

  test("compares the components of one program, as the program of a stack does", async () => {
    const customLocationId =
      "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo";
    const instance = { resourceGroupName: "rg", instanceName: "aio", customLocationId };
    const endpoint = { endpointName: "shared", instance };
    await plugin.construct("mqtt-dataflow:index:LocalEndpoint", "one", endpoint);

    const { details } = await refusalOf("LocalEndpoint", "two", endpoint);

    expect(details).toContain(
      'endpointName: creates the DataflowEndpoint "shared" of the same AIO instance, which LocalEndpoint "one" creates too (endpointName)',
    );
    await expect(plugin.construct("mqtt-dataflow:index:LocalEndpoint", "one", endpoint)).resolves.toBeDefined();
  });

  test("names its components to who asks for another", async () => {
    const { details } = await refusalOf("Broker", "edge", {});

    expect(details).toMatch(
      /^edge: has the type "mqtt-dataflow:index:Broker", which is no component; use one of .*MqttBridge/,
    );
  });
});

/** gRPC's status INVALID_ARGUMENT, which the engine shows without a stack. */
const invalidArgument = 3;

/** How the engine marks a value that is an output. @see Pulumi, resource provider protocol */
const signature = "4dabf18193072939515e22adb298388d";
const outputValue = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

const bridge = {
  site: "oslo",
  eventGrid: { resourceGroupName: "rg", topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } } },
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: {} },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
    },
  },
  identity: {
    clientId: "00000000-0000-0000-0000-000000000001",
    tenantId: "00000000-0000-0000-0000-000000000002",
  },
  relay: { image: "registry.example/relay:1" },
};
