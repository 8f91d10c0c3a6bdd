import { execFileSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { peerRanges } from "../../build/manifest.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { buildPackage, packPackage, typeCheck } from "./package-scene.ts";

/*
 * The package as someone has it who finds it: installed by npm into an empty project, and used with the settings of
 * `pulumi new typescript` and of each kind of module.
 */

/** Finds npm where its registry answers. */
function findRegistry(): string | undefined {
  try {
    execFileSync("npm", ["view", "@pulumi/pulumi", "version", "--fetch-retries=0"], { stdio: "pipe" });
    return "npm";
  } catch {
    return undefined;
  }
}

/** What `pulumi new typescript` writes; a program that is installed and checked as it is. */
const template = {
  strict: true,
  outDir: "bin",
  target: "es2020",
  module: "commonjs",
  moduleResolution: "node",
  sourceMap: true,
  experimentalDecorators: true,
  pretty: false,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  forceConsistentCasingInFileNames: true,
};

/** Settings by what they are for: the package's own declarations are checked too, since none has `skipLibCheck`. */
const compilers: readonly [name: string, type: "module" | "commonjs", options: object][] = [
  ["pulumi new typescript", "commonjs", template],
  [
    "a CommonJS program of Node.js 16's kind",
    "commonjs",
    { ...template, module: "node16", moduleResolution: "node16" },
  ],
  ["an ES module of Node.js 16's kind", "module", { ...template, module: "node16", moduleResolution: "node16" }],
  ["an ES module of today's Node.js", "module", { strict: true, target: "es2022", module: "nodenext" }],
  ["a CommonJS program of today's Node.js", "commonjs", { strict: true, target: "es2022", module: "nodenext" }],
  ["a bundler", "module", { strict: true, target: "es2020", module: "esnext", moduleResolution: "bundler" }],
];

const newest = Object.keys(peerRanges);
const oldest = Object.entries(peerRanges).map(([name, range]) => `${name}@${range.replace("^", "")}`);

describeWithPart(
  "npm registry",
  (npm) => {
    let archive: string;

    beforeAll(() => {
      archive = packPackage(buildPackage(), createTemporaryFolder("archive"));
    });

    afterAll(removeTemporaryFolders);

    describe.each([
      ["that npm takes by itself", []],
      ["that are the oldest of their ranges", oldest],
    ])("with the packages of Pulumi %s", (_, packages) => {
      let folder: string;
      let modules: string;

      beforeAll(() => {
        folder = createTemporaryFolder("stranger");
        modules = path.join(folder, "node_modules");
        writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true }));
        const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
        execFileSync(npm, [...install, archive, ...packages, "@types/node@18"], { cwd: folder, stdio: "pipe" });
      });

      test("there is one copy of each, and beside them less than 4 MB", () => {
        const manifests = readdirSync(modules, { recursive: true, encoding: "utf8" });

        for (const name of newest) {
          const copies = manifests.filter((file) => file.endsWith(path.join(name, "package.json")));
          expect(copies).toEqual([path.join(name, "package.json")]);
        }
        expect(bytesOf(path.join(modules, "mqtt-dataflow"))).toBeLessThan(4_000_000);
      });

      test.each(compilers)("%s type-checks, and finds what is wrong in a program", (_name, type, compilerOptions) => {
        writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type }));
        writeFileSync(path.join(folder, "index.ts"), typedProgram);
        const settings = { compilerOptions: { ...compilerOptions, types: ["node"] }, files: ["index.ts"] };
        writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(settings));

        expect(typeCheck(folder)).toBe("");
      });

      test.each(["run.cjs", "run.mjs"])("%s runs, and gets its resources", (file) => {
        const load = file.endsWith(".cjs")
          ? 'const pulumi = require("@pulumi/pulumi"); const { MqttBridge } = require("mqtt-dataflow");'
          : 'import * as pulumi from "@pulumi/pulumi"; import { MqttBridge } from "mqtt-dataflow";';
        writeFileSync(path.join(folder, file), load + runningProgram);

        const output = execFileSync(process.execPath, ["--no-warnings", file], { cwd: folder, encoding: "utf8" });

        expect(JSON.parse(output)).toEqual(
          expect.arrayContaining(["azure-native:eventgrid:Namespace", "kubernetes:apps/v1:StatefulSet"]),
        );
      });
    });
  },
  findRegistry,
);

function bytesOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) =>
    statSync(path.join(folder, file)),
  );
  return files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
}

/** Each expected error shows that a declaration is read: a file that is not found would make everything `any`. */
const typedProgram = `
import { LocalEndpoint, MqttBridge, MqttQos, renderRelayConfig } from "mqtt-dataflow";
import type { MqttBridgeArgs } from "mqtt-dataflow";

const edge = new LocalEndpoint("edge", { qos: MqttQos.AtLeastOnce, authenticationMethod: "Anonymous" });
// @ts-expect-error: an output is no text
export const text: string = edge.config;
// @ts-expect-error: Event Grid's method, which no local endpoint has
new LocalEndpoint("edge", { authenticationMethod: "UserAssignedManagedIdentity" });
// @ts-expect-error: a setting that is inherited has its type too
new LocalEndpoint("edge", { qos: 2 });
const args: MqttBridgeArgs = { site: "oslo", dataflows: {}, relay: { image: "relay" } };
new MqttBridge("oslo", args);
// @ts-expect-error: a dataflow has more than a source
new MqttBridge("oslo", { ...args, dataflows: { telemetry: { source: "edge" } } });
const rendered = renderRelayConfig("oslo", { endpoints: {}, dataflows: {} });
export const mountPath: string = rendered.config.relay.mountPath;
// @ts-expect-error: what a schema tells is written out, and is not any
export const site: boolean = rendered.config.relay.mountPath;
`;

/** Prints the types of what a bridge creates. */
const runningProgram = `
const types = [];
pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => {
    types.push(type);
    const topicSpacesConfiguration = { hostname: "oslo.westeurope-1.ts.eventgrid.azure.net" };
    const id = "/subscriptions/00000000-0000-0000-0000-00000000000f/" + name;
    return { id, state: { ...inputs, name, topicSpacesConfiguration, metadata: { name, ...inputs.metadata } } };
  },
  call: ({ token }) => { throw new Error(token); },
}, "stranger");
new MqttBridge("oslo", {
  site: "oslo",
  eventGrid: { resourceGroupName: "rg", topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } } },
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: { retain: "Never" } },
  dataflows: {
    telemetry: { source: "edge", dataSources: ["a/#"], destination: "cloud", dataDestination: "sites/oslo/\${inputTopic}" },
  },
  identity: { clientId: "00000000-0000-0000-0000-000000000001", tenantId: "00000000-0000-0000-0000-000000000002" },
  relay: { image: "relay:1" },
});
pulumi.runtime.disconnect().then(() => console.log(JSON.stringify(types)));
`;
