import { cpSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { installCommandLine } from "../support/command-line.ts";
import type { CommandLine } from "../support/command-line.ts";
import { replaceOnce } from "../support/example-program.ts";
import { openCluster, readKubeconfig } from "../support/kubernetes/client.ts";
import type { KubernetesClient } from "../support/kubernetes/client.ts";
import { listLeft } from "../support/left.ts";
import { declareLifeCycle } from "../support/life-cycle.ts";
import type { LivingStack, Setting } from "../support/life-cycle.ts";
import { kubeconfigVariable } from "../support/setup.ts";
import { addPlatformResources, createNamespace, deployPlatform, platformStack } from "../support/site.ts";

const project = path.join(import.meta.dirname, "../../..");

/** The program of the repository, by the command line and its own host of Node.js programs, as README.md says. */
describeWithParts(["pulumi", "pulumi-language-nodejs", "kube-apiserver", "etcd"], ([pulumi, nodeHost]) => {
  let commandLine: CommandLine;
  let cluster: KubernetesClient;

  beforeAll(async () => {
    cluster = openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));
    commandLine = await installCommandLine({ pulumi, "pulumi-language-nodejs": nodeHost });
    addPlatformResources(commandLine);
  });

  afterAll(() => {
    commandLine.stop();
    removeTemporaryFolders();
  });

  /** The repository as far as its program needs it, so that no file of it is changed, and its stack. */
  async function start(stack: string, namespace: string, ...settings: Setting[]): Promise<LivingStack> {
    await createNamespace(cluster, namespace);
    const folder = createTemporaryFolder("clone");
    for (const name of ["node_modules", "package.json", "components", "runtime"]) {
      symlinkSync(path.join(project, name), path.join(folder, name));
    }
    for (const name of ["Pulumi.yaml", "stacks"]) {
      cpSync(path.join(project, name), path.join(folder, name), { recursive: true });
    }
    await commandLine.succeed(folder, "stack", "init", stack, "--secrets-provider=passphrase");
    const dataflows = path.join(folder, "stacks/dataflows.ts");
    const ofPlatform = commandLine.arm.ids;
    const set = async (setting: readonly string[]) => {
      await commandLine.succeed(folder, "config", "set", "--stack", stack, "--path", ...setting);
    };
    for (const setting of settings) await set(setting);
    return {
      run: (command, ...args) => commandLine.run(folder, command, "--stack", stack, ...args),
      runWithPolicies: (command, ...args) => commandLine.runWithPolicies(folder, command, "--stack", stack, ...args),
      set,
      unprotect: async () => {
        await set(["eventGrid.protect", "false"]);
        await set(["relay.volume.protect", "false"]);
      },
      change: () =>
        replaceOnce(dataflows, 'dataSources: ["plant/+/telemetry/#"]', 'dataSources: ["plant/+/telemetry/+"]'),
      listLeft: async () => {
        const left = await listLeft(commandLine, cluster, namespace, /^oslo-/);
        return left.filter((name) => !ofPlatform.includes(name));
      },
    };
  }

  describe("stacks/ with the settings of dev", () => {
    declareLifeCycle({
      creates: 24,
      shows: /"plant\/\+\/telemetry\/#" => "plant\/\+\/telemetry\/\+"/,
      isProtected: false,
      start: () => start("dev", "command-line-dev", ["platform.namespace", "command-line-dev"]),
    });
  });

  describe("stacks/ with the settings of prod", () => {
    declareLifeCycle({
      creates: 26,
      shows: /"plant\/\+\/telemetry\/#" => "plant\/\+\/telemetry\/\+"/,
      refused: {
        says: 'publicNetworkAccess: is "Enabled", and stack "prod" is in production; set it to "Disabled"',
        remedy: ["eventGrid.publicNetworkAccess", "Disabled"],
      },
      isProtected: true,
      start: async () => {
        const namespace = "command-line-prod";
        await deployPlatform(commandLine, { namespace, oidcIssuerUrl: "https://oidc.example/oslo" });
        // Its own settings keep to the policy.
        return start("prod", namespace, ["platformStack", platformStack], ["eventGrid.publicNetworkAccess", "Enabled"]);
      },
    });
  });
});
