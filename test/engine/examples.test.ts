import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse, stringify } from "yaml";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { buildPackage, installPlugin, link } from "../build/package-scene.ts";
import { generateSdks } from "../build/generated-sdks.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { CommandResult, PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";

const examples = path.join(import.meta.dirname, "../../examples");
const passphraseProvider = "--secrets-provider=passphrase";

/** The settings that the examples' READMEs set, by example. */
async function readmeSettings(): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const authority = await createCertificateAuthority("historian");
  const notAfter = new Date(Date.now() + 365 * 24 * 60 * 60 * 1000);
  const client = await authority.createClientCertificate("oslo", { notAfter });
  const shared = { site: "oslo", relayImage: "registry.example/mqtt-dataflow-relay:1.0.0" };
  return {
    site: { ...shared, resourceGroupName: "rg-oslo", oidcIssuerUrl: "https://oidc.example/oslo" },
    "custom-broker": {
      ...shared,
      brokerHost: "historian.example:8883",
      brokerCa: authority.certificate,
      clientCertificate: client.certificate,
      clientKey: client.key,
    },
  };
}

/** Installs an SDK as `pulumi install` does, in a folder of its own: the environment is shared. */
function installPythonSdk(python: string, sdk: string): string {
  const folder = createTemporaryFolder("python");
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-deps",
    "--no-build-isolation",
    "--no-index",
    "--target",
    folder,
  ];
  execFileSync(python, [...pip, sdk], { stdio: "pipe" });
  return folder;
}

/** Every example, found in the tree, so that a new one is previewed too. The fleet is two programs at once: see fleet.test.ts. */
const projects = readdirSync(examples)
  .filter((language) => language !== "fleet")
  .flatMap((language) => readdirSync(path.join(examples, language)).map((example) => [language, example] as const));

describeWithParts(
  [
    "pulumi",
    "kube-apiserver",
    "etcd",
    "pulumi-language-yaml",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-python",
    "generate-sdks",
  ],
  ([pulumi, , , yamlHost, pythonHost, pythonExec, python]) => {
    let installation: PulumiInstallation;
    let settings: Awaited<ReturnType<typeof readmeSettings>>;
    let built: string;
    let plugin: string;
    let count = 0;

    beforeAll(async () => {
      built = buildPackage();
      plugin = installPlugin(built);
      settings = await readmeSettings();
      const hosts = createTemporaryFolder("hosts");
      const named = { "pulumi-language-yaml": yamlHost, "pulumi-language-python": pythonHost };
      for (const [name, file] of Object.entries({ ...named, "pulumi-language-python-exec": pythonExec })) {
        // No link: the host looks for its executor beside itself.
        copyFileSync(file, path.join(hosts, name));
      }
      const environment = execFileSync(python, ["-c", "import sys; print(sys.prefix)"], { encoding: "utf8" }).trim();
      installation = await installPulumi({
        pulumi,
        kubeconfig: process.env[kubeconfigVariable] ?? "",
        programs: [hosts, path.join(environment, "bin")],
        variables: { PYTHONPATH: installPythonSdk(python, generateSdks().python) },
      });
    });

    afterAll(() => {
      installation.stop();
      removeTemporaryFolders();
    });

    /** Copies an example to where a user would have it, with what its README installs. */
    async function prepare(
      language: string,
      example: string,
      edit: (file: string) => void = () => {},
    ): Promise<string> {
      const folder = createTemporaryFolder(`${language}-${example}`);
      cpSync(path.join(examples, language, example), folder, { recursive: true });
      const file = path.join(folder, "Pulumi.yaml");
      const project = parse(readFileSync(file, "utf8")) as { packages?: object };
      if (project.packages !== undefined) {
        writeFileSync(file, stringify({ ...project, packages: { "mqtt-dataflow": plugin } }));
      }
      if (language === "typescript") installModules(folder);
      edit(folder);
      // Projects of all languages have the same name, and one backend.
      const stack = `dev-${++count}`;
      await installation.succeed(folder, "stack", "init", stack, passphraseProvider);
      const config = Object.entries(settings[example] ?? {}).map(([key, value]) => [`${example}:${key}`, value]);
      const stackFile = path.join(folder, `Pulumi.${stack}.yaml`);
      const { encryptionsalt } = parse(readFileSync(stackFile, "utf8")) as { encryptionsalt: string };
      const { [`${example}:clientKey`]: key, ...plain } = Object.fromEntries(config) as Record<string, string>;
      writeFileSync(stackFile, stringify({ encryptionsalt, config: plain }));
      if (key !== undefined) await installation.succeed(folder, "config", "set", "--secret", "clientKey", "--", key);
      return folder;
    }

    function installModules(folder: string): void {
      const modules = path.join(folder, "node_modules");
      mkdirSync(modules);
      const own = path.join(modules, "mqtt-dataflow");
      cpSync(built, own, { recursive: true });
      for (const name of ["azure-native", "kubernetes", "pulumi"]) link(modules, `@pulumi/${name}`);
    }

    const preview = (folder: string): Promise<CommandResult> => installation.run(folder, "preview", "--diff");

    test.each(projects)("%s's %s is previewed as it stands", async (language, example) => {
      const { code, output } = await preview(await prepare(language, example));

      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("kubernetes:apps/v1:StatefulSet") });
      const azure = /azure-native:eventgrid:Namespace: \(create\)/;
      if (example === "site") expect(output).toMatch(azure);
      else expect(output).not.toMatch(azure);
      expect(output).not.toContain("BEGIN EC PRIVATE KEY");
    });

    test.each([
      ["yaml", "Pulumi.yaml", "retain: Keep", "retain: Keep\n          keepAliveSeconds: 70000"],
      [
        "python",
        "__main__.py",
        "retain=mqtt.MqttRetain.KEEP,",
        "retain=mqtt.MqttRetain.KEEP, keep_alive_seconds=70000,",
      ],
      ["typescript", "index.ts", "retain: MqttRetain.Keep,", "retain: MqttRetain.Keep, keepAliveSeconds: 70000,"],
    ])("%s prints a refusal whole and once, before anything is created", async (language, file, text, broken) => {
      const folder = await prepare(language, "custom-broker", (copy) => {
        const program = path.join(copy, file);
        const source = readFileSync(program, "utf8");
        expect(source).toContain(text);
        writeFileSync(program, source.replace(text, broken));
      });

      const { code, output } = await preview(folder);

      expect(code).not.toBe(0);
      const problem = "  customEndpoints.historian.keepAliveSeconds: is 70000 s; give a whole number from 0 to 65535 s";
      expect(output.split(problem)).toHaveLength(2);
      // Nothing of the stack, where there is one, is of this package.
      expect(output).not.toMatch(/mqtt-dataflow\S*\.[jt]s:\d/);
      expect(output).not.toMatch(/azure-native|kubernetes:/);
    });
  },
);
