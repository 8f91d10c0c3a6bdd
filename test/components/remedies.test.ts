import { checkPlan } from "../../components/bridge/check-plan.ts";
import { planBridge } from "../../components/bridge/plan.ts";
import { checkKnownEndpoint } from "../../components/endpoint/check-endpoint.ts";
import { checkEventGridBroker, eventGridBrokerWarnings } from "../../components/event-grid/check-broker.ts";
import { checkX509Clients } from "../../components/event-grid/x509.ts";
import type { MqttBridgeArgs, RelaySettingsArgs } from "../../components/index.ts";
import { checkRelaySettings } from "../../components/relay/check-settings.ts";
import { baseDeclaration, withChange } from "../../doc/checks/declaration.ts";
import type { CheckExample } from "../../doc/checks/declaration.ts";
import { checkExamples } from "../../doc/checks/examples.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { unknownNames } from "./arguments/named-arguments.ts";

/** All that a preview says of a bridge. */
function findingsOf(args: MqttBridgeArgs): Problem[] {
  const { problems, warnings } = checkPlan(planBridge("oslo", args));
  return [...problems, ...warnings];
}

const examples = checkExamples.map((example, index) => [`${index + 1} ${example.rule}`, example] as const);

describe("what a preview says of each example names arguments that a bridge has", () => {
  test.each(examples)("%s", (_, { fails }) => {
    const args = withChange(baseDeclaration, fails);

    const unknown = findingsOf(args).flatMap((finding) => unknownNames("MqttBridge", finding));

    // What an untyped program has written in a place that has no such argument is still what it has written.
    expect(unknown.filter((name) => valueAt(args, name) === undefined)).toEqual([]);
  });
});

describe("what the other components refuse names their own arguments", () => {
  const binding = { clientGroup: "none", topicSpace: "none", permission: "Publisher" as const };
  const x509 = { permissionBindings: { "up-1": binding } };
  const topicId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/topics/telemetry";
  const broker = { resourceGroupName: "rg", topicSpaces: { all: { topicTemplates: ["a/#"] } } };
  const relay: RelaySettingsArgs = {
    image: "relay:1",
    memoryMebibytes: 1,
    metricsPort: 1,
    statusPage: { port: 1 },
    secrets: { Upper: { type: "kubernetes.io/tls", password: "<password>" }, cert: { clientCertificate: "ca.pem" } },
    egress: { endpointIpRanges: { none: [] }, proxyPort: 0 },
  };

  test.each<[string, readonly Problem[], number]>([
    ["EventGridClients", checkX509Clients(x509, [], "topicSpaceNames"), 2],
    [
      "EventGridBroker",
      checkEventGridBroker({ ...broker, x509, capacity: 0, routing: { topicResourceId: topicId } }),
      4,
    ],
    [
      "EventGridBroker",
      eventGridBrokerWarnings({ ...broker, publicNetworkAccess: "Disabled", inboundIpRules: ["203.0.113.0/24"] }),
      2,
    ],
    [
      "Relay",
      checkRelaySettings("oslo", relay, { identity: { clientId: "c", oidcIssuerUrl: "https://oidc" } }, ["edge"]),
      11,
    ],
    [
      "EventGridEndpoint",
      checkKnownEndpoint("", "EventGrid", {
        host: "aio-broker:18883",
        authenticationMethod: "X509Certificate",
        secretRef: "cert",
        tlsMode: "Disabled",
        trustedCaCertificateConfigMapRef: "ca",
      }),
      6,
    ],
    [
      "LocalEndpoint",
      checkKnownEndpoint("", "LocalBroker", {
        host: "a.ts.eventgrid.azure.net:8883",
        authenticationMethod: "AccessToken",
        audience: "mine",
      }),
      2,
    ],
  ])("%s", (component, problems, atLeast) => {
    expect(problems.length).toBeGreaterThanOrEqual(atLeast);
    expect(problems.flatMap((problem) => unknownNames(component, problem))).toEqual([]);
  });
});

test.each([
  ["a path of the rendered configuration", "relay.instanceCount", "set endpoints.cloud.relay.allowSharedSubscriptions"],
  ["a field of the rendered configuration", "localEndpoints.edge.host", "set tls.mode"],
  ["a path that another component has", "eventGrid.routing", "set identity.systemAssigned"],
  ["a name that nothing has", "dataflows.up.source", "add authenticationMode"],
  ["a field that no endpoint has", "relay.instanceCount", 'set sharedSubscriptions of the endpoint "cloud"'],
])("%s in a remedy would be found", (_, path, remedy) => {
  expect(unknownNames("MqttBridge", { path, problem: "is wrong", remedy })).toHaveLength(1);
});

