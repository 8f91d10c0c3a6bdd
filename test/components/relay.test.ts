import * as pulumi from "@pulumi/pulumi";

import { CustomEndpoint, EventGridEndpoint, LocalEndpoint, Relay } from "../../components/index.ts";
import type { ProxyArgs, RelayArgs } from "../../components/index.ts";
import { asOutput } from "../../components/known.ts";
import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { certificate } from "../../doc/checks/declaration.ts";
import { deploy, inventory, only, valueOf } from "./mocks.ts";
import type { Deployed } from "./mocks.ts";

const types = {
  account: "kubernetes:core/v1:ServiceAccount",
  configMap: "kubernetes:core/v1:ConfigMap",
  claim: "kubernetes:core/v1:PersistentVolumeClaimPatch",
  secret: "kubernetes:core/v1:Secret",
  service: "kubernetes:core/v1:Service",
  set: "kubernetes:apps/v1:StatefulSet",
  network: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
  budget: "kubernetes:policy/v1:PodDisruptionBudget",
  federation: "azure-native:managedidentity:FederatedIdentityCredential",
};

const id = "00000000-0000-0000-0000-0000000000c1";

type Changed = Partial<Omit<RelayArgs, "endpoints" | "dataflows">> & { readonly cloudProxy?: ProxyArgs };

/** A relay between AIO's broker and Event Grid. */
function createRelay(
  name = "oslo",
  { cloudProxy, ...changed }: Changed = {},
  dataflows?: RelayArgs["dataflows"],
  opts: pulumi.ComponentResourceOptions = {},
): Relay {
  const edge = new LocalEndpoint(`${name}-edge`, {});
  const cloud = new EventGridEndpoint(`${name}-cloud`, {
    host: "cloud.ts.eventgrid.azure.net:8883",
    clientId: id,
    tenantId: id,
    clientIdPrefix: "oslo-",
    retain: "Never",
    ...(cloudProxy === undefined ? {} : { proxy: cloudProxy }),
  });
  return new Relay(
    name,
    {
      image: "relay:1",
      identity: { clientId: id },
      endpoints: { edge, cloud },
      dataflows: dataflows ?? {
        upward: {
          source: "edge",
          dataSources: ["plant/#"],
          destination: "cloud",
          dataDestination: "sites/${inputTopic}",
        },
      },
      ...changed,
    },
    opts,
  );
}

