import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { buildPackage } from "../../build/package-scene.ts";
import { generateSdks } from "../../build/generated-sdks.ts";
import { describeWithParts } from "../../support/real-parts.ts";
import { removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { installCommandLine } from "../support/command-line.ts";
import type { CommandLine } from "../support/command-line.ts";
import {
  examples,
  installForExamples,
  installPythonSdk,
  prepareExample,
  programFiles,
  replaceOnce,
} from "../support/example-program.ts";
import type { InstalledPackage, Language } from "../support/example-program.ts";
import { openCluster, readKubeconfig } from "../support/kubernetes/client.ts";
import type { KubernetesClient } from "../support/kubernetes/client.ts";
import { listLeft } from "../support/left.ts";
import { declareLifeCycle } from "../support/life-cycle.ts";
import { kubeconfigVariable } from "../support/setup.ts";
import { provideNamespace } from "../support/site.ts";

/** The components' default. */
const namespace = "azure-iot-operations";

/** Every example, found in the tree, so that a new one is tried too. The fleet is two programs at once: see fleet.test.ts. */
const projects = (Object.keys(programFiles) as Language[]).flatMap((language) =>
  readdirSync(path.join(examples, language)).map((example) => [language, example] as const),
);

/** How many resources each creates, in every language. */
const creates: Readonly<Record<string, Readonly<Record<Language, number>>>> = {
  site: { typescript: 22, yaml: 22, python: 22 },
  "custom-broker": { typescript: 12, yaml: 12, python: 12 },
};

describeWithParts(
  [
    "pulumi",
    "pulumi-language-nodejs",
    "pulumi-language-yaml",
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-python",
    "generate-sdks",
    "kube-apiserver",
    "etcd",
  ],
  ([pulumi, nodeHost, yamlHost, pythonHost, pythonExecutor, python]) => {
    let cluster: KubernetesClient;
    let installed: InstalledPackage;

    beforeAll(async () => {
      cluster = openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
      await provideNamespace(cluster, namespace);
      installed = installForExamples(buildPackage());
    });

    afterAll(removeTemporaryFolders);

    const install = {
      typescript: () => installCommandLine({ pulumi, "pulumi-language-nodejs": nodeHost }),
      yaml: () => installCommandLine({ pulumi, "pulumi-language-yaml": yamlHost }),
      python: () => {
        const hosts = { "pulumi-language-python": pythonHost, "pulumi-language-python-exec": pythonExecutor };
        const environment = execFileSync(python, ["-c", "import sys; print(sys.prefix)"], { encoding: "utf8" }).trim();
        const variables = { PYTHONPATH: installPythonSdk(python, generateSdks().python) };
        return installCommandLine({ pulumi, ...hosts }, [path.join(environment, "bin")], variables);
      },
    };

    describe.each(projects)("examples/%s/%s", (language, example) => {
      let commandLine: CommandLine;

      afterAll(() => commandLine.stop());

      declareLifeCycle({
        creates: creates[example]?.[language] ?? 0,
        shows: [/"plant\/\+\/telemetry\/#" => "plant\/\+\/measured\/#"/],
        start: async () => {
          commandLine = await install[language]();
          const site = `${language}-${example}`;
          const folder = await prepareExample(commandLine, installed, { language, example, site });
          const program = path.join(folder, programFiles[language]);
          return {
            run: (command, ...args) => commandLine.run(folder, command, "--stack", site, ...args),
            runWithPolicies: (command, ...args) => commandLine.runWithPolicies(folder, command, "--stack", site, ...args),
            change: () => replaceOnce(program, "plant/+/telemetry/#", "plant/+/measured/#"),
            listLeft: () => listLeft(commandLine, cluster, namespace, /^(?:typescript|yaml|python|bridge|historian)-/),
          };
        },
      });
    });
  },
);
