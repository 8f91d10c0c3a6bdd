import { cpSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import type { X509ClientsArgs } from "../../components/index.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { CommandResult, PulumiInstallation } from "./support/pulumi.ts";

const program = "test/engine/program/clients";
const project = path.join(import.meta.dirname, "../..");
const namespaceId = `${subscription}/resourceGroups/rg-oslo/providers/Microsoft.EventGrid/namespaces/contoso`;

/** What becomes of clients with certificates whose names change. Azure is a stand-in with its rules about them. */
describeWithParts(["pulumi"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let folder: string;

  beforeEach(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    installation.arm.set(namespaceId, { name: "contoso" });
    const root = createTemporaryFolder("clients");
    for (const shared of ["node_modules", "package.json", "components", "runtime"]) {
      symlinkSync(path.join(project, shared), path.join(root, shared));
    }
    folder = path.join(root, program);
    cpSync(path.join(project, program), folder, { recursive: true });
    await installation.succeed(folder, "stack", "init", "oslo", "--secrets-provider=passphrase");
  });

  afterEach(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const run = (command: string, clients: X509ClientsArgs["clients"], ...args: string[]): Promise<CommandResult> => {
    // Without the salt of its secrets, of which it has none, the stack is as new.
    writeFileSync(path.join(folder, "Pulumi.oslo.yaml"), stringify({ config: { "clients:clients": clients } }));
    return installation.run(folder, command, "--stack", "oslo", ...args);
  };
  const up = (clients: X509ClientsArgs["clients"]) => run("up", clients, "--yes", "--skip-preview");
  const namesInAzure = () => {
    const ids = installation.arm.ids.filter((id) => id.startsWith(`${namespaceId}/clients/`));
    return ids.map((id) => [id.split("/").at(-1), installation.arm.get(id)?.["authenticationName"]]);
  };

  test("another authentication name replaces the client, and the preview says so", async () => {
    await up({ relay: { authenticationName: "relay-1" } });

    const { output } = await run("preview", { relay: { authenticationName: "relay-2" } }, "--diff");
    const { code } = await up({ relay: { authenticationName: "relay-2" } });

    expect(output).toContain("+-azure-native:eventgrid:Client: (replace)");
    expect(code).toBe(0);
    expect(namesInAzure()).toEqual([["relay", "relay-2"]]);
  });

  test("a renamed client that keeps its authentication name is replaced when the program tells its old name", async () => {
    await up({ relay: { authenticationName: "relay-1" } });

    const renamed = await up({ edge: { authenticationName: "relay-1", previousName: "relay" } });

    expect(renamed.code).toBe(0);
    expect(namesInAzure()).toEqual([["edge", "relay-1"]]);
    const later = await up({ edge: { authenticationName: "relay-1" } });
    expect(later).toMatchObject({ code: 0, output: expect.stringContaining("unchanged") as string });
  });

  test("a client renamed in its case alone is replaced too", async () => {
    await up({ relay: {} });

    expect((await up({ Relay: { previousName: "relay" } })).code).toBe(0);
    expect(namesInAzure()).toEqual([["Relay", "Relay"]]);
  });

  test("a renamed client whose old name is not told meets the old one, as in Azure", async () => {
    await up({ relay: { authenticationName: "relay-1" } });

    const { code, output } = await up({ edge: { authenticationName: "relay-1" } });

    expect(code).not.toBe(0);
    expect(output).toContain("The client relay has this authentication name");
  });
});