interface PodSpec {
  readonly containers: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

function podOf(deployed: Deployed<unknown>): PodSpec {
  const { spec } = only(deployed, types.set).inputs as { spec: { template: { spec: PodSpec } } };
  return spec.template.spec;
}

function specOf(deployed: Deployed<unknown>, type: string): Record<string, unknown> {
  return only(deployed, type).inputs["spec"] as Record<string, unknown>;
}

test("creates what one instance needs and nothing more", async () => {
  const deployed = await deploy(() => createRelay());

  expect(inventory(deployed)).toEqual([
    `${types.set} oslo-set`,
    `${types.configMap} oslo-cfg`,
    `${types.account} oslo-sa`,
    `${types.service} oslo-svc`,
    `${types.network} oslo-net`,
  ]);
});

test("is the parent of all of them", async () => {
  const { urns } = await deploy(() => createRelay());

  expect(urns).toContain(`mqtt-dataflow:index:Relay$${types.configMap}::oslo-cfg`);
  expect(urns.filter((urn) => urn.startsWith("kubernetes:"))).toEqual([]);
});

test("stands twice in one stack", async () => {
  const { urns, resources } = await deploy(() => [createRelay("oslo"), createRelay("bergen")]);

  expect(new Set(urns).size).toBe(urns.length);
  expect(resources).toHaveLength(10);
});

test("lives in AIO's namespace, or in another", async () => {
  const namespaces = async (changed: Changed) => {
    const { resources } = await deploy(() => createRelay("oslo", changed));
    return new Set(resources.map(({ inputs }) => (inputs["metadata"] as { namespace: string }).namespace));
  };

  expect(await namespaces({})).toEqual(new Set(["azure-iot-operations"]));
  expect(await namespaces({ namespace: "relays" })).toEqual(new Set(["relays"]));
});

test("warns of what only readers of AIO's resources see, and refuses an asset, which it can't read from", async () => {
  const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  const flow = {
    source: "edge",
    dataSources: ["plant/#"],
    destination: "cloud",
    dataDestination: "sites/${inputTopic}",
  };
  const seen = {
    ...flow,
    assetRef: "press-1",
    sourceSchemaRef: "aio-sr://oslo/press:1",
    operationNames: { source: "presses" },
  };

  const deployed = await deploy(() => createRelay("oslo", {}, { upward: seen }));

  expect(warn.mock.calls.map(([text]) => text.split(": ")[0])).toEqual([
    "dataflows.upward.assetRef",
    "dataflows.upward.sourceSchemaRef",
    "dataflows.upward.operationNames",
  ]);
  const plain = await deploy(() => createRelay("oslo", {}, { upward: flow }));
  expect(only(deployed, types.configMap).inputs).toEqual(only(plain, types.configMap).inputs);
});

describe("its configuration", () => {
  test("is what the relay reads from the ConfigMap", async () => {
    const deployed = await deploy(() => createRelay());
    const { "config.json": text } = only(deployed, types.configMap).inputs["data"] as { "config.json": string };

    const { config } = parseRelayConfig(text, { where: "test" });

    expect(Object.keys(config.endpoints)).toEqual(["cloud", "edge"]);
    expect(config.relay.mountPath).toBe("/etc/mqtt-dataflow");
    expect(await valueOf(deployed.result.configText)).toBe(text);
  });

  test("carries every setting that it is given", async () => {
    const settings: Changed = { site: "oslo", logLevel: "warn", metricsPort: 9700, drainTimeoutSeconds: 50 };

    const { result } = await deploy(() => createRelay("oslo", { ...settings, instanceCount: 4 }));

    const { config } = parseRelayConfig(await valueOf(result.configText), { where: "test" });
    expect(config.profile).toEqual({
      instanceCount: 4,
      diagnostics: { logs: { level: "warn" }, metrics: { prometheusPort: 9700 } },
    });
    expect(config.relay).toMatchObject({ site: "oslo", drainTimeoutSeconds: 50 });
  });

  test("has a status page without a live tap, unless the settings say otherwise", async () => {
    const pageOf = async (changed: Changed) => {
      const { result } = await deploy(() => createRelay("oslo", changed));
      return parseRelayConfig(await valueOf(result.configText), { where: "test" }).config.relay.statusPage;
    };

    expect(await pageOf({})).toEqual({ port: 9601, tap: "Off" });
    expect(await pageOf({ statusPage: { tap: "Metadata" } })).toEqual({ port: 9601, tap: "Metadata" });
    expect(await pageOf({ statusPage: { port: 0 } })).toEqual({ port: 0, tap: "Off" });
  });

  test("restarts the pods when it changes", async () => {
    const annotations = async (changed: Changed) => {
      const deployed = await deploy(() => createRelay("oslo", changed));
      const { template } = specOf(deployed, types.set) as { template: { metadata: { annotations: object } } };
      return template.metadata.annotations;
    };

    expect(await annotations({})).toEqual({
      "mqtt-dataflow/config-sha256": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(await annotations({ logLevel: "debug" })).not.toEqual(await annotations({}));
    expect(await annotations({ cpuMillicores: 200 })).toEqual(await annotations({}));
  });
});

describe("its StatefulSet", () => {
  test("keeps its name whatever changes, so that its pods find their disks again; another stack has another name", async () => {
    const nameOf = async (program: () => Relay, stack: string) =>
      (only(await deploy(program, { stack }), types.set).inputs["metadata"] as { name: string }).name;
    const volume = { sizeGibibytes: 20, storageClassName: "fast" };

    const name = await nameOf(() => createRelay("oslo"), "site");

    expect(name).toMatch(/^oslo-set-[0-9a-f]{8}$/);
    expect(await nameOf(() => createRelay("oslo", { volume, instanceCount: 3 }), "site")).toBe(name);
    expect(await nameOf(() => createRelay("bergen"), "site")).not.toBe(name);
    expect(await nameOf(() => createRelay("oslo"), "other")).not.toBe(name);
  });

  test("has one replica for each instance, all started at once, found through the headless Service", async () => {
    const deployed = await deploy(() => createRelay("oslo", { instanceCount: 3 }));

    expect(specOf(deployed, types.set)).toMatchObject({
      replicas: 3,
      serviceName: "oslo-svc-0a1b2c3d",
      podManagementPolicy: "Parallel",
      selector: {
        matchLabels: { "app.kubernetes.io/name": "mqtt-dataflow-relay", "app.kubernetes.io/instance": "oslo" },
      },
    });
    expect(specOf(deployed, types.service)).toEqual({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      selector: { "app.kubernetes.io/name": "mqtt-dataflow-relay", "app.kubernetes.io/instance": "oslo" },
      ports: [{ name: "metrics", port: 9600, targetPort: "metrics", protocol: "TCP" }],
    });
  });

  test("runs the relay with its configuration and its ordinal", async () => {
    const deployed = await deploy(() => createRelay());

    expect(podOf(deployed).containers).toHaveLength(1);
    expect(podOf(deployed).containers[0]).toMatchObject({
      image: "relay:1",
      args: ["run", "--config", "/etc/mqtt-dataflow/config/config.json"],
      env: [
        {
          name: "RELAY_ORDINAL",
          valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } },
        },
        { name: "NODE_OPTIONS", value: "--max-old-space-size=128" },
      ],
    });
  });

  test("tells several instances to let the first one change its subscription before they subscribe", async () => {
    const joinSeconds = async (instanceCount: number) => {
      const deployed = await deploy(() => createRelay("oslo", { instanceCount }));
      const env = podOf(deployed).containers[0]?.["env"] as { readonly name: string; readonly value: string }[];
      return env.find(({ name }) => name === "RELAY_JOIN_SECONDS")?.value;
    };

    expect([await joinSeconds(1), await joinSeconds(2)]).toEqual([undefined, "30"]);
  });

  test("starts the image as it is: a command of the pod's would leave out the flags that keep the debugger closed", async () => {
    const deployed = await deploy(() => createRelay());

    const [container] = podOf(deployed).containers;
    expect(container).not.toHaveProperty("command");
    expect(JSON.stringify(container?.["env"])).not.toMatch(/inspect|sigusr1/);
  });

  test("keeps the heap under the memory limit", async () => {
    const deployed = await deploy(() => createRelay("oslo", { memoryMebibytes: 500, cpuMillicores: 250 }));

    const [container] = podOf(deployed).containers;
    expect(container?.["resources"]).toEqual({
      requests: { cpu: "250m", memory: "500Mi" },
      limits: { memory: "500Mi" },
    });
    expect(container?.["env"]).toContainEqual({ name: "NODE_OPTIONS", value: "--max-old-space-size=250" });
  });

  test("is what Pod Security's level restricted takes", async () => {
    const deployed = await deploy(() => createRelay());

    expect(podOf(deployed)).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 10001,
        runAsGroup: 10001,
        fsGroup: 10001,
        seccompProfile: { type: "RuntimeDefault" },
      },
    });
    expect(podOf(deployed).containers[0]?.["securityContext"]).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("shows its status page to nobody in the cluster: neither the container nor the policy names its port", async () => {
    const deployed = await deploy(() => createRelay("oslo", { statusPage: { port: 9777 } }));

    const others = deployed.resources.filter(({ type }) => type !== types.configMap);
    expect(JSON.stringify(others.map(({ inputs }) => inputs))).not.toContain("9777");
  });

  test("is probed on the metrics port", async () => {
    const deployed = await deploy(() => createRelay("oslo", { metricsPort: 9700 }));

    const [container] = podOf(deployed).containers;
    expect(container?.["ports"]).toEqual([{ name: "metrics", containerPort: 9700, protocol: "TCP" }]);
    expect(container).toMatchObject({
      // The first one while a relay starts would be a warning among the pod's events.
      startupProbe: { httpGet: { path: "/startupz", port: "metrics" }, initialDelaySeconds: 5 },
      // `kubectl describe` says why a relay ended.
      terminationMessagePolicy: "FallbackToLogsOnError",
      readinessProbe: { httpGet: { path: "/readyz", port: "metrics" } },
      livenessProbe: { httpGet: { path: "/livez", port: "metrics" } },
    });
  });

  test("is ready once the relay has started, whatever its brokers do, where the settings say so", async () => {
    const readinessOf = async (changed: Changed) =>
      podOf(await deploy(() => createRelay("oslo", changed))).containers[0]?.["readinessProbe"];

    expect(await readinessOf({ readyWhen: "Connected" })).toEqual(await readinessOf({}));
    expect(await readinessOf({ readyWhen: "Started" })).toMatchObject({
      httpGet: { path: "/startupz", port: "metrics" },
      periodSeconds: 5,
    });
  });

  test("has more time to end than the relay takes to drain", async () => {
    const graceOf = async (changed: Changed) =>
      podOf(await deploy(() => createRelay("oslo", changed)))["terminationGracePeriodSeconds"];

    expect(await graceOf({})).toBe(30);
    expect(await graceOf({ drainTimeoutSeconds: pulumi.output(100) })).toBe(110);
  });

  test("spreads several instances over the nodes, and says nothing of that for one", async () => {
    const one = await deploy(() => createRelay());
    const several = await deploy(() => createRelay("oslo", { instanceCount: 2 }));

    expect(podOf(one)).not.toHaveProperty("topologySpreadConstraints");
    expect(podOf(several)["topologySpreadConstraints"]).toMatchObject([
      { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" },
    ]);
  });

  test("pulls the image with the Secrets that are named", async () => {
    const deployed = await deploy(() => createRelay("oslo", { imagePullSecrets: ["pull"] }));

    expect(podOf(deployed)["imagePullSecrets"]).toEqual([{ name: "pull" }]);
  });
});

describe("the files of its pods", () => {
  test("are the configuration, the CA and one token for each endpoint that uses one", async () => {
    const deployed = await deploy(() => createRelay());

    expect(podOf(deployed)["volumes"]).toEqual([
      { name: "config", configMap: { name: "oslo-cfg-0a1b2c3d" } },
      { name: "configmap-0", configMap: { name: "azure-iot-operations-aio-ca-trust-bundle" } },
      {
        name: "tokens",
        projected: {
          defaultMode: 0o440,
          sources: [{ serviceAccountToken: { path: "edge", audience: "aio-internal", expirationSeconds: 86400 } }],
        },
      },
    ]);
    expect(podOf(deployed).containers[0]?.["volumeMounts"]).toEqual([
      { name: "config", mountPath: "/etc/mqtt-dataflow/config", readOnly: true },
      {
        name: "configmap-0",
        mountPath: "/etc/mqtt-dataflow/configmaps/azure-iot-operations-aio-ca-trust-bundle",
        readOnly: true,
      },
      { name: "tokens", mountPath: "/etc/mqtt-dataflow/tokens", readOnly: true },
    ]);
  });

  test("are there once for endpoints that share them, and never by subPath", async () => {
    const deployed = await deploy(() => {
      const shared = { host: "b.example:8883", authenticationMethod: "X509Certificate", secretRef: "cert" } as const;
      const ca = { trustedCaCertificateConfigMapRef: "my-ca", clientIdPrefix: "oslo-" };
      const one = new CustomEndpoint("one-1", { ...shared, ...ca });
      const two = new CustomEndpoint("two-2", { ...shared, ...ca });
      const dataflow = { source: "one", dataSources: ["a"], destination: "two", dataDestination: "b" };
      return new Relay("oslo", { image: "relay:1", endpoints: { two, one }, dataflows: { copy: dataflow } });
    });

    expect(podOf(deployed)["volumes"]).toEqual([
      { name: "config", configMap: { name: "oslo-cfg-0a1b2c3d" } },
      { name: "secret-0", secret: { secretName: "cert", defaultMode: 0o440 } },
      { name: "configmap-0", configMap: { name: "my-ca" } },
    ]);
    expect(podOf(deployed).containers[0]?.["volumeMounts"]).toEqual([
      { name: "config", mountPath: "/etc/mqtt-dataflow/config", readOnly: true },
      { name: "secret-0", mountPath: "/etc/mqtt-dataflow/secrets/cert", readOnly: true },
      { name: "configmap-0", mountPath: "/etc/mqtt-dataflow/configmaps/my-ca", readOnly: true },
    ]);
  });
});

describe("Secrets and CA certificates that it is given", () => {
  const validity = { notAfter: new Date(Date.now() + 365 * 24 * 60 * 60 * 1000) };
  let ca: string;
  let chain: string;
  let pair: { readonly clientCertificate: string; readonly clientKey: string };
  let given: Changed;

  beforeAll(async () => {
    const root = await createCertificateAuthority("plant root", validity);
    const issuing = await root.createIntermediate("plant issuing", validity);
    const own = await issuing.createClientCertificate("oslo-relay", validity);
    [ca, chain] = [root.certificate, issuing.certificate];
    pair = { clientCertificate: own.certificate, clientKey: own.key };
    given = {
      secrets: {
        "client-cert": { ...pair, intermediateCertificates: chain },
        token: { accessToken: "TOKEN" },
        login: { username: "USER", password: "PASSWORD" },
      },
      trustBundles: { "broker-ca": ca },
    };
  });

  test("are created under the names that endpoints refer to and the keys that the relay reads", async () => {
    const { resources } = await deploy(() => createRelay("oslo", given));

    const contents = resources
      .filter(({ type }) => type === types.secret)
      .map(({ inputs }) => [
        (inputs["metadata"] as { name: string }).name,
        pulumi.runtime.unwrapRpcSecret(inputs["stringData"]) as unknown,
      ]);
    expect(contents).toEqual([
      [
        "client-cert",
        {
          "client_cert.pem": pair.clientCertificate,
          "client_key.pem": pair.clientKey,
          "client_intermediate_certs.pem": chain,
        },
      ],
      ["login", { username: "USER", password: "PASSWORD" }],
      ["token", { accessToken: "TOKEN" }],
    ]);
    expect(resources.find(({ name }) => name === "oslo-broker-ca")?.inputs).toMatchObject({
      metadata: { name: "broker-ca", namespace: "azure-iot-operations" },
      data: { "ca.crt": ca },
    });
  });

  test("are judged once they are known, and warned of by the argument that has them", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
    const soon = await createCertificateAuthority("plant root", {});
    const { certificate: clientCertificate, key } = await soon.createClientCertificate("oslo-relay");

    await deploy(
      () =>
        createRelay("oslo", {
          // The certificate is known at once, and judged again with its key.
          secrets: { cert: { clientCertificate, clientKey: pulumi.secret(key) } },
          trustBundles: { ca: pulumi.output(Promise.resolve(soon.certificate)) },
        }),
      { preview: true },
    );

    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(
        /^secrets\.cert\.clientCertificate: has the certificate "oslo-relay", .+: it ends in 29 days; /,
      ),
      expect.stringMatching(
        /^trustBundles\.ca: has the certificate "plant root", .+: it ends in 29 days; .+ \[certificates\]$/,
      ),
    ]);
  });

  test("that a program has as plain text draw a warning, which does not show them", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);

    await deploy(() => createRelay("oslo", given));

    const said = warn.mock.calls.map(([text]) => text);
    expect(said.map((text) => /^(\S+): is plain text .+ \[plain-secrets\]$/.exec(text)?.[1])).toEqual([
      "secrets.client-cert.clientKey",
      "secrets.token.accessToken",
      "secrets.login.password",
    ]);
    expect(said.join("\n")).not.toMatch(/TOKEN|PASSWORD|PRIVATE/);
  });

  test("become a TLS Secret where that is asked for, with the intermediate certificates behind the client's own", async () => {
    const cert = { type: "kubernetes.io/tls", ...pair } as const;
    const chained = { ...cert, intermediateCertificates: chain };

    const { resources } = await deploy(() => createRelay("oslo", { secrets: { cert, chained } }));

    const contents = resources
      .filter(({ type }) => type === types.secret)
      .map(({ inputs }) => [inputs["type"], pulumi.runtime.unwrapRpcSecret(inputs["stringData"]) as unknown]);
    expect(contents).toEqual([
      ["kubernetes.io/tls", { "tls.crt": pair.clientCertificate, "tls.key": pair.clientKey }],
      ["kubernetes.io/tls", { "tls.crt": `${pair.clientCertificate}${chain}`, "tls.key": pair.clientKey }],
    ]);
  });

  test("stay secret in the engine, in the Secret and in the component's own arguments", async () => {
    const registered: Record<string, unknown> = {};
    const transformations: pulumi.ResourceTransformation[] = [
      ({ name, props, opts, type }) => {
        if (type === Relay.typeToken) registered[name] = (props as RelayArgs).secrets;
        return { props: props, opts };
      },
    ];
    const { resources } = await deploy(() => {
      const { edge } = { edge: new LocalEndpoint("edge", {}) };
      const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
      const args = { image: "relay:1", endpoints: { edge }, dataflows: { copy: dataflow }, ...given } as RelayArgs;
      return new Relay("oslo", args, { transformations });
    });

    const secrets = resources.filter(({ type }) => type === types.secret);
    expect(secrets.map(({ inputs }) => pulumi.runtime.isRpcSecret(inputs["stringData"]))).toEqual([true, true, true]);
    expect(await pulumi.isSecret(registered["oslo"] as pulumi.Output<unknown>)).toBe(true);
  });

  test("are waited for by the StatefulSet, whose volumes name them", async () => {
    let dependencies: Promise<pulumi.Resource[]> | undefined;
    const transformations: pulumi.ResourceTransformation[] = [
      ({ type, props, opts }) => {
        const { dependsOn } = opts as { dependsOn?: pulumi.Input<pulumi.Resource[]> };
        if (type === types.set && dependsOn !== undefined) dependencies = valueOf(asOutput(dependsOn));
        return { props: props, opts };
      },
    ];
    await deploy(() => {
      const edge = new LocalEndpoint("edge", {});
      const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
      const args = { image: "relay:1", endpoints: { edge }, dataflows: { copy: dataflow }, ...given } as RelayArgs;
      return new Relay("oslo", args, { transformations });
    });

    const names = (await dependencies)?.map((other) => (other as unknown as { __name: string }).__name);
    expect(names).toEqual(["oslo-client-cert", "oslo-token", "oslo-login", "oslo-broker-ca"]);
  });
});

