import * as pulumi from "@pulumi/pulumi";

import {
  AioDataflows,
  EventGridBroker,
  LocalEndpoint,
  MqttBridge,
  Relay,
  TopicSpaceAccess,
} from "../../components/index.ts";
import { Owners } from "../../components/owners.ts";
import type { Claim } from "../../components/owners.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { aioBridge, instance, telemetry } from "./aio/declaration.ts";
import { deploy } from "./mocks.ts";

/** A component that keeps what it refuses late. */
function owner(title: string) {
  const late: Problem[] = [];
  const refuse = (problems: Problem[]): never => {
    late.push(...problems);
    return undefined as never;
  };
  return { title, identity: {}, late, refuse };
}

function claim(...parts: Claim["parts"]): Claim {
  return { path: "name", subject: 'the Secret "a"', parts, remedy: "rename one" };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

const refused = {
  path: "name",
  problem: 'creates the Secret "a", which Relay "one" creates too (name)',
  remedy: "rename one",
  rule: "one-owner",
};

describe("claims of two components", () => {
  test("are refused when all parts are the same, whatever their case", () => {
    const owners = new Owners();

    expect(owners.claim(owner('Relay "one"'), [claim("namespace", "a")])).toEqual([]);
    expect(owners.claim(owner('Relay "two"'), [claim("Namespace", "A")])).toEqual([refused]);
    expect(owners.claim(owner('Relay "three"'), [claim("namespace", "b")])).toEqual([]);
  });

  test("are refused at once when they have the same output", () => {
    const owners = new Owners();
    const namespace = pulumi.output(pulumi.unknown as unknown as string);

    expect(owners.claim(owner('Relay "one"'), [claim(namespace, "a")])).toEqual([]);
    expect(owners.claim(owner('Relay "two"'), [claim(namespace, "a")])).toEqual([refused]);
  });

  test.each<[string, pulumi.Input<string>, pulumi.Input<string>]>([
    ["an output and a text", pulumi.output("namespace"), "namespace"],
    ["a text and an output", "namespace", pulumi.output(Promise.resolve("namespace"))],
    ["two outputs", pulumi.output("namespace"), pulumi.output(Promise.resolve("namespace"))],
  ])("are refused once they are known to be the same: %s", async (_, first, second) => {
    const owners = new Owners();
    const [one, two] = [owner('Relay "one"'), owner('Relay "two"')];

    owners.claim(one, [claim(first, "a")]);
    await settled();
    const atOnce = owners.claim(two, [claim(second, "a")]);
    await settled();

    expect([...atOnce, ...one.late, ...two.late]).toEqual([refused]);
  });

  test("are not refused while they are unknown, or when they differ", async () => {
    const owners = new Owners();
    const [one, two] = [owner('Relay "one"'), owner('Relay "two"')];

    owners.claim(one, [claim(pulumi.output("a"), "a"), claim(pulumi.output(pulumi.unknown as unknown as string), "a")]);
    owners.claim(two, [claim(pulumi.output("b"), "a"), claim(pulumi.output(pulumi.unknown as unknown as string), "a")]);
    await settled();

    expect([...one.late, ...two.late]).toEqual([]);
  });

  test("are those of one component when a plugin constructs it once more", () => {
    const owners = new Owners();
    const identity = 'Relay "one"';

    owners.claim({ ...owner(identity), identity }, [claim("namespace", "a")]);

    expect(owners.claim({ ...owner(identity), identity }, [claim("namespace", "a")])).toEqual([]);
  });

  test("are one component's own matter when it says the same twice", () => {
    expect(new Owners().claim(owner('Relay "one"'), [claim("namespace", "a"), claim("namespace", "a")])).toEqual([]);
  });
});

const scope = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/ns";
const access = { principalId: "p", topicSpaces: {}, publishedTopics: ["a"], subscribedTopics: [] };
const pod = { image: "relay:1", secrets: { plc: { username: "u", password: "p" } } };
const dataflow = { source: "edge", dataSources: ["a/#"], destination: "edge", dataDestination: "b" };
const aio = { instance, endpoints: { default: "default", cloud: "cloud" }, dataflows: {} };

describe("components of one program that are in no bridge", () => {
  test.each<[string, (name: string) => unknown, string]>([
    [
      "endpoints",
      (name) => new LocalEndpoint(name, { instance, endpointName: "edge" }),
      'endpointName: creates the DataflowEndpoint "edge" of the same AIO instance, which LocalEndpoint "one" creates too (endpointName)',
    ],
    [
      "AIO's dataflows",
      (name) =>
        new AioDataflows(name, { ...aio, dataflows: { telemetry: { ...telemetry, dataSources: ["plant/#"] } } }),
      'dataflows.telemetry: creates the Dataflow "telemetry" of the same AIO instance, which AioDataflows "one" creates too (dataflows.telemetry)',
    ],
    [
      "relays",
      (name) => {
        const { config, port } = new LocalEndpoint(`${name}-edge`, {});
        return new Relay(name, { ...pod, endpoints: { edge: { config, port } }, dataflows: { telemetry: dataflow } });
      },
      'secrets.plc: creates the Secret "plc" in the same namespace, which Relay "one" creates too (secrets.plc)',
    ],
    [
      "role assignments",
      (name) => new TopicSpaceAccess(name, { ...access, namespaceId: scope }),
      'namespaceId: creates the assignment of EventGrid TopicSpaces Publisher to the same principal at the same namespace, which TopicSpaceAccess "one" creates too (namespaceId)',
    ],
    [
      "namespaces",
      (name) => new EventGridBroker(name, { resourceGroupName: "rg", namespaceName: "contoso", topicSpaces: {} }),
      'namespaceName: creates the Event Grid namespace of the same name and resource group, which EventGridBroker "one" creates too (namespaceName)',
    ],
  ])("are compared: %s", async (_, create, line) => {
    await expect(deploy(() => create("one"))).resolves.toBeDefined();
    await expect(deploy(() => ["one", "two"].map(create))).rejects.toThrow(`two has 1 problem:\n  ${line}; `);
  });

  test("are compared with bridges, and the components of a bridge are its own", async () => {
    const create = () => {
      new MqttBridge("oslo", aioBridge);
      return new LocalEndpoint("cloud", { instance });
    };

    await expect(deploy(create)).rejects.toThrow(
      'endpointName: creates the DataflowEndpoint "cloud" of the same AIO instance, which MqttBridge "oslo" creates too (eventGridEndpoints.cloud)',
    );
  });
});
