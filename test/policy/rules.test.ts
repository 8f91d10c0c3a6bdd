import { readFileSync } from "node:fs";
import path from "node:path";

import { checkSessionLimit } from "../../components/checks/session-limit.ts";
import { MqttBridge } from "../../components/index.ts";
import { buildPolicy } from "../../policy/rule.ts";
import type { Inputs } from "../../policy/rule.ts";
import { rules } from "../../policy/rules.ts";
import { formatProblem } from "../../runtime/contract/errors.ts";
import { asAzureNames, deploy } from "../components/mocks.ts";

/** A resource that breaks just one rule, and what it takes to keep to it. */
interface Case {
  readonly what: string;
  readonly rule: string;
  readonly type: string;
  readonly fails: Inputs;
  readonly violations: readonly string[];
  readonly passes: Inputs;
  readonly config?: Inputs;
  readonly stack?: string;
}

const namespace = {
  minimumTlsVersionAllowed: "1.2",
  publicNetworkAccess: "Disabled",
  topicSpacesConfiguration: { state: "Enabled", maximumClientSessionsPerAuthenticationName: 3 },
};

const container = {
  name: "app",
  image: "registry.example/app:1",
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};
const podSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [container],
};
const relay = { ...container, image: "registry.example/mqtt-dataflow-relay:1" };

/** A workload with some fields of its pod replaced. */
function workload(spec: Inputs): Inputs {
  return { metadata: { namespace: "plant" }, spec: { template: { spec: { ...podSpec, ...spec } } } };
}

/** A workload with one container, some fields of which are replaced. */
function withContainer(fields: Inputs): Inputs {
  return workload({ containers: [{ ...container, ...fields }] });
}

const resourceGroup = "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg";
const namespaceId = `${resourceGroup}/providers/Microsoft.EventGrid/namespaces/oslo`;