describe("its disks", () => {
  const upward = { source: "edge", dataSources: ["a"], destination: "cloud", dataDestination: "b" };
  /** What becomes of the claims of a relay that uses the disk: their inputs, and the options that decide what may be done to them. */
  const claimsOf = async (changed: Changed, mode: "Enabled" | "Disabled" = "Enabled") => {
    const dataflows = { upward: { ...upward, spool: { mode } } };
    const options: pulumi.CustomResourceOptions[] = [];
    const note: pulumi.ResourceTransformation = ({ type, props, opts }) => {
      if (type === types.claim) options.push(opts);
      return { props: props, opts };
    };
    const { resources } = await deploy(() => createRelay("oslo", changed, dataflows, { transformations: [note] }));
    return { claims: resources.filter(({ type }) => type === types.claim), options };
  };

  test("are one claim for each instance, by the name under which its pod looks for it, and none without a disk queue", async () => {
    const { claims } = await claimsOf({
      instanceCount: 2,
      volume: { sizeGibibytes: 20, storageClassName: "fast" },
    });

    expect(claims.map(({ name }) => name)).toEqual(["oslo-spool-0", "oslo-spool-1"]);
    expect(claims[1]?.inputs).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^spool-oslo-set-[0-9a-f]{8}-1$/) as string,
        namespace: "azure-iot-operations",
        labels: { "app.kubernetes.io/instance": "oslo" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "20Gi" } },
        storageClassName: "fast",
      },
    });
    expect((await claimsOf({}, "Disabled")).claims).toEqual([]);
  });

  test("are never deleted, and only let go of when the volume is said to be unprotected", async () => {
    const { options } = await claimsOf({});
    const { options: unprotected } = await claimsOf({ volume: { protect: false } });

    expect(options).toMatchObject([{ protect: true, retainOnDelete: true }]);
    expect(unprotected).toMatchObject([{ protect: false, retainOnDelete: true }]);
  });
});

