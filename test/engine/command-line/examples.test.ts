import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { buildPackage } from "../../build/package-scene.ts";
import { describeWithParts } from "../../support/real-parts.ts";
import { removeTemporaryFolders } from "../../support/temporary-folder.ts";
import type { CommandLine } from "../support/command-line.ts";
import { examples, installForExamples, prepareExample, programFiles, replaceOnce } from "../support/example-program.ts";
import type { InstalledPackage, Language } from "../support/example-program.ts";
import { openCluster, readKubeconfig } from "../support/kubernetes/client.ts";
import type { KubernetesClient } from "../support/kubernetes/client.ts";
import { installLanguage, languageParts } from "../support/languages.ts";
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
const creates: Readonly<Record<string, number>> = { site: 20, "custom-broker": 12 };

/** What the examples with a namespace and a spool get so that they can be destroyed. */
const unprotecting: Readonly<Record<Language, readonly (readonly [text: string, instead: string])[]>> = {
  typescript: [
    ["eventGrid: {", "eventGrid: {\n    protect: false,"],
    [
      'relay: { image: config.require("relayImage") }',
      'relay: { image: config.require("relayImage"), volume: { protect: false } }',
    ],
  ],
  yaml: [
    ["eventGrid:\n", "eventGrid:\n        protect: false\n"],
    ["image: ${relayImage}\n", "image: ${relayImage}\n        volume: { protect: false }\n"],
  ],
  python: [
    ["mqtt.EventGridBrokerSettingsArgs(", "mqtt.EventGridBrokerSettingsArgs(\n        protect=False,"],
    ['image=config.require("relayImage"))', 'image=config.require("relayImage"), volume={"protect": False})'],
  ],
};

describeWithParts([...languageParts, "kube-apiserver", "etcd"], (parts) => {
  let cluster: KubernetesClient;
  let installed: InstalledPackage;

  beforeAll(async () => {
    cluster = openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
    await provideNamespace(cluster, namespace);
    installed = installForExamples(buildPackage());
  });

  afterAll(removeTemporaryFolders);

  describe.each(projects)("examples/%s/%s", (language, example) => {
    let commandLine: CommandLine;

    afterAll(() => commandLine.stop());

    declareLifeCycle({
      creates: creates[example] ?? 0,
      isProtected: example === "site",
      shows: /"plant\/\+\/telemetry\/#" => "plant\/\+\/measured\/#"/,
      start: async () => {
        commandLine = await installLanguage(language, parts);
        const site = `${language}-${example}`;
        const folder = await prepareExample(commandLine, installed, { language, example, site });
        const program = path.join(folder, programFiles[language]);
        return {
          run: (command, ...args) => commandLine.run(folder, command, "--stack", site, ...args),
          runWithPolicies: (command, ...args) => commandLine.runWithPolicies(folder, command, "--stack", site, ...args),
          set: async (setting) => {
            await commandLine.succeed(folder, "config", "set", "--stack", site, "--path", ...setting);
          },
          change: () => replaceOnce(program, "plant/+/telemetry/#", "plant/+/measured/#"),
          unprotect: async () => {
            for (const edit of unprotecting[language]) replaceOnce(program, ...edit);
          },
          listLeft: () => listLeft(commandLine, cluster, namespace, /^(?:typescript|yaml|python|bridge|historian)-/),
        };
      },
    });
  });
});
