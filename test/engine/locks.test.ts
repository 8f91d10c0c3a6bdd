import type { EventGridBrokerArgs } from "../../components/index.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { createSmallProgram } from "./support/small-program.ts";
import type { SmallProgram } from "./support/small-program.ts";

const namespaceId = `${subscription}/resourceGroups/rg-oslo/providers/Microsoft.EventGrid/namespaces/contoso`;

/** What a lock of the namespace makes of later deployments. Azure is a stand-in that keeps to locks as Azure's guide has it. */
describeWithParts(["pulumi"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let program: SmallProgram;

  beforeEach(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: "" });
    program = await createSmallProgram(installation, "broker");
  });

  afterEach(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  const up = (args: Partial<EventGridBrokerArgs>) => program.run("up", { args }, "--yes", "--skip-preview");
  const whole: Partial<EventGridBrokerArgs> = {
    topics: {
      telemetry: { eventSubscriptions: { reader: {} }, lock: { kind: "CanNotDelete" } },
    },
    roleAssignments: {
      reader: { roleDefinitionIdOrName: "Reader", principalId: "00000000-0000-0000-0000-0000000000a1" },
    },
    diagnosticSettings: { archive: { storageAccountId: `${subscription}/resourceGroups/rg/storage` } },
    x509: { clientGroups: { plants: { query: "attributes.type IN ['plant']" } } },
  };
  const held = () => installation.arm.ids.filter((id) => id.startsWith(namespaceId)).length;

  test.each(["CanNotDelete", "ReadOnly"] as const)(
    "a lock of kind %s is created last and deleted first",
    async (kind) => {
      const created = await up({ ...whole, lock: { kind, name: "keep" } });
      const ids = installation.arm.ids;
      const destroyed = await program.run("destroy", { args: { ...whole, lock: { kind } } }, "--yes", "--skip-preview");

      expect(created.output).not.toContain("error");
      expect(created.code).toBe(0);
      expect(ids.at(-1)).toBe(`${namespaceId}/providers/Microsoft.Authorization/locks/keep`);
      expect(destroyed.code).toBe(0);
      expect(held()).toBe(0);
    },
  );

  test("with CanNotDelete numbers change, and a part goes once a deployment of its own has removed the lock", async () => {
    await up({ ...whole, lock: { kind: "CanNotDelete" } });

    const changed = await up({ ...whole, capacity: 2, lock: { kind: "CanNotDelete" } });
    const refused = await up({ ...whole, capacity: 2, topics: {}, lock: { kind: "CanNotDelete" } });
    const unlocked = await up({ ...whole, capacity: 2, lock: { kind: "None" } });
    const removed = await up({ ...whole, capacity: 2, topics: {}, lock: { kind: "None" } });
    const locked = await up({ ...whole, capacity: 2, topics: {}, lock: { kind: "CanNotDelete" } });

    expect(changed.code).toBe(0);
    expect(installation.arm.get(namespaceId)?.["sku"]).toMatchObject({ capacity: 2 });
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("ScopeLocked");
    expect([unlocked.code, removed.code, locked.code]).toEqual([0, 0, 0]);
    expect(installation.arm.ids.filter((id) => id.includes("/topics/"))).toEqual([]);
  });

  test("with ReadOnly nothing changes until a deployment of its own has removed the lock, as the preview warns", async () => {
    const { output } = await up({ ...whole, lock: { kind: "ReadOnly" } });

    const refused = await up({ ...whole, capacity: 2, lock: { kind: "ReadOnly" } });
    const unlocked = await up({ ...whole, lock: { kind: "None" } });
    const changed = await up({ ...whole, capacity: 2, lock: { kind: "ReadOnly" } });

    expect(output).toContain('before each change deploy once with "None"');
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("ScopeLocked");
    expect([unlocked.code, changed.code]).toEqual([0, 0]);
    expect(installation.arm.get(namespaceId)?.["sku"]).toMatchObject({ capacity: 2 });
  });
});
