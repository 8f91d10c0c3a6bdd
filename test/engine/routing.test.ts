import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { diagnosticsOf } from "./support/diff-text.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { createSmallProgram } from "./support/small-program.ts";

describeWithParts(["pulumi"], ([pulumi]) => {
  let installation: PulumiInstallation;

  beforeEach(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: "" });
  });

  afterEach(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  test("a namespace routes to a topic of its own once the topic is there, and preview says so before", async () => {
    const { run } = await createSmallProgram(installation, "routing");

    const tooEarly = await run("preview", { isRouted: true }, "--suppress-progress");
    const created = await run("up", { isRouted: false }, "--yes", "--skip-preview");
    const routed = await run("up", { isRouted: true }, "--yes", "--skip-preview");

    expect(tooEarly.code).not.toBe(0);
    expect(diagnosticsOf(tooEarly.output)).toContain("deploy without routing, create the topic, then add routing");
    expect(tooEarly.output).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
    expect([created.code, routed.code]).toEqual([0, 0]);
    const namespace = installation.arm.ids.find((id) => id.endsWith("/namespaces/contoso")) ?? "";
    expect(installation.arm.get(namespace)?.["topicSpacesConfiguration"]).toMatchObject({
      routeTopicResourceId: expect.stringMatching(/\/namespaces\/contoso\/topics\/telemetry$/) as string,
      routingIdentityInfo: { type: "None" },
    });
  });

  test("a topic that the component creates is there at the first deployment, and routed to from the second on", async () => {
    const { run } = await createSmallProgram(installation, "broker");
    const routed = { topics: { telemetry: {} }, routing: { topic: "telemetry", staticEnrichments: { site: "oslo" } } };
    const up = (args: object) => run("up", { args }, "--yes", "--skip-preview");
    const namespace = () => {
      const id = installation.arm.ids.find((one) =>
        one.endsWith("/rg-oslo/providers/Microsoft.EventGrid/namespaces/contoso"),
      );
      return installation.arm.get(id ?? "")?.["topicSpacesConfiguration"];
    };

    const first = await up(routed);
    const unrouted = namespace();
    const second = await up(routed);
    const whole = namespace();
    const third = await up(routed);
    const removed = await up({});

    expect([first.code, second.code, third.code, removed.code]).toEqual([0, 0, 0, 0]);
    expect(diagnosticsOf(first.output)).toContain("deploy once more: the next deployment routes to it");
    expect(unrouted).not.toHaveProperty("routeTopicResourceId");
    expect(diagnosticsOf(second.output)).not.toContain("deploy once more");
    expect(whole).toMatchObject({
      routeTopicResourceId: expect.stringMatching(/\/namespaces\/contoso\/topics\/telemetry$/) as string,
      routingIdentityInfo: { type: "None" },
      routingEnrichments: { static: [{ key: "site", value: "oslo", valueType: "String" }] },
    });
    expect(third.output).toMatch(/Resources:\s+\d+ unchanged/);
    expect(namespace()).not.toHaveProperty("routeTopicResourceId");
  });

  test("the identity that sends to a custom topic has its role before routing is set", async () => {
    const { run } = await createSmallProgram(installation, "broker");
    const group = "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg-oslo/providers";
    const topicResourceId = `${group}/Microsoft.EventGrid/topics/telemetry`;
    const identity = `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/sender`;
    installation.arm.set(topicResourceId, { name: "telemetry" });
    const sender = { userAssignedIdentityId: identity, principalId: "00000000-0000-0000-0000-0000000000a1" };
    const args = {
      namespaceName: "fabrikam",
      identity: { userAssignedIdentityIds: [identity] },
      routing: { topicResourceId, ...sender },
    };

    const { code } = await run("up", { args }, "--yes", "--skip-preview");

    const ids = installation.arm.ids;
    const role = ids.findIndex((id) =>
      id.startsWith(`${topicResourceId}/providers/Microsoft.Authorization/roleAssignments/`),
    );
    expect(code).toBe(0);
    expect(role).toBeGreaterThan(-1);
    expect(role).toBeLessThan(ids.findIndex((id) => id.endsWith("/namespaces/fabrikam")));
  });
});