describe("its identity", () => {
  test("is the managed identity by workload identity", async () => {
    const deployed = await deploy(() => createRelay());

    expect(only(deployed, types.account).inputs).toMatchObject({
      metadata: { annotations: { "azure.workload.identity/client-id": id } },
      automountServiceAccountToken: false,
    });
    const { template } = specOf(deployed, types.set) as { template: { metadata: { labels: object } } };
    expect(template.metadata.labels).toMatchObject({ "azure.workload.identity/use": "true" });
    expect(podOf(deployed)["serviceAccountName"]).toBe("oslo-sa-0a1b2c3d");
  });

  test("is that of an endpoint where the relay has none", async () => {
    const far = { host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883", clientId: id, tenantId: id };
    const deployed = await deploy(() => {
      const edge = new LocalEndpoint("edge", {});
      const cloud = new EventGridEndpoint("cloud", { ...far, clientIdPrefix: "oslo-", retain: "Never" });
      const telemetry = { source: "edge", dataSources: ["a/#"], destination: "cloud", dataDestination: "b" };
      return new Relay("oslo", { image: "relay:1", endpoints: { edge, cloud }, dataflows: { telemetry } });
    });

    const { template } = only(deployed, types.set).inputs["spec"] as { template: { metadata: { labels: object } } };
    expect(template.metadata.labels).toMatchObject({ "azure.workload.identity/use": "true" });
    const { egress } = only(deployed, types.network).inputs["spec"] as { egress: { ports: { port: number }[] }[] };
    expect(egress.flatMap(({ ports }) => ports.map(({ port }) => port))).toContain(443);
  });

  test("may be several, each of which trusts the relay where its issuer is given", async () => {
    const further = { clientId: id, resourceGroupName: "rg", identityName: "id-far", oidcIssuerUrl: "https://oidc" };

    const deployed = await deploy(() => createRelay("oslo", { furtherIdentities: { far: further } }));

    const { name, inputs } = only(deployed, types.federation);
    expect(name).toBe("oslo-far-fic");
    expect(inputs).toMatchObject({ resourceName: "id-far", issuer: "https://oidc" });
  });

  test("is trusted by the managed identity when the issuer is given", async () => {
    const identity = { clientId: id, resourceGroupName: "rg", identityName: "id-oslo", oidcIssuerUrl: "https://oidc" };

    const deployed = await deploy(() => createRelay("oslo", { identity, namespace: "relays" }));

    expect(only(deployed, types.federation).inputs).toEqual({
      resourceGroupName: "rg",
      resourceName: "id-oslo",
      issuer: "https://oidc",
      subject: "system:serviceaccount:relays:oslo-sa-0a1b2c3d",
      audiences: ["api://AzureADTokenExchange"],
    });
  });

  test("is absent when none is given", async () => {
    const deployed = await deploy(() => {
      const edge = new LocalEndpoint("edge", {});
      const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
      return new Relay("oslo", { image: "relay:1", endpoints: { edge }, dataflows: { copy: dataflow } });
    });

    expect(only(deployed, types.account).inputs["metadata"]).not.toHaveProperty("annotations");
    const { template } = specOf(deployed, types.set) as { template: { metadata: { labels: object } } };
    expect(template.metadata.labels).not.toHaveProperty("azure.workload.identity/use");
    expect(specOf(deployed, types.network)["egress"]).toEqual([
      {
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
          { protocol: "UDP", port: 5353 },
          { protocol: "TCP", port: 5353 },
        ],
      },
      { ports: [{ protocol: "TCP", port: 18883 }] },
    ]);
  });
});

