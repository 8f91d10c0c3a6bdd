import { readFileSync } from "node:fs";

import { untilTrue } from "../support/patience.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { subscription } from "./support/arm/types.ts";
import { diagnosticsOf } from "./support/diff-text.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import type { KubernetesClient, KubernetesObject } from "./support/kubernetes/client.ts";
import { createProgramStack } from "./support/program-stack.ts";
import type { ProgramStack } from "./support/program-stack.ts";
import { installPulumi } from "./support/pulumi.ts";
import type { PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";

const location = `${subscription}/resourceGroups/rg-oslo-edge/providers/Microsoft.ExtendedLocation/customLocations/oslo`;
const instanceId = `${subscription}/resourceGroups/rg-oslo-edge/providers/Microsoft.IoTOperations/instances/oslo-aio`;
const defaultId = `${instanceId}/dataflowEndpoints/default`;
const host = "my-mqtt-broker:8885";
const group = "connectivity.iotoperations.azure.com";

/** What AIO comes with. @see Azure IoT Operations, default endpoint */
const aioDefault = {
  endpointType: "Mqtt",
  mqttSettings: {
    host: "aio-broker:18883",
    authentication: { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "aio-internal" } },
    tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
  },
};

/* An endpoint that AIO has already, from the first preview to the end of the stack; each test goes on from the one before it. */
describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let cluster: KubernetesClient;
  const open = () => openCluster(readKubeconfig(readFileSync(process.env[kubeconfigVariable] ?? "", "utf8")));

  beforeAll(async () => {
    cluster = open();
    installation = await installPulumi({ pulumi, kubeconfig: process.env[kubeconfigVariable] ?? "" });
    installation.arm.set(instanceId, { name: "oslo-aio" });
    installation.arm.set(defaultId, {
      name: "default",
      extendedLocation: { name: location, type: "CustomLocation" },
      properties: { ...aioDefault, provisioningState: "Succeeded" },
    });
  });

  afterAll(() => {
    installation.stop();
    removeTemporaryFolders();
  });

  describe("through Azure", () => {
    let stack: ProgramStack;
    const inAzure = () => (installation.arm.get(defaultId)?.["properties"] as typeof aioDefault).mqttSettings.host;

    beforeAll(async () => {
      stack = await createProgramStack(installation, "adopting", "azure");
    });

    test("is not changed by a setting that would go nowhere, which the preview refuses", async () => {
      stack.configure({ default: { host } });

      const { code, output } = await stack.run("preview", "--suppress-progress");

      expect(code).not.toBe(0);
      expect(diagnosticsOf(output)).toContain(
        `localEndpoints.default.host: is set, and changes nothing: the endpoint "default" exists already in AIO, and the relay does not use it; remove it here, and change it where the endpoint is owned; or take the endpoint over with localEndpoints.default.adopt: "${defaultId}" [aio-existing]`,
      );
    });

    test("is not created again, which the preview refuses too", async () => {
      stack.configure({ default: { existing: false } });

      const { code, output } = await stack.run("preview", "--suppress-progress");

      expect(code).not.toBe(0);
      expect(diagnosticsOf(output)).toContain("localEndpoints.default.existing: is false, and AIO comes with");
    });

    test("is taken over and changed in one update, after a preview that shows both and does neither", async () => {
      stack.configure({ default: { host, adopt: defaultId } });

      const shown = await stack.succeed("preview", "--diff");
      const before = inAzure();
      await stack.succeed("up", "--yes", "--skip-preview");

      expect(shown).toContain("= azure-native:iotoperations:DataflowEndpoint: (import)");
      expect(shown).toMatch(/~ host +: "aio-broker:18883" => "my-mqtt-broker:8885"/);
      expect(before).toBe("aio-broker:18883");
      expect(inAzure()).toBe(host);
      await stack.succeed("preview", "--expect-no-changes");
    });

    test("is changed again like any resource, and what is changed by hand is found", async () => {
      stack.configure({ default: { host: "my-mqtt-broker:8886", adopt: defaultId } });
      await stack.succeed("up", "--yes", "--skip-preview");
      const changed = inAzure();
      const resource = installation.arm.get(defaultId) ?? {};
      const properties = resource["properties"] as typeof aioDefault;
      const mqttSettings = { ...properties.mqttSettings, host: "by-hand:8885" };
      installation.arm.set(defaultId, { ...resource, properties: { ...properties, mqttSettings } });

      const found = await stack.succeed("refresh", "--yes", "--diff", "--skip-preview");
      await stack.succeed("up", "--yes", "--skip-preview");

      expect(changed).toBe("my-mqtt-broker:8886");
      expect(found).toContain("by-hand:8885");
      expect(inAzure()).toBe("my-mqtt-broker:8886");
    });

    test("stays as it is once the program gives it back", async () => {
      stack.configure({ default: {} });

      await stack.succeed("up", "--yes", "--skip-preview");

      expect(await stack.succeed("stack", "export")).not.toContain("oslo-default-endpoint");
      expect(inAzure()).toBe("my-mqtt-broker:8886");
    });

    test("stays when the stack ends", async () => {
      stack.configure({ default: { host, adopt: defaultId } });
      await stack.succeed("up", "--yes", "--skip-preview");

      await stack.succeed("destroy", "--yes", "--skip-preview");

      expect(installation.arm.ids).toEqual([instanceId, defaultId]);
      expect(inAzure()).toBe(host);
    });

    test("is left with its settings when the stack goes on to another instance, whose endpoint is taken over", async () => {
      const other = instanceId.replace(/oslo-aio$/, "oslo-aio-2");
      const otherDefault = `${other}/dataflowEndpoints/default`;
      const there = installation.arm.get(defaultId) ?? {};
      installation.arm.set(other, { name: "oslo-aio-2" });
      installation.arm.set(otherDefault, { ...there, properties: { ...aioDefault, provisioningState: "Succeeded" } });
      stack.configure({ default: { host: "first:8885", adopt: defaultId } });
      await stack.succeed("up", "--yes", "--skip-preview");
      stack.configure({ instanceName: "oslo-aio-2", default: { host: "second:8885", adopt: otherDefault } });

      await stack.succeed("up", "--yes", "--skip-preview");
      await stack.succeed("preview", "--expect-no-changes");
      await stack.succeed("destroy", "--yes", "--skip-preview");

      expect(inAzure()).toBe("first:8885");
      expect(installation.arm.get(otherDefault)?.["properties"]).toMatchObject({
        mqttSettings: { host: "second:8885" },
      });
      for (const id of [otherDefault, other]) installation.arm.delete(id);
    });

    test("may be one that this stack has made: it is kept as it is, and stays from then on", async () => {
      const lineId = `${instanceId}/dataflowEndpoints/line`;
      stack.configure({ default: { endpointName: "line" } });
      await stack.succeed("up", "--yes", "--skip-preview");
      stack.configure({ default: { endpointName: "line", adopt: lineId } });

      const shown = await stack.succeed("preview", "--suppress-progress");
      await stack.succeed("up", "--yes", "--skip-preview");
      await stack.succeed("destroy", "--yes", "--skip-preview");

      // The components show that their arguments have changed.
      expect(shown).not.toContain("azure-native:");
      expect(installation.arm.ids).toEqual([instanceId, defaultId, lineId]);
      installation.arm.delete(lineId);
    });

    test("has to be there: a preview says that it is not", async () => {
      stack.configure({ default: { adopt: defaultId } });
      installation.arm.delete(defaultId);

      const { code, output } = await stack.run("preview", "--suppress-progress");

      expect(code).not.toBe(0);
      expect(diagnosticsOf(output)).toContain(`resource '${defaultId}' does not exist`);
    });
  });

  describe("through Kubernetes", () => {
    const namespace = "adopting";
    const metadata = { name: "default", namespace };
    const endpoint = { apiVersion: `${group}/v1`, kind: "DataflowEndpoint", metadata };
    let stack: ProgramStack;
    const inCluster = async () => {
      const found = (await cluster.get(endpoint)) as KubernetesObject & { readonly spec: typeof aioDefault };
      return found.spec.mqttSettings.host;
    };

    beforeAll(async () => {
      await Promise.all(["DataflowEndpoint", "DataflowProfile", "Dataflow"].map((kind) => define(cluster, kind)));
      await createNamespace(cluster, namespace);
      // What an open cluster has found of a group it keeps.
      await untilTrue("the API server's kinds of AIO", () => open().knows(endpoint));
      cluster = open();
      await cluster.create({ ...endpoint, metadata: { ...metadata, labels: { "made-by": "AIO" } }, spec: aioDefault });
      stack = await createProgramStack(installation, "adopting", "kubernetes");
    });

    test("is taken over and changed in one update, from whoever has managed its fields", async () => {
      stack.configure({ resourceApi: "Kubernetes", default: { host, adopt: `${namespace}/default` } });

      const shown = await stack.succeed("preview", "--diff");
      const before = await inCluster();
      await stack.succeed("up", "--yes", "--skip-preview");

      expect(shown).toContain("= kubernetes:connectivity.iotoperations.azure.com/v1:DataflowEndpoint: (import)");
      // The provider imports the name alone, so the preview shows every setting as new.
      expect(shown).toMatch(/\+ host +: "my-mqtt-broker:8885"/);
      expect(before).toBe("aio-broker:18883");
      expect(await inCluster()).toBe(host);
      expect((await cluster.get(endpoint))?.metadata["labels"]).toEqual({ "made-by": "AIO" });
      await stack.succeed("preview", "--expect-no-changes");
    });

    test("stays when the stack ends", async () => {
      await stack.succeed("destroy", "--yes", "--skip-preview");

      expect(await cluster.list(endpoint.apiVersion, "DataflowEndpoint", namespace)).toEqual(["default"]);
      expect(await inCluster()).toBe(host);
    });
  });
});

/** Tells the API server of one of AIO's kinds. */
async function define(cluster: KubernetesClient, kind: string): Promise<void> {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  await cluster.create({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
}