function assignment(role: string, scope: string, principalId = "relay"): Inputs {
  const roleDefinitionId = `/subscriptions/f/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  return { roleDefinitionId, scope, principalId, principalType: "ServicePrincipal" };
}

const publisher = "a12b0b94-b317-4dcd-84a8-502ce99884c6";
const contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

const inContainer = "spec.template.spec.containers[0]";

const cases: readonly Case[] = [
  {
    what: "TLS off at a dataflow endpoint",
    rule: "dataflow-endpoint-tls",
    type: "azure-native:iotoperations:DataflowEndpoint",
    fails: { properties: { endpointType: "Mqtt", mqttSettings: { tls: { mode: "Disabled" } } } },
    violations: [
      "properties.mqttSettings.tls.mode: is Disabled, so messages and credentials cross the network in clear; set it to Enabled",
    ],
    passes: { properties: { endpointType: "Mqtt", mqttSettings: { tls: { mode: "Enabled" } } } },
  },
  {
    what: "TLS off at a dataflow endpoint that is a custom resource",
    rule: "dataflow-endpoint-tls",
    type: "kubernetes:connectivity.iotoperations.azure.com/v1:DataflowEndpoint",
    fails: { spec: { kafkaSettings: { tls: { mode: "Disabled" } } } },
    violations: [
      "spec.kafkaSettings.tls.mode: is Disabled, so messages and credentials cross the network in clear; set it to Enabled",
    ],
    passes: { spec: { mqttSettings: { host: "aio-broker:18883" } } },
  },
  {
    what: "a namespace with an old TLS",
    rule: "event-grid-tls-version",
    type: "azure-native:eventgrid:Namespace",
    fails: { ...namespace, minimumTlsVersionAllowed: "1.1" },
    violations: ['minimumTlsVersionAllowed: is "1.1"; set it to "1.2"'],
    passes: namespace,
  },
  {
    what: "a namespace of another API version that says nothing of TLS",
    rule: "event-grid-tls-version",
    type: "azure-native:eventgrid/v20250215:Namespace",
    fails: { topicSpacesConfiguration: namespace.topicSpacesConfiguration },
    violations: ['minimumTlsVersionAllowed: is missing; set it to "1.2"'],
    passes: namespace,
  },
  {
    what: "too few sessions, which is what Azure fills in",
    rule: "event-grid-client-sessions",
    type: "azure-native:eventgrid:Namespace",
    fails: { ...namespace, topicSpacesConfiguration: { state: "Enabled" } },
    // In the components' own words.
    violations: checkSessionLimit("topicSpacesConfiguration.maximumClientSessionsPerAuthenticationName", 1).map(
      formatProblem,
    ),
    passes: { ...namespace, topicSpacesConfiguration: { state: "Disabled" } },
  },
  {
    what: "a namespace in production that is open to the public",
    rule: "event-grid-public-access",
    type: "azure-native:eventgrid:Namespace",
    stack: "oslo-prod",
    fails: { ...namespace, publicNetworkAccess: "Enabled" },
    violations: [
      'publicNetworkAccess: is "Enabled", and stack "oslo-prod" is in production; set it to "Disabled" and give the namespace a private endpoint',
    ],
    passes: namespace,
  },
  {
    what: "a namespace that is open to the public, in a stack that the team calls production",
    rule: "event-grid-public-access",
    type: "azure-native:eventgrid:Namespace",
    stack: "line-4",
    config: { productionStacks: ["line-*"] },
    fails: { topicSpacesConfiguration: namespace.topicSpacesConfiguration, minimumTlsVersionAllowed: "1.2" },
    violations: [
      'publicNetworkAccess: is missing, and stack "line-4" is in production; set it to "Disabled" and give the namespace a private endpoint',
    ],
    passes: namespace,
  },
  {
    what: "a topic space of every topic in production",
    rule: "topic-space-wildcard",
    type: "azure-native:eventgrid:TopicSpace",
    stack: "production",
    fails: { topicTemplates: ["sites/oslo/#", "+/#"] },
    violations: [
      'topicTemplates[1]: is "+/#", so whoever has a role here reaches every topic of the namespace; begin it with a level that names the topics, such as "sites/oslo/#"',
    ],
    passes: { topicTemplates: ["sites/oslo/#", "${client.authenticationName}/#", "+/status"] },
  },
  {
    what: "a role to publish in a whole resource group",
    rule: "mqtt-role-scope",
    type: "azure-native:authorization:RoleAssignment",
    fails: assignment(publisher, resourceGroup),
    violations: [
      `scope: gives EventGrid TopicSpaces Publisher at "${resourceGroup}"; assign it at the topic space, or at the namespace`,
    ],
    passes: assignment(publisher, `${namespaceId}/topicSpaces/telemetry`),
  },
  {
    what: "Contributor of a resource group",
    rule: "relay-privileged-role",
    type: "azure-native:authorization:RoleAssignment",
    fails: assignment(contributor, resourceGroup),
    violations: [
      `scope: gives Contributor at "${resourceGroup}"; assign EventGrid TopicSpaces Publisher or EventGrid TopicSpaces Subscriber at the topic space instead`,
    ],
    passes: assignment(reader, resourceGroup),
  },
  {
    what: "Contributor of anything, for an identity that is known for a relay's",
    rule: "relay-privileged-role",
    type: "azure-native:authorization:RoleAssignment",
    config: { relayPrincipalIds: ["relay"] },
    fails: assignment(contributor, namespaceId),
    violations: [
      `scope: gives Contributor at "${namespaceId}"; assign EventGrid TopicSpaces Publisher or EventGrid TopicSpaces Subscriber at the topic space instead`,
    ],
    passes: assignment(contributor, resourceGroup, "pipeline"),
  },
  ...podCases(),
  {
    what: "a Deployment of the relay",
    rule: "relay-stateful-set",
    type: "kubernetes:apps/v1:Deployment",
    fails: workload({ containers: [relay] }),
    violations: [
      "spec.template.spec: runs the relay's image in a Deployment, whose next pod takes over the sessions of the last one; use a StatefulSet, or the component Relay",
    ],
    passes: workload({}),
  },
  {
    what: "a relay that is killed while it drains",
    rule: "relay-grace-period",
    type: "kubernetes:apps/v1:StatefulSet",
    fails: workload({ containers: [relay], terminationGracePeriodSeconds: 29 }),
    violations: [
      "spec.template.spec.terminationGracePeriodSeconds: is 29 s, and draining takes up to 20 s; set it to 30 s or more",
    ],
    passes: workload({ containers: [relay], terminationGracePeriodSeconds: 30 }),
  },
  {
    what: "a relay that drains for longer than Kubernetes waits by itself",
    rule: "relay-grace-period",
    type: "kubernetes:apps/v1:StatefulSet",
    config: { drainTimeoutSeconds: 60 },
    fails: workload({ containers: [relay] }),
    violations: [
      "spec.template.spec.terminationGracePeriodSeconds: is missing, so it is 30 s, and draining takes up to 60 s; set it to 70 s or more",
    ],
    passes: workload({ containers: [relay], terminationGracePeriodSeconds: 70 }),
  },
  {
    what: "secrets in a ConfigMap, of which none is shown",
    rule: "no-secret-in-config-map",
    type: "kubernetes:core/v1:ConfigMap",
    fails: {
      data: {
        "client_key.pem": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
        "broker.password": "hunter2",
        mqttPassword: "hunter2",
        connection: "Endpoint=sb://x;SharedAccessKey=aGVsbG8=",
        url: "mqtts://relay:hunter2@broker.example",
      },
      binaryData: { token: Buffer.from("eyJhbGciOiJSUzI1.eyJzdWIiOiJhIn0x.c2ln").toString("base64") },
    },
    violations: [
      "data.client_key.pem: holds a private key; move it to a Secret, and refer to that",
      "data.broker.password: holds a secret, by its name; move it to a Secret, and refer to that",
      "data.mqttPassword: holds a secret, by its name; move it to a Secret, and refer to that",
      "data.connection: holds a shared access key; move it to a Secret, and refer to that",
      "data.url: holds a user name with its password; move it to a Secret, and refer to that",
      "binaryData.token: holds a JSON Web Token; move it to a Secret, and refer to that",
    ],
    passes: {
      data: {
        "ca.crt": "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "config.json":
          '{"secretRef":"historian","host":"broker.example:8883","scope":"https://eventgrid.azure.net/.default"}',
        password: "",
      },
    },
  },
];

/** One field after the other that Pod Security's level restricted asks for. */
function podCases(): Case[] {
  const pods: [what: string, fails: Inputs, violations: string[]][] = [
    [
      "the host's network",
      workload({ hostNetwork: true }),
      ["spec.template.spec.hostNetwork: is true, which lets the pod out of its box; remove it"],
    ],
    [
      "the host's files",
      workload({ volumes: [{ name: "host", hostPath: { path: "/" } }] }),
      [
        "spec.template.spec.volumes[0].hostPath: is no kind of volume for a restricted pod; use one of configMap, csi, downwardAPI, emptyDir, ephemeral, persistentVolumeClaim, projected, secret",
      ],
    ],
    [
      "a host's port",
      withContainer({ ports: [{ containerPort: 9600, hostPort: 9600 }] }),
      [`${inContainer}.ports[0].hostPort: is 9600; remove it; use a Service`],
    ],
    [
      "no security context",
      withContainer({ securityContext: {} }),
      [
        `${inContainer}.securityContext.allowPrivilegeEscalation: is missing; set it to false`,
        `${inContainer}.securityContext.capabilities.drop: lacks ALL; set it to ["ALL"]`,
      ],
    ],
    [
      "privileges",
      withContainer({ securityContext: { ...container.securityContext, privileged: true } }),
      [`${inContainer}.securityContext.privileged: is true; remove it`],
    ],
    [
      "a /proc of its own",
      withContainer({ securityContext: { ...container.securityContext, procMount: "Unmasked" } }),
      [`${inContainer}.securityContext.procMount: is "Unmasked"; remove it`],
    ],
    [
      "another capability",
      withContainer({
        securityContext: {
          ...container.securityContext,
          capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_BIND_SERVICE"] },
        },
      }),
      [`${inContainer}.securityContext.capabilities.add: has NET_ADMIN; leave NET_BIND_SERVICE at most`],
    ],
    [
      "any user",
      workload({ securityContext: { seccompProfile: { type: "Localhost" } } }),
      [`${inContainer}.securityContext.runAsNonRoot: is missing; set it to true, here or for the pod`],
    ],
    [
      "root",
      workload({ securityContext: { ...podSpec.securityContext, runAsUser: 0 } }),
      [`${inContainer}.securityContext.runAsUser: is 0, which is root; give the ID of another user`],
    ],
    [
      "no seccomp profile",
      workload({ securityContext: { runAsNonRoot: true } }),
      [`${inContainer}.securityContext.seccompProfile.type: is missing; set it to RuntimeDefault, here or for the pod`],
    ],
    [
      "an unrestricted init container",
      workload({
        initContainers: [
          { ...container, securityContext: { ...container.securityContext, allowPrivilegeEscalation: true } },
        ],
      }),
      ["spec.template.spec.initContainers[0].securityContext.allowPrivilegeEscalation: is true; set it to false"],
    ],
  ];
  return pods.map(([what, fails, violations]) => ({
    what: `a pod with ${what}`,
    rule: "restricted-pods",
    type: "kubernetes:apps/v1:StatefulSet",
    fails,
    violations,
    passes: workload({ volumes: [{ name: "tokens", projected: { sources: [] } }] }),
  }));
}

/** What a policy reports on a resource, as Pulumi's policy server runs it. */
async function violationsOf(
  rule: string,
  type: string,
  props: Inputs,
  config: Inputs = {},
  stack = "dev",
): Promise<string[]> {
  const policy = rules.map(buildPolicy).find(({ name }) => name === rule)!;
  const reported: string[] = [];
  const validate = policy.validateResource as (args: object, report: (text: string) => void) => void | Promise<void>;
  const urn = `urn:pulumi:${stack}::plant::${type}::resource`;
  await validate({ type, props, urn, name: "resource", getConfig: () => config }, (text) => reported.push(text));
  return reported;
}

test.each(cases.map((one) => [one.rule, one.what, one] as const))("%s finds %s", async (rule, _, one) => {
  expect(await violationsOf(rule, one.type, one.fails, one.config, one.stack)).toEqual(one.violations);
});

test.each(cases.map((one) => [one.rule, one.what, one] as const))(
  "%s passes the neighbour of %s",
  async (rule, _, one) => {
    expect(await violationsOf(rule, one.type, one.passes, one.config, one.stack)).toEqual([]);
  },
);

test("every rule has a resource that breaks it", () => {
  expect(cases.filter(({ violations }) => violations.length === 0)).toEqual([]);
  expect([...new Set(cases.map(({ rule }) => rule))].sort()).toEqual(rules.map(({ name }) => name).sort());
});

test("only stacks in production are asked for what is production's", async () => {
  const open = { ...namespace, publicNetworkAccess: "Enabled" };

  expect(await violationsOf("event-grid-public-access", "azure-native:eventgrid:Namespace", open)).toEqual([]);
  expect(
    await violationsOf("topic-space-wildcard", "azure-native:eventgrid:TopicSpace", { topicTemplates: ["#"] }),
  ).toEqual([]);
});

test("pods of an exempt namespace may do what they need", async () => {
  const props = { ...workload({ hostNetwork: true }), metadata: { namespace: "kube-system" } };

  expect(await violationsOf("restricted-pods", "kubernetes:apps/v1:DaemonSet", props)).toEqual([]);
  expect(
    await violationsOf("restricted-pods", "kubernetes:apps/v1:DaemonSet", props, { exemptNamespaces: [] }),
  ).toHaveLength(1);
});

test.each([
  ["kubernetes:core/v1:Pod", { spec: { containers: [{}] } }, "spec.containers[0]"],
  [
    "kubernetes:batch/v1:CronJob",
    { spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } } },
    "spec.jobTemplate.spec.template.spec.containers[0]",
  ],
  ["kubernetes:apps/v1:DeploymentPatch", { spec: { template: { spec: { containers: [{}] } } } }, inContainer],
])("finds the pod in a %s", async (type, props, path) => {
  const violations = await violationsOf("restricted-pods", type, props);

  expect(violations).toHaveLength(4);
  expect(violations.every((violation) => violation.startsWith(`${path}.securityContext.`))).toBe(true);
});

test("every rule says where it comes from, how it is enforced and how severe it is", () => {
  for (const rule of rules) {
    const { description, enforcementLevel, severity, configSchema } = buildPolicy(rule);
    expect(description).toMatch(/\. Source: .{10,}/);
    expect(enforcementLevel).toBe("mandatory");
    expect(["medium", "high", "critical"]).toContain(severity);
    for (const property of Object.values(configSchema?.properties ?? {})) {
      expect(property).toMatchObject({ default: expect.anything(), description: expect.anything() });
    }
  }
});

test("what the components make breaks no rule, in production neither", async () => {
  const deployed = await deploy(
    () =>
      new MqttBridge("oslo", {
        site: "oslo",
        eventGrid: {
          resourceGroupName: "rg",
          topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } },
          publicNetworkAccess: "Disabled",
        },
        instance: {
          resourceGroupName: "rg",
          instanceName: "aio",
          customLocationId: `${resourceGroup}/providers/Microsoft.ExtendedLocation/customLocations/oslo`,
        },
        localEndpoints: { edge: {} },
        eventGridEndpoints: { cloud: { retain: "Never" } },
        dataflows: {
          telemetry: {
            source: "edge",
            dataSources: ["plant/#"],
            destination: "cloud",
            dataDestination: "sites/oslo/${inputTopic}",
          },
        },
        identity: {
          clientId: "00000000-0000-0000-0000-000000000001",
          tenantId: "00000000-0000-0000-0000-000000000002",
          principalId: "00000000-0000-0000-0000-000000000003",
        },
        relay: { image: "registry.example/mqtt-dataflow-relay:1" },
      }),
  );
  const checked = deployed.resources.flatMap(({ type, inputs }) =>
    rules.map(({ name }) => [name, type, asAzureNames(inputs)] as const),
  );
  const violations = await Promise.all(
    checked.map(([name, type, inputs]) => violationsOf(name, type, inputs, {}, "oslo-prod")),
  );

  expect(deployed.resources.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      "azure-native:authorization:RoleAssignment",
      "azure-native:eventgrid:Namespace",
      "azure-native:eventgrid:TopicSpace",
      "azure-native:iotoperations:DataflowEndpoint",
      "kubernetes:apps/v1:StatefulSet",
      "kubernetes:core/v1:ConfigMap",
    ]),
  );
  expect(violations.flat()).toEqual([]);
});

test("the page of the pack has every rule with its settings and its source", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../../doc/policy.md"), "utf8");
  const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));

  for (const { name, description, source, configSchema } of rules) {
    const settings = Object.entries(configSchema?.properties ?? {}).map(
      ([key, { default: value }]) => `\`${key}\`: \`${JSON.stringify(value)}\``,
    );
    const row = rows.find((cells) => cells[1] === `\`${name}\``);
    expect(row?.slice(2, 5)).toEqual([description, settings.join("<br>") || "none", source]);
  }
});