const proxy = {
  url: "https://proxy.plant.example:3129",
  secretRef: "proxy-login",
  trustedCaCertificateConfigMapRef: "proxy-ca",
};

test("tells the relay of an endpoint's own HTTP proxy, and mounts its login and CA beside the relay's", async () => {
  const cloudProxy = {
    url: "https://other.plant.example",
    secretRef: "other-login",
    trustedCaCertificateConfigMapRef: "other-ca",
  };

  const deployed = await deploy(() => createRelay("oslo", { proxy, cloudProxy }));

  const { config } = parseRelayConfig(await valueOf(deployed.result.configText), { where: "test" });
  expect(config.relay.proxy).toEqual(proxy);
  expect(config.endpoints["cloud"]?.relay.proxy).toEqual(cloudProxy);
  expect(config.endpoints["edge"]?.relay.proxy).toBeUndefined();
  const mounts = podOf(deployed).containers[0]?.["volumeMounts"] as { readonly mountPath: string }[];
  const folders = mounts.map(({ mountPath }) => mountPath.replace("/etc/mqtt-dataflow/", ""));
  expect(folders.filter((folder) => folder.startsWith("secrets/"))).toEqual([
    "secrets/other-login",
    "secrets/proxy-login",
  ]);
  expect(folders.filter((folder) => folder.startsWith("configmaps/"))).toEqual([
    "configmaps/azure-iot-operations-aio-ca-trust-bundle",
    "configmaps/other-ca",
    "configmaps/proxy-ca",
  ]);
});

