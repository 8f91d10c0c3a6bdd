import * as pulumi from "@pulumi/pulumi";

import { checkPlan } from "../../../components/bridge/check-plan.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import type { DataflowArgs, MqttBridgeArgs } from "../../../components/index.ts";
import { baseDeclaration, certificate, withChange } from "../../../doc/checks/declaration.ts";
import { growthOf, mostLinearGrowth } from "../../support/growth.ts";

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const named = <T>(count: number, make: (index: number) => T) =>
  Object.fromEntries(times(count, (index) => [`name-${index}`, make(index)] as const));

function flow(source: string, dataSources: string[], destination: string, dataDestination: string): DataflowArgs {
  return { source, dataSources, destination, dataDestination };
}

function declare(change: object): MqttBridgeArgs {
  return withChange(baseDeclaration, change);
}

function problemsOf(change: object): string[] {
  return checkPlan(planBridge("site", declare(change))).problems.map(({ path, problem }) => `${path} ${problem}`);
}

const anonymous = (host: pulumi.Input<string>) => ({ host, authenticationMethod: "Anonymous" as const });
const customEndpoints = { one: anonymous("one.plant:8883"), two: anonymous("two.plant:8883") };

describe("a declaration has a largest number of parts, which comes before all else that is wrong", () => {
  test.each([
    [
      "endpoints",
      { customEndpoints: named(1001, (index) => anonymous(`h${index}:8883`)), site: "" },
      /^localEndpoints, eventGridEndpoints, customEndpoints lists \d+ endpoints, more than 1000$/,
    ],
    [
      "dataflows",
      { dataflows: named(1001, () => flow("edge", ["#/x"], "edge", "x")) },
      /^dataflows lists \d+ dataflows, more than 1000$/,
    ],
    [
      "topic filters",
      { dataflows: named(3, () => flow("edge", times(700, String), "nowhere", "x")) },
      /^dataflows list \d+ topic filters in all, more than 2000$/,
    ],
  ])("%s", (_case, change, problem) => {
    expect(problemsOf(change)).toEqual([expect.stringMatching(problem)]);
  });
});

test.each([
  ["left out", undefined, "is missing"],
  ["unknown", "Password", 'is "Password"'],
])("an authentication method that is %s is a problem of its endpoint, and no crash", (_case, method, problem) => {
  const other = { host: "other.plant:8883", authenticationMethod: method };

  expect(problemsOf({ customEndpoints: { other } })).toContain(`customEndpoints.other.authenticationMethod ${problem}`);
});

test("what a ConfigMap can't hold is refused at the preview, not when it is created", () => {
  const dataflows = named(900, (index) => flow("one", [`t${index}/${"x".repeat(400)}`], "two", "${inputTopic}"));

  expect(problemsOf({ customEndpoints, dataflows })).toEqual([
    "document is larger than 1048576 bytes, which is all that a ConfigMap can hold",
  ]);
});

test("the sessions of one certificate's name count together, whichever endpoints and cases it is in", () => {
  const cloud = (username: string) => ({
    authenticationMethod: "X509Certificate",
    secretRef: "cert",
    username,
    retain: "Never",
  });
  const permissionBindings = {
    "all-telemetry": { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" },
    "all-commands": { clientGroup: "$all", topicSpace: "commands", permission: "Subscriber" },
  };
  const clients = { relay: {}, other: {} };
  const x509 = { caCertificates: { plant: { certificate } }, clients, permissionBindings };
  const extra = flow("edge", ["plant/+/state"], "far", "sites/oslo/plant/state");
  const at = (username: string) => ({
    eventGrid: { x509 },
    eventGridEndpoints: { cloud: cloud("relay"), far: cloud(username) },
    dataflows: { one: extra, two: { ...extra, dataSources: ["plant/+/health"] } },
  });

  expect(problemsOf(at("Relay"))).toEqual([
    expect.stringMatching(/is 3 sessions, and the dataflows open 4 with X509Certificate of client "relay"$/),
  ]);
  expect(problemsOf(at("other"))).toEqual([]);
});

describe("dead letters that come back", () => {
  const withDeadLetters = {
    ...flow("one", ["in/#"], "two", "up/${inputTopic}"),
    undeliverableMessages: "DeadLetter" as const,
    deadLetter: { endpoint: "one", topic: "dead/flow" },
  };
  const retry = (endpoint: string) => flow(endpoint, ["dead/#"], "one", "in/again");

  test("are refused at the preview, with the field that the declaration has", () => {
    expect(problemsOf({ customEndpoints, dataflows: { failing: withDeadLetters, retry: retry("one") } })).toEqual([
      expect.stringMatching(
        /^dataflows\.failing\.deadLetter\.topic "dead\/flow" leads back to this dataflow through "retry"/,
      ),
    ]);
  });

  test("are no matter of two brokers of which only the deployment knows the hosts", () => {
    const unknown = { one: anonymous(pulumi.output("x:8883")), two: anonymous(pulumi.output("y:8883")) };
    const dataflows = { failing: withDeadLetters, retry: retry("two") };

    expect(problemsOf({ customEndpoints: unknown, dataflows })).toEqual([]);
  });
});

test.each<[string, number, (size: number) => object]>([
  [
    "dataflows in a chain",
    100,
    (n) => ({ customEndpoints, dataflows: named(n, (i) => flow("one", [`t${i}/#`], "one", `t${i + 1}/x`)) }),
  ],
  [
    "dataflows in a ring",
    100,
    (n) => ({ customEndpoints, dataflows: named(n, (i) => flow("one", [`t${i}/#`], "one", `t${(i + 1) % n}/x`)) }),
  ],
  [
    "dataflows with endpoints of their own",
    100,
    (n) => ({
      customEndpoints: named(n, (i) => anonymous(`h${i}:8883`)),
      dataflows: named(n, (i) => flow(`name-${i}`, [`t${i}/#`], `name-${(i + 1) % n}`, "x")),
    }),
  ],
  [
    "dataflows with a problem each",
    100,
    (n) => ({ customEndpoints, dataflows: named(n, () => flow("one", ["#/x"], "two", "${x}")) }),
  ],
  [
    "topic filters",
    400,
    (n) => ({
      customEndpoints,
      dataflows: {
        one: flow(
          "one",
          times(n, (i) => `t${i}/#`),
          "two",
          "${inputTopic}",
        ),
      },
    }),
  ],
])("what a preview costs grows as the declaration does: %s", (_part, size, make) => {
  expect(
    growthOf(
      (n) => declare(make(n)),
      (args) => checkPlan(planBridge("site", args)),
      size,
    ),
  ).toBeLessThan(mostLinearGrowth);
});
