import * as pulumi from "@pulumi/pulumi";

import { between, createRandom, pick } from "../../ledger/random.ts";
import { customLocationId } from "../mocks.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const dataflow = { source: "edge", dataSources: ["a/+/#"], destination: "cloud", dataDestination: "b/${inputTopic.1}" };
const instance = { resourceGroupName: "rg", instanceName: "aio", customLocationId };
const x509 = {
  clients: { pump: { authenticationName: "pump", attributes: { kind: "pump", floors: [1, 2] } } },
  clientGroups: { pumps: { query: 'attributes.kind = "pump"' } },
  permissionBindings: { publish: { clientGroup: "pumps", topicSpace: "all", permission: "Publisher" } },
};
const eventGrid = {
  resourceGroupName: "rg",
  topicSpaces: { all: { topicTemplates: ["b/#"] } },
  x509,
  tags: { a: "b" },
};

/** Arguments that are right, by component. */
const right: Readonly<Record<string, object>> = {
  MqttBridge: {
    site: "oslo",
    eventGrid,
    localEndpoints: { edge: {} },
    eventGridEndpoints: { cloud: { retain: "Never", proxy: { host: "proxy:3128" } } },
    customEndpoints: { old: { host: "broker:1883", authenticationMethod: "Anonymous", tlsMode: "Disabled" } },
    dataflows: {
      telemetry: {
        ...dataflow,
        spool: { mode: "Enabled" },
        deadLetter: { topic: "dead" },
        operationNames: { source: "a" },
      },
      copy: { ...dataflow, destination: "old", engine: "Relay" },
    },
    identity: { clientId: id, tenantId: id, principalId: id },
    relay: {
      image: "relay:1",
      instanceCount: 1,
      secrets: { login: { username: "user", password: "hunter22-hunter22" } },
      vault: {
        secrets: { client: { clientCertificate: "cert", clientKey: "key" } },
        secretSync: {
          vaultName: "kv-plants",
          identity: { clientId: id, tenantId: id },
          serviceAccountName: "aio-ssc-sa",
        },
      },
      pod: {
        labels: { team: "plant" },
        tolerations: [{ key: "edge", operator: "Exists" }],
        affinity: { nodeAffinity: {} },
        volumes: { more: { source: { emptyDir: {} }, mountPath: "/mnt/more" } },
      },
      egress: { endpointIpRanges: { old: ["203.0.113.0/24"] } },
    },
    gitOps: { directory: "out" },
  },
  EventGridBroker: eventGrid,
  EventGridClients: { resourceGroupName: "rg", namespaceName: "ns", topicSpaceNames: { all: "all" }, ...x509 },
  LocalEndpoint: { instance, qos: 1, keepAliveSeconds: 60 },
  EventGridEndpoint: { host: "n.westeurope-1.ts.eventgrid.azure.net:8883", clientIdPrefix: "oslo-" },
  CustomEndpoint: { host: "broker:8883", authenticationMethod: "X509Certificate", secretRef: "cert" },
  Relay: { image: "relay:1", endpoints: {}, dataflows: {} },
  AioDataflows: { instance, endpoints: { edge: "edge", cloud: "cloud" }, dataflows: { telemetry: dataflow } },
  TopicSpaceAccess: {
    principalId: id,
    topicSpaces: { all: { id: `${customLocationId}/topicSpaces/all`, topicTemplates: ["b/#"] } },
    publishedTopics: ["b/c"],
    subscribedTopics: [],
  },
};

type Fields = Record<string, unknown>;

/** Values that stand where others should. */
const wrongValues: readonly ((random: () => number) => unknown)[] = [
  () => null,
  () => undefined,
  () => "",
  () => "undefined",
  (random) => "x".repeat(between(random, 1, 300)),
  () => -1,
  () => NaN,
  () => 2 ** 60,
  () => true,
  () => [],
  () => [null],
  () => ({}),
  () => ({ a: { b: [{}] } }),
  () => new Date(0),
  () => () => 1,
  () => Symbol("word"),
  () => pulumi.output("text"),
  () => pulumi.output(undefined),
  () => pulumi.output({ host: 5 }),
  () => pulumi.secret(5),
  () => Promise.resolve(null),
  () => JSON.parse('{"__proto__": {"polluted": true}}') as unknown,
];

export const wrongKeys = ["__proto__", "constructor", "toString", "", "a.b", "söme key", "undefined", "null", "length"];

/** A copy of a tree that differs in one place. */
function changed(tree: unknown, random: () => number): unknown {
  const isList = Array.isArray(tree);
  if (typeof tree !== "object" || tree === null || pulumi.Output.isInstance(tree))
    return pick(random, wrongValues)(random);
  const keys = Object.keys(tree);
  const copy = (isList ? [...(tree as unknown[])] : { ...tree }) as Fields;
  const key = keys.length === 0 ? "0" : pick(random, keys);
  const choice = random();
  if (keys.length > 0 && choice < 0.6) copy[key] = changed(copy[key], random);
  else if (choice < 0.8) return pick(random, wrongValues)(random);
  else if (choice < 0.9 && !isList) {
    const { [key]: value, ...rest } = copy;
    return {
      ...rest,
      [random() < 0.5 ? `${key.slice(0, -1)}${key.at(-1) === "s" ? "" : "s"}` : pick(random, wrongKeys)]: value,
    };
  } else Reflect.deleteProperty(copy, key);
  return copy;
}

/** Picks a component, and gives it arguments that are right but for one to three places; the same for the same seed. */
export function makeTree(seed: number): {
  readonly component: string;
  readonly args: unknown;
  readonly random: () => number;
} {
  const random = createRandom(seed);
  const component = pick(random, Object.keys(right));
  let args: unknown = right[component];
  for (let changes = between(random, 1, 3); changes > 0; changes--) args = changed(args, random);
  return { component, args, random };
}

/** A text that only a value that was not given leaves in a name. */
export const unset = /(^|[^a-z])(undefined|null|NaN|\[object [A-Z]\w*\])($|[^a-z])/;

/** All keys of a tree, and all of its texts. */
export function keysOf(tree: unknown): string {
  if (typeof tree !== "object" || tree === null) return typeof tree === "string" ? tree : "";
  return Object.entries(tree)
    .map(([key, value]) => `${key} ${keysOf(value)}`)
    .join(" ");
}
