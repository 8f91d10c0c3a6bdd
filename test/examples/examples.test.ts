import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import type { PackageSchema } from "../../build/schema.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { evaluate } from "./evaluate.ts";
import { readPythonProgram } from "./python-program.ts";
import { Unknown, checkArguments } from "./schema-check.ts";
import type { Value } from "./schema-check.ts";

const folder = path.join(import.meta.dirname, "../../examples");
const examples = ["site", "custom-broker"] as const;
const schema = JSON.parse(readFileSync(path.join(import.meta.dirname, "../../schema.json"), "utf8")) as PackageSchema;

test.each(["typescript", "python", "yaml"])("%s has each example, as a whole project", (language) => {
  expect(readdirSync(path.join(folder, language)).sort()).toEqual([...examples].sort());
  for (const example of examples) {
    const project = parse(readFileSync(path.join(folder, language, example, "Pulumi.yaml"), "utf8")) as object;
    expect(project).toMatchObject({ name: example, runtime: expect.anything() });
    expect(existsSync(path.join(folder, language, example, "README.md"))).toBe(true);
  }
});

test.each(examples)("Python's %s is installed and set up without a change to a file of the repository", (example) => {
  const made = ["sdks/mqtt-dataflow/setup.py", "venv/bin/python", "__pycache__/__main__.pyc", "Pulumi.dev.yaml"];
  const cwd = path.join(folder, "python", example);
  const requirements = readFileSync(path.join(cwd, "requirements.txt"), "utf8").split("\n");

  expect(
    execFileSync("git", ["check-ignore", ...made], { cwd, encoding: "utf8" })
      .trim()
      .split("\n"),
  ).toEqual(made);
  // `pulumi install` adds it where it is missing.
  expect(requirements).toContain("sdks/mqtt-dataflow");
});

describe("TypeScript", () => {
  test("the site gets its namespace, its roles by the direction of its dataflows, and its relay", async () => {
    const settings = {
      resourceGroupName: "rg",
      site: "oslo",
      oidcIssuerUrl: "https://oidc.example",
      relayImage: "relay:1",
    };

    const { resources, relayConfig } = await evaluate(settings, () => {
      jest.requireActual("../../examples/typescript/site/index.ts");
    });

    expect(resources).toEqual(
      expect.arrayContaining([
        "azure-native:authorization:RoleAssignment oslo-access-commands-subscriber",
        "azure-native:authorization:RoleAssignment oslo-access-telemetry-publisher",
        "azure-native:eventgrid:Namespace oslo-broker-ns",
        "azure-native:managedidentity:FederatedIdentityCredential oslo-relay-fic",
        "azure-native:managedidentity:UserAssignedIdentity relay",
        "kubernetes:apps/v1:StatefulSet oslo-relay-set",
      ]),
    );
    expect(resources.filter((resource) => resource.includes("RoleAssignment"))).toHaveLength(2);
    const { config } = parseRelayConfig(relayConfig, { where: "site" });
    expect(Object.keys(config.dataflows)).toEqual(["commands", "telemetry"]);
  });

  test("the custom broker gets no cloud resource, and a relay with its certificate and CA", async () => {
    const authority = await createCertificateAuthority("historian CA");
    const client = await authority.createClientCertificate("oslo");
    const settings = {
      site: "oslo",
      brokerHost: "historian.example:8883",
      brokerCa: authority.certificate,
      clientCertificate: client.certificate,
      clientKey: client.key,
      relayImage: "relay:1",
    };

    const { resources, relayConfig } = await evaluate(settings, () => {
      jest.requireActual("../../examples/typescript/custom-broker/index.ts");
    });

    expect(resources.filter((resource) => resource.startsWith("azure-native:"))).toEqual([]);
    expect(resources).toEqual(
      expect.arrayContaining([
        "kubernetes:core/v1:ConfigMap oslo-relay-historian-ca",
        "kubernetes:core/v1:Secret oslo-relay-historian-client",
      ]),
    );
    const { config } = parseRelayConfig(relayConfig, { where: "custom-broker" });
    expect(config.endpoints["historian"]?.mqttSettings.authentication.method).toBe("X509Certificate");
  });

  test.each(examples)("%s runs unbuilt, in the versions that it is tested with", (example) => {
    const text = readFileSync(path.join(folder, "typescript", example, "package.json"), "utf8");
    const { dependencies, ...manifest } = JSON.parse(text) as { dependencies: Record<string, string> };
    const root = JSON.parse(readFileSync(path.join(folder, "../package.json"), "utf8")) as typeof manifest & {
      dependencies: Record<string, string>;
    };
    const { "mqtt-dataflow": own, ...others } = dependencies;

    expect(manifest).toMatchObject({ type: "module", main: "index.ts", engines: { node: ">=22.18" } });
    expect(own).toBe("file:../../../dist");
    for (const [name, version] of Object.entries(others))
      expect([name, version]).toEqual([name, root.dependencies[name]]);
  });
});

