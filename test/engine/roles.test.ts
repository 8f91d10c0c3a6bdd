import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { roleAssignmentName } from "../../components/event-grid/roles.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";

/** Stacks with role assignments. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  const project = path.join(import.meta.dirname, "../..");
  const scope = `${subscription}/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/contoso`;
  const [principal, other] = ["00000000-0000-0000-0000-0000000000a1", "00000000-0000-0000-0000-0000000000a2"];
  let installation: PulumiInstallation;
  let folder: string;

  beforeAll(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: process.env[kubeconfigVariable] ?? "" });
    installation.arm.set(scope, { name: "contoso" });
    folder = createTemporaryFolder("roles");
    for (const shared of ["node_modules", "package.json", "components", "runtime"])
      symlinkSync(path.join(project, shared), path.join(folder, shared));
    const options = "runtime: { name: nodejs, options: { typescript: false } }";
    writeFileSync(path.join(folder, "Pulumi.yaml"), `name: roles\nmain: index.ts\n${options}\n`);
    await installation.succeed(folder, "stack", "init", "dev", "--secrets-provider=passphrase");
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  /** Deploys a program, and gives what was printed and the names of the role assignments that there are. */
  const deploy = async (program: string) => {
    writeFileSync(path.join(folder, "index.ts"), program);
    const printed = await installation.succeed(folder, "up", "--stack", "dev", "--yes", "--skip-preview", "--diff");
    const ids = installation.arm.ids.filter((id) => id.includes("/roleAssignments/"));
    return { printed, names: ids.map((id) => id.split("/").at(-1) ?? "") };
  };

  /** What earlier releases created: the same resources, whose names Pulumi's provider makes up. */
  const before = `
    import * as authorization from "@pulumi/azure-native/authorization/index.js";
    import * as pulumi from "@pulumi/pulumi";
    const parent = new pulumi.ComponentResource("mqtt-dataflow:index:TopicSpaceAccess", "oslo", {});
    const role = "${subscription}/providers/Microsoft.Authorization/roleDefinitions/a12b0b94-b317-4dcd-84a8-502ce99884c6";
    new authorization.RoleAssignment("oslo-namespace-publisher", {
      scope: "${scope}",
      roleDefinitionId: role,
      principalId: "${principal}",
      principalType: "ServicePrincipal",
      description: "EventGrid TopicSpaces Publisher for MQTT dataflows",
    }, { parent });
  `;
  const access = (args: object) => `
    import { TopicSpaceAccess } from "./components/index.ts";
    new TopicSpaceAccess("oslo", ${JSON.stringify({
      namespaceId: scope,
      topicSpaces: {},
      publishedTopics: ["a"],
      subscribedTopics: [],
      ...args,
    })});
  `;

  test("keep the assignment that they have, and its name", async () => {
    const { names } = await deploy(before);

    const { names: kept, printed } = await deploy(access({ principalId: principal }));

    expect(kept).toEqual(names);
    expect(printed).toMatch(/Resources:\s+(~ 1 updated\s+)?\d unchanged/);
    expect(printed).not.toContain("replace");
  });

  test("say how to go on where Azure does not tell the principal", async () => {
    const site = {
      site: "oslo",
      localEndpoints: { default: {} },
      eventGridEndpoints: {
        cloud: {
          host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883",
          authenticationMethod: "SystemAssignedManagedIdentity",
          retain: "Never",
        },
      },
      existingNamespaces: { central: { id: scope, endpoints: ["cloud"] } },
      dataflows: {
        telemetry: {
          engine: "AzureIoTOperations",
          source: "default",
          dataSources: ["a/#"],
          destination: "cloud",
          dataDestination: "b",
        },
      },
      instance: {
        resourceGroupName: "rg",
        instanceName: "aio",
        customLocationId: `${subscription}/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/gone`,
        extensionRoleScope: "Namespace",
      },
    };
    const program = `import { MqttBridge } from "./components/index.ts"; new MqttBridge("oslo", ${JSON.stringify(site)});`;
    writeFileSync(path.join(folder, "index.ts"), program);

    const { code, output } = await installation.run(folder, "preview", "--stack", "dev");

    expect(code).not.toBe(0);
    expect(output).toContain("customLocations/gone\", and Azure does not tell the identity of AIO's extension there: ");
    expect(output).toContain(
      "correct it, or give the identity's object ID as instance.extensionPrincipalId [aio-instance]",
    );
    expect(output).not.toMatch(/^\s+at /m);
  });

  test("replace it for another principal or another kind of it by the assignment's own name, and delete first", async () => {
    const own = roleAssignmentName(scope, other, "publisher");

    const { names } = await deploy(access({ principalId: other }));
    const { names: same, printed } = await deploy(access({ principalId: other, principalType: "Group" }));

    expect(names).toEqual([own]);
    expect(same).toEqual([own]);
    expect(printed).toMatch(/replaced/);
  });
});
