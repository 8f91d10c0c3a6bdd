import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { diagnosticsOf } from "./support/diff-text.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { createSmallProgram } from "./support/small-program.ts";

describeWithParts(["pulumi"], ([pulumi]) => {
  let installation: PulumiInstallation;

  beforeAll(async () => {
    installation = await installPulumi({ pulumi, kubeconfig: "" });
  });

  afterAll(() => {
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
});