test("tells the relay of the HTTP proxy, and mounts its login and CA", async () => {
  const deployed = await deploy(() => createRelay("oslo", { proxy }));

  const { config } = parseRelayConfig(await valueOf(deployed.result.configText), { where: "test" });
  expect(config.relay.proxy).toEqual(proxy);
  const mounts = podOf(deployed).containers[0]?.["volumeMounts"] as { readonly mountPath: string }[];
  expect(mounts.map(({ mountPath }) => mountPath)).toEqual(
    expect.arrayContaining(["/etc/mqtt-dataflow/secrets/proxy-login", "/etc/mqtt-dataflow/configmaps/proxy-ca"]),
  );
});

describe("its disk", () => {
  const downward = { source: "cloud", dataSources: ["c"], destination: "edge", dataDestination: "c" };
  const upward = {
    source: "edge",
    dataSources: ["plant/#"],
    destination: "cloud",
    dataDestination: "sites/${inputTopic}",
  };
  const claimsOf = (deployed: Deployed<unknown>) => specOf(deployed, types.set)["volumeClaimTemplates"];

  test.each([
    ["the source is Event Grid", { downward }],
    ["a disk queue is asked for", { upward: { ...upward, spool: { mode: "Enabled" } } }],
    ["disk persistence is asked for", { upward: { ...upward, requestDiskPersistence: "Enabled" } }],
    ["dead letters have no endpoint", { upward: { ...upward, undeliverableMessages: "DeadLetter" } }],
    ["such a dataflow is disabled", { downward: { ...downward, mode: "Disabled" }, upward }],
  ] as const)("is a volume of each pod's own where %s", async (_, dataflows) => {
    const deployed = await deploy(() => createRelay("oslo", {}, dataflows as unknown as RelayArgs["dataflows"]));

    expect(claimsOf(deployed)).toEqual([
      {
        metadata: { name: "spool" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } } },
      },
    ]);
    expect(podOf(deployed).containers[0]?.["volumeMounts"]).toContainEqual({
      name: "spool",
      mountPath: "/var/lib/mqtt-dataflow",
    });
  });

  test.each([
    ["nothing is kept on it", { upward }],
    ["the disk queue is turned off", { downward: { ...downward, spool: { mode: "Disabled" } } }],
    [
      "dead letters are published",
      { upward: { ...upward, undeliverableMessages: "DeadLetter", deadLetter: { endpoint: "edge", topic: "dead" } } },
    ],
  ] as const)("is none where %s", async (_, dataflows) => {
    const deployed = await deploy(() => createRelay("oslo", {}, dataflows as unknown as RelayArgs["dataflows"]));

    expect(claimsOf(deployed)).toEqual([]);
    expect(JSON.stringify(podOf(deployed))).not.toContain("/var/lib/mqtt-dataflow");
  });

  test("is as large and of the class that is asked for, and outlives the pods", async () => {
    const volume = { sizeGibibytes: 40, storageClassName: "local-path" };

    const deployed = await deploy(() => createRelay("oslo", { volume }, { downward }));

    expect(claimsOf(deployed)).toMatchObject([
      { spec: { resources: { requests: { storage: "40Gi" } }, storageClassName: "local-path" } },
    ]);
    expect(specOf(deployed, types.set)["persistentVolumeClaimRetentionPolicy"]).toEqual({
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
  });
});

test("asks for its disks once all else that its pods need is there: right before a set without them is replaced", async () => {
  const dependencies: Record<string, string[]> = {};
  const transformations: pulumi.ResourceTransformation[] = [
    ({ name, props, opts }) => {
      const { dependsOn = [] } = opts as { readonly dependsOn?: readonly pulumi.Resource[] };
      dependencies[name] = dependsOn.map((one) => (one as unknown as { readonly __pulumiType: string }).__pulumiType);
      return { props: props, opts };
    },
  ];
  const secrets = { login: { username: "relay", password: pulumi.secret("secret") } };
  const downward = { source: "cloud", dataSources: ["c"], destination: "edge", dataDestination: "c" };

  await deploy(() => createRelay("oslo", { secrets }, { downward }, { transformations }));

  expect(dependencies["oslo-spool-0"]).toEqual([types.secret, types.account, types.configMap, types.service]);
});

test("ends before a set that replaces it begins, since both would have the same client identifiers", async () => {
  const before: (boolean | undefined)[] = [];
  const transformations: pulumi.ResourceTransformation[] = [
    ({ type, props, opts }) => {
      if (type === types.set) before.push((opts as pulumi.CustomResourceOptions).deleteBeforeReplace);
      return { props: props, opts };
    },
  ];
  await deploy(() => {
    const edge = new LocalEndpoint("edge", {});
    const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
    return new Relay(
      "oslo",
      { image: "relay:1", endpoints: { edge }, dataflows: { copy: dataflow } },
      { transformations },
    );
  });

  expect(before).toEqual([true]);
});