test("a path that no argument has would be found", () => {
  const problem = { path: "endpoints.cloud.host", problem: "is wrong", remedy: "remove it" };

  expect(unknownNames("MqttBridge", problem)).toEqual(["endpoints.cloud.host"]);
  expect(unknownNames("MqttBridge", { ...problem, path: "relay.pod.labels.example.com/team" })).toEqual([]);
});

/** A value as a remedy has it: a number, true, or a text. */
function valueOf(text: string | undefined): unknown {
  if (text === undefined) return true;
  const plain = text.replace(/^"|"$/g, "");
  return /^\d+$/.test(plain) ? Number(plain) : plain;
}

type Change = (args: MqttBridgeArgs) => MqttBridgeArgs;

function valueAt(args: MqttBridgeArgs, at: string): unknown {
  return at
    .split(/\.|(?=\[)/)
    .reduce<unknown>((tree, step) => (tree as Record<string, unknown> | undefined)?.[step.replace(/[[\]]/g, "")], args);
}

/** Another field of the object that a path leads into. */
function beside(at: string, field: string): string {
  return at.replace(/[^.]+$/, field);
}

/** Sets a value, or takes it away where it is `undefined`; `at` is a path of names and `[numbers]`. */
function changeAt(at: string, value: unknown): Change {
  const steps = at.split(/\.|(?=\[)/).map((step) => step.replace(/^\[(\d+)\]$/, "$1"));
  const change = (tree: unknown, [step = "", ...rest]: readonly string[]): unknown => {
    const inner = rest.length === 0 ? value : change((tree as Record<string, unknown> | undefined)?.[step], rest);
    if (Array.isArray(tree)) {
      const list = tree as readonly unknown[];
      return list.flatMap((one, index) => (String(index) !== step ? [one] : inner === undefined ? [] : [inner]));
    }
    const { [step]: _, ...others } = (tree ?? {}) as Record<string, unknown>;
    return inner === undefined ? others : { ...others, [step]: inner };
  };
  return (args) => change(args, steps) as MqttBridgeArgs;
}

/** How a remedy, or one of its alternatives, is applied without a person to read it. */
const applications: readonly (readonly [RegExp, (match: RegExpExecArray, path: string) => Change])[] = [
  [
    /(?:^|or, where .+, )set ([a-z]\w*(?:\.[\w-]+)+)(?: to ("[^"]*"|\d+))?/,
    ([, at = "", text]) => changeAt(at, valueOf(text)),
  ],
  [/^set it to ("[^"]*"|\d+)/, ([, text], path) => changeAt(path, valueOf(text))],
  [/^did you mean ("[^"]+")\?$/, ([, text], path) => changeAt(path, valueOf(text))],
  [/^use one of ("[^"]+")/, ([, text], path) => changeAt(path, valueOf(text))],
  [/^use ("[^"]+")/, ([, text], path) => changeAt(path, valueOf(text))],
  [/^give (?:a whole number from )?(\d+) to \d+(?! characters)\b/, ([, text], path) => changeAt(path, valueOf(text))],
  [/^give .*?, (?:such as )?("[^"<]+")/, ([, text], path) => changeAt(path, valueOf(text))],
  [
    /^add "([^"]+)", or .+, to ([\w.]+)$/,
    ([, filter = "", at = ""]) => changeAt(`${at}.added`, { topicTemplates: [filter] }),
  ],
  [/^remove it\b/, (_match, path) => changeAt(path, undefined)],
  [
    /^remove it, or set (\w+) to ("[^"]*")/,
    ([, field = "", text], path) => changeAt(beside(path, field), valueOf(text)),
  ],
  [/\bset (?!it\b)(\w+) to (\d+)\b/, ([, field = "", text], path) => changeAt(beside(path, field), valueOf(text))],
  [/^say what is meant, ("[^"]*")/, ([, text], path) => changeAt(path, valueOf(text))],
  [/\bor give (\d+) s or less$/, ([, text], path) => changeAt(path, valueOf(text))],
];

interface Applied {
  readonly finding: Problem;
  readonly remains: boolean;
}

function applyRemedies({ fails }: CheckExample): Applied[] {
  const args = withChange(baseDeclaration, fails);
  return findingsOf(args).flatMap((finding) =>
    applications.flatMap(([pattern, application]) => {
      const match = pattern.exec(finding.remedy);
      // A number that is said of a list is that of its entries.
      if (match === null || (finding.remedy.startsWith("give") && typeof valueAt(args, finding.path) === "object"))
        return [];
      const after = findingsOf(application(match, finding.path)(args));
      const remains = after.some(({ path, problem }) => path === finding.path && problem === finding.problem);
      return [{ finding, remains }];
    }),
  );
}

test("a remedy that can be applied without reading it takes its problem away", () => {
  const applied = examples.flatMap(([, example]) => applyRemedies(example));

  expect(applied.filter(({ remains }) => remains).map(({ finding }) => finding)).toEqual([]);
  expect(applied.length).toBeGreaterThanOrEqual(35);
});
