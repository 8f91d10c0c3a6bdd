import * as pulumi from "@pulumi/pulumi";

import { argumentSchema } from "../../../components/arguments/schema.ts";
import { ShapeCheck } from "../../../components/arguments/shape.ts";

const dataflow = { source: "edge", dataSources: ["a/#"], destination: "cloud", dataDestination: "b" };
const args = { site: "oslo", dataflows: { telemetry: dataflow }, relay: { image: "relay:1" } };
const custom = { host: "broker:1883", authenticationMethod: "Anonymous" };

function shapeOf(given: unknown, component = "MqttBridge") {
  return new ShapeCheck(argumentSchema(), (value) => value).component(`mqtt-dataflow:index:${component}`, given);
}

function problemsOf(given: unknown, component?: string): string[] {
  return shapeOf(given, component).problems.map(({ path, problem, remedy }) => `${path}: ${problem}; ${remedy}`);
}

const instead = (changed: object) => ({ ...args, dataflows: { telemetry: { ...dataflow, ...changed } } });

test("gives back arguments that are right, without what is undefined", () => {
  const { value, problems } = shapeOf({ ...args, identity: undefined });

  expect(problems).toEqual([]);
  expect(value).toEqual(args);
  expect(Object.keys(value as object)).toEqual(["site", "dataflows", "relay"]);
});

test.each<[what: string, given: unknown, problem: string]>([
  ["a field that is missing", { dataflows: {} }, "site: is missing; add it"],
  ["null where a value has to be", { ...args, site: null }, "site: is null; add it"],
  ["undefined where a value has to be", { ...args, relay: { image: undefined } }, "relay.image: is missing; add it"],
  [
    "null in a map, which YAML has where a block is empty",
    { ...args, dataflows: { ...args.dataflows, alarms: null } },
    "dataflows.alarms: is null; give a value, or leave it out where it may be omitted",
  ],
  ["null under a key that is none", { ...args, gitOp: null }, 'gitOp: is not a known field; did you mean "gitOps"?'],
  [
    "undefined in a map",
    { ...args, dataflows: { telemetry: undefined } },
    "dataflows.telemetry: is undefined; give a value, or leave it out where it may be omitted",
  ],
  [
    "a hole in a list",
    instead({ dataSources: [undefined] }),
    "dataflows.telemetry.dataSources[0]: is undefined; give a value, or leave it out where it may be omitted",
  ],
  ["a text for a list", instead({ dataSources: "a/#" }), "dataflows.telemetry.dataSources: is a text; give a list"],
  ["a list for an object", { ...args, relay: [] }, "relay: is a list; give an object with the fields that it has"],
  [
    "a text for a map",
    { ...args, dataflows: "telemetry" },
    "dataflows: is a text; give an object with names of your own",
  ],
  ["a number for a text", instead({ source: 5 }), "dataflows.telemetry.source: is a number; give a text"],
  ["a text for a number", instead({ maxHops: "5" }), "dataflows.telemetry.maxHops: is a text; give a whole number"],
  ["no number at all", instead({ maxHops: NaN }), "dataflows.telemetry.maxHops: is NaN; give a whole number"],
  [
    "a text for a truth value",
    { ...args, eventGrid: { resourceGroupName: "rg", topicSpaces: {}, protect: "yes" } },
    "eventGrid.protect: is a text; give true or false",
  ],
  [
    "a word that is nearly one",
    instead({ engine: "relay" }),
    'dataflows.telemetry.engine: is "relay"; did you mean "Relay"?',
  ],
  [
    "a word that is none",
    instead({ engine: "Aio" }),
    'dataflows.telemetry.engine: is "Aio"; use one of Relay, AzureIoTOperations',
  ],
  [
    "a key that is nearly one",
    instead({ dataSource: ["a"] }),
    'dataflows.telemetry.dataSource: is not a known field; did you mean "dataSources"?',
  ],
  [
    "a key of a prototype",
    { ...args, constructor: {} },
    "constructor: is not a known field; use one of " +
      '"site", "eventGrid", "localEndpoints", "eventGridEndpoints", "existingNamespaces", "customEndpoints", "dataflows", "identity", "furtherIdentities", "instance", "dataflowProfile", "relay", "gitOps"',
  ],
])("refuses %s", (_, given, problem) => {
  expect(problemsOf(given)).toEqual([problem]);
});

test("takes null for a field that is left out", () => {
  const { value, problems } = shapeOf({ ...args, gitOps: null, relay: { ...args.relay, pod: null } });

  expect(problems).toEqual([]);
  expect(value).toEqual(args);
});

test("names the words of a field that has to be given", () => {
  const { host } = custom;

  expect(problemsOf({ host }, "CustomEndpoint")).toEqual([
    "authenticationMethod: is missing; use one of SystemAssignedManagedIdentity, UserAssignedManagedIdentity, " +
      "ServiceAccountToken, X509Certificate, AccessToken, Anonymous, UsernamePassword",
  ]);
});

test("lists all problems at once", () => {
  expect(problemsOf({ site: 5, dataflows: { telemetry: { source: "edge" } }, relais: {} })).toHaveLength(5);
});

test("shows no content of a field, which may be a secret", () => {
  const relay = { image: "relay:1", secrets: { login: { password: ["hunter22-hunter22"] } } };

  expect(problemsOf({ ...args, relay })).toEqual(["relay.secrets.login.password: is a list; give a text"]);
});

describe("outputs", () => {
  const output = pulumi.output("value");

  test.each<[what: string, given: unknown, path: string]>([
    ["an argument", { ...args, dataflows: output }, "dataflows"],
    ["a value of a map", { ...args, dataflows: { telemetry: output } }, "dataflows.telemetry"],
    ["a field of an object", instead({ source: output }), "dataflows.telemetry.source"],
    ["an item of a list", instead({ dataSources: ["a", output] }), "dataflows.telemetry.dataSources[1]"],
    ["a promise", instead({ source: Promise.resolve("edge") }), "dataflows.telemetry.source"],
  ])("are refused as %s that decides which resources there are", (_, given, path) => {
    expect(shapeOf(given).problems).toEqual([
      {
        path,
        problem: "is an output, and has to be known when the program runs, because it decides which resources exist",
        remedy: "give a plain value; fields within it may be outputs where they are not plain",
      },
    ]);
  });

  test("are taken elsewhere, with the property that they are for", () => {
    const late: unknown[] = [];
    const check = new ShapeCheck(argumentSchema(), (value, { type }, path) => {
      late.push([path, type]);
      return `late ${String(pulumi.Output.isInstance(value))}`;
    });

    const { value, problems } = check.component("mqtt-dataflow:index:CustomEndpoint", { ...custom, host: output });

    expect(problems).toEqual([]);
    expect(value).toEqual({ ...custom, host: "late true" });
    expect(late).toEqual([["host", "string"]]);
  });
});