describe("its pods", () => {
  const pod = {
    labels: { team: "plant" },
    annotations: { "prometheus.io/scrape": "true" },
    nodeSelector: { zone: "a" },
    tolerations: [{ key: "edge", operator: "Exists", effect: "NoSchedule" }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    topologySpreadConstraints: [{ maxSkew: 2, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule" }],
    priorityClassName: "high",
    imagePullPolicy: "Always",
    environment: { TZ: "Europe/Oslo" },
    volumes: { more: { source: { configMap: { name: "more" } }, mountPath: "/mnt/more" } },
  } as const;
  const mutable = pod as unknown as NonNullable<RelayArgs["pod"]>;

  test("have what is added to them, beside what the relay needs", async () => {
    const deployed = await deploy(() => createRelay("oslo", { pod: mutable, instanceCount: 2 }));

    const { template } = specOf(deployed, types.set) as { template: { metadata: object; spec: PodSpec } };
    const [container] = template.spec.containers;
    expect(template.metadata).toMatchObject({
      labels: { team: "plant", "app.kubernetes.io/name": "mqtt-dataflow-relay" },
      annotations: { "prometheus.io/scrape": "true", "mqtt-dataflow/config-sha256": expect.anything() },
    });
    const { tolerations, affinity, topologySpreadConstraints, priorityClassName } = pod;
    expect(template.spec).toMatchObject({ tolerations, affinity, topologySpreadConstraints, priorityClassName });
    expect(template.spec["nodeSelector"]).toEqual({ zone: "a", "kubernetes.io/os": "linux" });
    expect(template.spec["volumes"]).toContainEqual({ name: "more", configMap: { name: "more" } });
    expect(container?.["imagePullPolicy"]).toBe("Always");
    expect(container?.["env"]).toContainEqual({ name: "TZ", value: "Europe/Oslo" });
    expect(container?.["volumeMounts"]).toContainEqual({ name: "more", mountPath: "/mnt/more", readOnly: true });
  });

  test("are told apart by the relay's own labels alone", async () => {
    const deployed = await deploy(() => createRelay("oslo", { pod: mutable }));

    expect(specOf(deployed, types.set)["selector"]).toEqual(
      specOf(await deploy(() => createRelay()), types.set)["selector"],
    );
  });
});

describe("its network policy", () => {
  test("lets metrics in, and out only names, the endpoints' ports and Microsoft Entra", async () => {
    const deployed = await deploy(() => createRelay());

    expect(specOf(deployed, types.network)).toEqual({
      podSelector: {
        matchLabels: { "app.kubernetes.io/name": "mqtt-dataflow-relay", "app.kubernetes.io/instance": "oslo" },
      },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: [{ protocol: "TCP", port: 9600 }] }],
      egress: [
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
            { protocol: "UDP", port: 5353 },
            { protocol: "TCP", port: 5353 },
          ],
        },
        {
          ports: [
            { protocol: "TCP", port: 443 },
            { protocol: "TCP", port: 8883 },
            { protocol: "TCP", port: 18883 },
          ],
        },
      ],
    });
  });

  test("lets out to the given ranges of an endpoint and of Microsoft Entra, and elsewhere to any address", async () => {
    const egress = {
      endpointIpRanges: { cloud: ["203.0.113.0/24", "198.51.100.0/24"] },
      entraIpRanges: ["20.20.32.0/19"],
    };

    const deployed = await deploy(() => createRelay("oslo", { egress }));

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      { ports: [{ protocol: "TCP", port: 18883 }] },
      { to: [{ ipBlock: { cidr: "20.20.32.0/19" } }], ports: [{ protocol: "TCP", port: 443 }] },
      {
        to: [{ ipBlock: { cidr: "198.51.100.0/24" } }, { ipBlock: { cidr: "203.0.113.0/24" } }],
        ports: [{ protocol: "TCP", port: 8883 }],
      },
    ]);
  });

  test("lets out to the port of a broker's and of a proxy's pods too, which is what a policy sees behind a Service", async () => {
    const egress = { endpointPorts: { edge: 11883 }, proxyPort: 13128 };

    const deployed = await deploy(() =>
      createRelay("oslo", { egress, cloudProxy: { url: "http://proxy.plant.example:3128" } }),
    );

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      { ports: [3128, 11883, 13128, 18883].map((port) => ({ protocol: "TCP", port })) },
    ]);
  });

  test("leaves a port open to any address as soon as one endpoint on it has no ranges", async () => {
    const deployed = await deploy(() => createRelay("oslo", { egress: { entraIpRanges: ["20.20.32.0/19"] } }));

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 8883 },
          { protocol: "TCP", port: 18883 },
        ],
      },
      { to: [{ ipBlock: { cidr: "20.20.32.0/19" } }], ports: [{ protocol: "TCP", port: 443 }] },
    ]);
  });

  test("lets out to an endpoint's own HTTP proxy in place of its broker and of Entra", async () => {
    const deployed = await deploy(() => createRelay("oslo", { cloudProxy: { url: "http://proxy.plant.example" } }));

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 80 },
          { protocol: "TCP", port: 18883 },
        ],
      },
    ]);
  });

  test("lets out to broker and Entra where an endpoint says that it goes straight", async () => {
    const cloudProxy = { url: "direct" };
    const deployed = await deploy(() =>
      createRelay("oslo", { proxy, cloudProxy, egress: { proxyIpRanges: ["10.1.0.0/16"] } }),
    );

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      {
        ports: [
          { protocol: "TCP", port: 443 },
          { protocol: "TCP", port: 8883 },
          { protocol: "TCP", port: 18883 },
        ],
      },
      { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }], ports: [{ protocol: "TCP", port: 3129 }] },
    ]);
  });

  test("takes a relay's proxy that is said to be none for none", async () => {
    const saysNone = specOf(await deploy(() => createRelay("oslo", { proxy: { url: "direct" } })), types.network);
    const saysNothing = specOf(await deploy(() => createRelay()), types.network);

    expect(saysNone["egress"]).toEqual(saysNothing["egress"]);
  });

  test("lets out to the HTTP proxy and to AIO's own broker alone, where there is a proxy", async () => {
    const deployed = await deploy(() => createRelay("oslo", { proxy, egress: { proxyIpRanges: ["10.1.0.0/16"] } }));

    expect((specOf(deployed, types.network)["egress"] as unknown[]).slice(1)).toEqual([
      { ports: [{ protocol: "TCP", port: 18883 }] },
      { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }], ports: [{ protocol: "TCP", port: 3129 }] },
    ]);
  });

  test("lets out to the node's metadata service where its identity is used", async () => {
    const deployed = await deploy(() => createRelay("oslo", { useNodeIdentity: true }));

    expect(specOf(deployed, types.network)["egress"]).toContainEqual({
      to: [{ ipBlock: { cidr: "169.254.169.254/32" } }],
      ports: [{ protocol: "TCP", port: 80 }],
    });
  });
});

