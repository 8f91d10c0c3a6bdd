import type { X509ClientsArgs } from "../../components/index.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { createSmallProgram } from "./support/small-program.ts";
import type { SmallProgram } from "./support/small-program.ts";

const namespaceId = `${subscription}/resourceGroups/rg-oslo/providers/Microsoft.EventGrid/namespaces/contoso`;

/** What becomes of clients with certificates whose names change. Azure is a stand-in with its rules about them. */
describeWithParts(["pulumi"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let program: SmallProgram;

  beforeEach(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    installation.arm.set(namespaceId, { name: "contoso" });
    program = await createSmallProgram(installation, "clients");
  });

  afterEach(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const up = (clients: X509ClientsArgs["clients"]) => program.run("up", { clients }, "--yes", "--skip-preview");
  const namesInAzure = () => {
    const ids = installation.arm.ids.filter((id) => id.startsWith(`${namespaceId}/clients/`));
    return ids.map((id) => [id.split("/").at(-1), installation.arm.get(id)?.["authenticationName"]]);
  };

  test("another authentication name replaces the client, and the preview says so", async () => {
    await up({ relay: { authenticationName: "relay-1" } });

    const { output } = await program.run(
      "preview",
      { clients: { relay: { authenticationName: "relay-2" } } },
      "--diff",
    );
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
