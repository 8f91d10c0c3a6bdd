import * as pulumi from "@pulumi/pulumi";

import * as components from "../../../components/index.ts";
import { between, createRandom, pick } from "../../ledger/random.ts";
import { customLocationId, deploy, type Registered } from "../mocks.ts";
import { unknownNames } from "./named-arguments.ts";

/*
 * Declares components with arguments that are right but for a few places, and prints what did not end in a refusal that a
 * user can read, and what refusals name that the component does not have. Runs in a process of its own: what an output is refused for is a rejection that nobody awaits.
 *
 * Run: `node test/components/arguments/trees.program.ts [trees] [first seed]`
 */
const [trees = 300, firstSeed = 1] = process.argv.slice(2).map(Number);

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
      telemetry: { ...dataflow, spool: { mode: "Enabled" }, deadLetter: { topic: "dead" } },
      copy: { ...dataflow, destination: "old", engine: "Relay" },
    },
    identity: { clientId: id, tenantId: id, principalId: id },
    relay: {
      image: "relay:1",
      instanceCount: 1,
      secrets: { login: { username: "user", password: "hunter22-hunter22" } },
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

const wrongKeys = ["__proto__", "constructor", "toString", "", "a.b", "söme key", "undefined", "null", "length"];

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

/** A text that only a value that was not given leaves in a name. */
const unset = /(^|[^a-z])(undefined|null|NaN|\[object [A-Z]\w*\])($|[^a-z])/;

function unsetNames(resources: readonly Registered[]): string[] {
  const names = resources.flatMap(({ name, inputs }) => {
    const metadata = inputs["metadata"] as { readonly name?: unknown } | undefined;
    return [name, metadata?.name, inputs["dataflowEndpointName"], inputs["namespaceName"]];
  });
  return names.filter((one): one is string => typeof one === "string" && unset.test(one));
}

interface Outcome {
  readonly seed: number;
  readonly component: string;
  readonly found: string;
}

/** All keys of a tree, and all of its texts. */
function keysOf(tree: unknown): string {
  if (typeof tree !== "object" || tree === null) return typeof tree === "string" ? tree : "";
  return Object.entries(tree)
    .map(([key, value]) => `${key} ${keysOf(value)}`)
    .join(" ");
}

let late: unknown[] = [];
process.on("unhandledRejection", (error) => late.push(error));

const refusalText = /^(error serializing property "\w+": )*\S+ has \d+ problems?:\n {2}\S/;

function isReadable(error: unknown): boolean {
  const { message, hideStack } = error as { readonly message: string; readonly hideStack?: boolean };
  return hideStack === true && refusalText.test(message);
}

/** What the problems of a refusal name that the component does not have. Keys of a tree may be anything, paths with them too. */
function unknownNamesOf(component: string, { message }: Error): string[] {
  const problems = message.split("\n").slice(1);
  return problems.flatMap((line) => {
    const [, at = "", problem = "", remedy = ""] = /^ {2}(\S+): (.*?); (.*)$/.exec(line) ?? [];
    // A name with a dot in it can't be told from two steps of a path.
    const isOdd =
      at.includes("..") || /[^\w.[\]-]/.test(at) || wrongKeys.some((key) => key.includes(".") && at.includes(key));
    if (problem.startsWith("is not a known field") || isOdd) return [];
    return unknownNames(component, { path: at, problem, remedy }).map((name) => `${line} names "${name}"`);
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function tryTree(seed: number): Promise<Outcome[]> {
  const random = createRandom(seed);
  const component = pick(random, Object.keys(right));
  const Component = components[component as keyof typeof components] as new (name: string, args: never) => unknown;
  let args: unknown = right[component];
  for (let changes = between(random, 1, 3); changes > 0; changes--) args = changed(args, random);
  late = [];
  const found: string[] = [];
  try {
    const { resources } = await deploy(() => new Component("oslo", args as never), { preview: random() < 0.5 });
    // A user may name a topic space "null".
    if (!/undefined|null/.test(keysOf(args)))
      found.push(...unsetNames(resources).map((name) => `a resource is named "${name}"`));
  } catch (error) {
    if (isReadable(error)) found.push(...unknownNamesOf(component, error as Error));
    else found.push(describe(error));
  }
  await new Promise((resolve) => setImmediate(resolve));
  found.push(...late.filter((error) => !isReadable(error)).map(describe));
  return found.map((one) => ({ seed, component, found: one }));
}

const outcomes: Outcome[] = [];
for (let seed = firstSeed; seed < firstSeed + trees; seed++) outcomes.push(...(await tryTree(seed)));
process.stdout.write(JSON.stringify({ trees, outcomes }));