test.each([
  [1, 0],
  [2, 1],
])("with %p instances it has %p PodDisruptionBudgets", async (instanceCount, budgets) => {
  const deployed = await deploy(() => createRelay("oslo", { instanceCount }));

  const found = deployed.resources.filter(({ type }) => type === types.budget);
  // A pod that is not ready may always be evicted: while a broker is away none is, and a node could not be drained.
  expect(found).toHaveLength(budgets);
  for (const { inputs } of found)
    expect(inputs["spec"]).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
});

describe("refuses", () => {
  test.each<[string, Changed, string]>([
    [
      "a metrics port that is off or privileged",
      { metricsPort: 0 },
      "metricsPort: is 0, and the pod's probes need a port that a process without privileges can open; give 1024 to 65535",
    ],
    [
      "a status page at a privileged port",
      { statusPage: { port: 80 } },
      "statusPage.port: is 80, which no process without privileges can open; give another one from 1024 to 65535, or 0 for no page",
    ],
    [
      "a status page at the port of metrics",
      { metricsPort: 9700, statusPage: { port: 9700 } },
      "statusPage.port: is 9700, the port of metrics and probes; give another one from 1024 to 65535, or 0 for no page",
    ],
    [
      "a port of the status page that is none",
      { statusPage: { port: 70_000 } },
      "statusPage.port: is 70000, which no process without privileges can open; give another one from 1024 to 65535, or 0 for no page",
    ],
    [
      "too little memory",
      { memoryMebibytes: 32 },
      "memoryMebibytes: is 32 MiB, too little for the relay to start; give a whole number of 92 MiB or more",
    ],
    [
      "a federated credential without the identity's name",
      { identity: { clientId: id, oidcIssuerUrl: "https://oidc", resourceGroupName: "rg" } },
      "identity.identityName: is missing, and the federated identity credential needs it; add it, or leave oidcIssuerUrl out",
    ],
    [
      "a Secret without content",
      { secrets: { empty: {} } },
      "secrets.empty: has no content for any authentication method; give clientCertificate and clientKey, or accessToken, or username and password",
    ],
    [
      "half a certificate",
      { secrets: { cert: { clientCertificate: certificate } } },
      "secrets.cert.clientKey: is missing beside clientCertificate; add it",
    ],
    [
      "a TLS Secret without certificate",
      { secrets: { token: { type: "kubernetes.io/tls", accessToken: "t" } } },
      "secrets.token.type: is kubernetes.io/tls, and the content is no certificate; remove it, or give clientCertificate and clientKey",
    ],
    [
      "ranges of an endpoint that does not exist",
      { egress: { endpointIpRanges: { clod: ["203.0.113.0/24"] } } },
      "egress.endpointIpRanges.clod: names an endpoint that does not exist; correct the name, or remove it [ip-ranges]",
    ],
    [
      "an empty list of ranges",
      { egress: { endpointIpRanges: { cloud: [] } } },
      'egress.endpointIpRanges.cloud: is empty, so that nothing could be reached; give at least one range, "203.0.113.0/24", or leave it out for any address [ip-ranges]',
    ],
    [
      "an address that is no range",
      { egress: { entraIpRanges: ["203.0.113.7"] } },
      'egress.entraIpRanges[0]: is "203.0.113.7", which is no range of addresses; give at least one range, "203.0.113.0/24", or leave it out for any address [ip-ranges]',
    ],
    [
      "a port of an endpoint that does not exist",
      { egress: { endpointPorts: { clod: 1883 } } },
      "egress.endpointPorts.clod: names an endpoint that does not exist; correct the name, or remove it",
    ],
    [
      "a port that is none",
      { egress: { proxyPort: 70_000 } },
      "egress.proxyPort: is 70000, which is no port; give 1 to 65535",
    ],
    [
      "a label that the relay sets itself",
      { pod: { labels: { "app.kubernetes.io/instance": "other" } } },
      "pod.labels.app.kubernetes.io/instance: is set by the relay itself; remove it",
    ],
    [
      "a variable that the relay sets itself",
      { pod: { environment: { NODE_OPTIONS: "--inspect" } } },
      "pod.environment.NODE_OPTIONS: is set by the relay itself; remove it",
    ],
    [
      "a volume of the relay's name",
      { pod: { volumes: { spool: { source: { emptyDir: {} }, mountPath: "/mnt/spool" } } } },
      "pod.volumes.spool: has the name of a volume of the relay's; rename it",
    ],
    ...["/", "/etc/mqtt-dataflow/", "/etc/mqtt-dataflow/secrets/more"].map((mountPath): [string, Changed, string] => [
      `a volume at ${mountPath}`,
      { pod: { volumes: { more: { source: { emptyDir: {} }, mountPath } } } },
      `pod.volumes.more.mountPath: is "${mountPath}", where the relay has files of its own; give another path, such as "/mnt/more"`,
    ]),
    [
      "a volume at a path that is not absolute",
      { pod: { volumes: { more: { source: { emptyDir: {} }, mountPath: "more" } } } },
      'pod.volumes.more.mountPath: is "more", which is no absolute path; give another path, such as "/mnt/more"',
    ],
    [
      "a name that no Secret has",
      { secrets: { My_Secret: { accessToken: "t" } } },
      'secrets.My_Secret: is no name for a Secret; name it with lower-case letters, digits, "-" and "."',
    ],
  ])("%s", async (_, changed, problem) => {
    const deployment = deploy(() => createRelay("oslo", changed));

    await expect(deployment).rejects.toMatchObject({ message: `oslo has 1 problem:\n  ${problem}`, hideStack: true });
  });

  test("a name that is too long for a pod's labels", async () => {
    const deployment = deploy(() => createRelay("o".repeat(40)));

    await expect(deployment).rejects.toThrow('names no pods; give at most 39 lower-case letters, digits and "-"');
  });

  test("a Secret, without showing its content", async () => {
    const deployment = deploy(() => createRelay("oslo", { secrets: { login: { password: "hunter2" } } }));

    await expect(deployment).rejects.toThrow(/^(?!.*hunter2)/s);
  });
});