describe("YAML", () => {
  interface YamlProgram {
    readonly config: { readonly [name: string]: unknown };
    readonly packages: { readonly [name: string]: string };
    readonly resources: {
      readonly [key: string]: {
        readonly type: string;
        readonly name?: string;
        readonly properties: { [key: string]: Value };
      };
    };
  }

  function readProgram(example: string): YamlProgram {
    return parse(readFileSync(path.join(folder, "yaml", example, "Pulumi.yaml"), "utf8")) as YamlProgram;
  }

  /** Replaces what the YAML language fills in: a whole `${…}` by something unknown, one within a text by a text. */
  function fillIn(value: Value, settings: readonly string[]): Value {
    if (typeof value === "string") {
      const name = /^\$\{([^}]+)\}$/.exec(value)?.[1];
      return name === undefined ? value.replaceAll("$${", "${") : new Unknown(settings.includes(name));
    }
    if (Array.isArray(value)) return (value as readonly Value[]).map((item) => fillIn(item, settings));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item as Value, settings)]));
  }

  test.each(examples)("%s gives only what the schema has, and all that it asks for", (example) => {
    const { config, resources } = readProgram(example);
    const ours = Object.values(resources).filter(({ type }) => type.startsWith("mqtt-dataflow:"));

    expect(ours).toHaveLength(1);
    for (const { type, properties } of ours) {
      const given = fillIn(properties, Object.keys(config)) as { [key: string]: Value };
      expect(checkArguments(schema, type.replace(":", ":index:"), given)).toEqual([]);
    }
  });

  test.each(examples)("%s names no resource by a setting, which Pulumi takes for no text", (example) => {
    const names = Object.values(readProgram(example).resources).flatMap(({ name }) => name ?? []);

    expect(names.filter((name) => name.includes("${"))).toEqual([]);
  });

  test.each(examples)(
    "%s refers to settings and resources that exist, and escapes what the relay fills in",
    (example) => {
      const { config, resources } = readProgram(example);
      const known = [...Object.keys(config), ...Object.keys(resources)];
      const references = [...JSON.stringify(resources).matchAll(/(?<!\$)\$\{([A-Za-z]+)/g)].map(([, name]) => name);

      expect(references.filter((name) => !known.includes(name ?? ""))).toEqual([]);
      expect(JSON.stringify(resources)).toContain("$${inputTopic");
    },
  );

  test("a program that does not fit the schema is found out", () => {
    const { resources } = readProgram("site");
    const properties = resources["bridge"]!.properties as { [key: string]: { [key: string]: Value } };
    const { site, ...rest } = properties;
    const broken = {
      ...rest,
      sites: site ?? null,
      eventGridEndpoints: { cloud: { retain: "Sometimes" } },
      localEndpoints: { edge: { qos: "1", hosts: "edge:1883" } },
      dataflows: { telemetry: { source: new Unknown(false), dataSources: "plant/#", destination: "cloud" } },
    };

    expect(checkArguments(schema, "mqtt-dataflow:index:MqttBridge", broken).sort()).toEqual([
      "dataflows.telemetry.dataDestination is missing",
      "dataflows.telemetry.dataSources is no list",
      "dataflows.telemetry.source is plain, and gets an output",
      'eventGridEndpoints.cloud.retain is "Sometimes", none of Keep, Never',
      "localEndpoints.edge.hosts does not exist",
      'localEndpoints.edge.qos is "1", none of 0, 1',
      "site is missing",
      "sites does not exist",
    ]);
  });
});

describeWithPart("python3", (python) => {
  const fileOf = (example: string) => path.join(folder, "python", example, "__main__.py");

  test.each(examples)("%s compiles", (example) => {
    const compile = "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')";

    expect(() => execFileSync(python, ["-c", compile, fileOf(example)], { stdio: "pipe" })).not.toThrow();
  });

  test.each(examples)("%s gives only what the schema has, by Python's names, and all that it asks for", (example) => {
    const created = readPythonProgram(python, fileOf(example), schema);

    expect(created.map(({ typeToken }) => typeToken)).toEqual(["mqtt-dataflow:index:MqttBridge"]);
    for (const { typeToken, given, problems } of created) {
      expect(problems).toEqual([]);
      expect(checkArguments(schema, typeToken, given)).toEqual([]);
    }
  });

  test("a program that does not fit the SDK is found out", () => {
    const created = readPythonProgram(python, path.join(import.meta.dirname, "broken-program.py"), schema);

    expect(created.flatMap(({ problems }) => problems).sort()).toEqual([
      "DataflowArgs is given where LocalEndpointSettingsArgs belongs",
      "MqttRetain.SOMETIMES is no word of mqtt-dataflow:index:MqttRetain",
      "dataSources is no argument",
      "source is no argument",
    ]);
  });
});
