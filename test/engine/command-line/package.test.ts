import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { buildPackage, link, packPackage, typeCheck } from "../../build/package-scene.ts";
import { describeWithParts } from "../../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { installForExamples } from "../support/example-program.ts";
import type { InstalledPackage } from "../support/example-program.ts";
import { installLanguage, languageParts } from "../support/languages.ts";

const root = path.join(import.meta.dirname, "../../..");

/** The package as its user takes it: an archive of npm's in an empty project, and a plugin that a program adds. */
describeWithParts([...languageParts, "kube-apiserver", "etcd"], (parts) => {
  let installed: InstalledPackage;

  beforeAll(() => {
    installed = installForExamples(buildPackage());
  });

  afterAll(removeTemporaryFolders);

  /** An empty project with what `npm pack ./dist` packs, installed by npm. Its peers are linked: what npm takes for them is tried elsewhere. */
  function createProject(): string {
    const folder = createTemporaryFolder("empty-project");
    const manifest = { name: "readme", private: true, type: "module", main: "index.ts" };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
    const archive = packPackage(installed.built, folder);
    const npm = ["install", "--offline", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error", archive];
    execFileSync("npm", npm, { cwd: folder, stdio: "pipe" });
    const modules = path.join(folder, "node_modules");
    for (const name of ["@pulumi/azure-native", "@pulumi/kubernetes", "@pulumi/pulumi", "@types/node"])
      link(modules, name);
    return folder;
  }

  test("the README's program type-checks in an empty project as strictly as can be, and is previewed as it stands", async () => {
    const folder = createProject();
    const readme = readFileSync(path.join(root, "README.md"), "utf8");
    const [, program = ""] = /```ts\n(import .*?)```/s.exec(readme) ?? [];
    writeFileSync(path.join(folder, "index.ts"), withGiven(program));
    const compilerOptions = {
      strict: true,
      target: "es2022",
      module: "nodenext",
      types: ["node"],
      skipLibCheck: false,
    };
    writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    writeFileSync(
      path.join(folder, "Pulumi.yaml"),
      "name: readme\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
    );
    const commandLine = await installLanguage("typescript", parts);

    const said = typeCheck(folder);
    await commandLine.succeed(folder, "stack", "init", "dev", "--secrets-provider=passphrase");
    const shown = await commandLine.succeed(folder, "preview");

    commandLine.stop();
    expect(said).toBe("");
    expect(shown).toMatch(/\+ +kubernetes:apps\/v1:StatefulSet oslo-relay-set create/);
    expect(shown).toMatch(/\+ +azure-native:eventgrid:Namespace oslo-broker-ns create/);
  });

  test("pulumi package get-schema prints the schema of the plugin's folder", async () => {
    const commandLine = await installLanguage("yaml", parts);
    const folder = createTemporaryFolder("anywhere");
    writeFileSync(path.join(folder, "Pulumi.yaml"), "name: anywhere\nruntime: yaml\n");

    const output = await commandLine.succeed(folder, "package", "get-schema", installed.plugin);

    commandLine.stop();
    const printed = output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1);
    expect(inputsOf(printed)).toEqual(inputsOf(readFileSync(path.join(root, "schema.json"), "utf8")));
  });

  // A program with `packages:` is previewed and deployed in examples.test.ts.
  test("pulumi package add takes the plugin's folder", async () => {
    const commandLine = await installLanguage("yaml", parts);
    const folder = createTemporaryFolder("yaml");
    writeFileSync(path.join(folder, "Pulumi.yaml"), "name: empty\nruntime: yaml\n");

    const { code, output } = await commandLine.run(folder, "package", "add", installed.plugin);

    commandLine.stop();
    expect(output).toContain("Successfully generated an SDK for the mqtt-dataflow package");
    // The newest host of YAML programs that is published as a module is older than the command line.
    if (code !== 0) expect(output).toContain("error: linking package: method Link not implemented");
  });
});

/** The arguments of each component that a schema has: Pulumi prints it in its own form. */
function inputsOf(text: string): Record<string, readonly string[]> {
  const { resources } = JSON.parse(text) as {
    readonly resources: Readonly<Record<string, { readonly inputProperties: object }>>;
  };
  const inputs = Object.entries(resources).map(([type, { inputProperties }]) => [
    type,
    Object.keys(inputProperties).sort(),
  ]);
  return Object.fromEntries(inputs) as Record<string, readonly string[]>;
}

/** Puts what the README's program takes as given below its imports. */
function withGiven(program: string): string {
  return program.replace("\n\n", `\n${given}`);
}

const given = `
const resourceGroupName = "rg-oslo";
const clientId = "00000000-0000-0000-0000-0000000000c1";
const tenantId = "00000000-0000-0000-0000-0000000000e1";
const principalId = "00000000-0000-0000-0000-0000000000a1";
const image = "registry.example/mqtt-dataflow-relay:1.0.0";
`;
