import * as pulumi from "@pulumi/pulumi";

import * as components from "../../components/index.ts";
import { deploy } from "./mocks.ts";

const levels = 50_000;

/** A list in a list in a list. */
function deep(): unknown {
  let nest: unknown = "bottom";
  for (let level = 0; level < levels; level++) nest = level % 2 === 0 ? [nest] : { within: nest };
  return nest;
}

function withinItself(): unknown {
  const nest: { [name: string]: unknown } = { text: "x" };
  nest["again"] = [nest];
  nest["twice"] = nest;
  return nest;
}

type AnyComponent = new (name: string, args: never) => pulumi.ComponentResource;

const names = Object.entries(components).flatMap(([name, value]) =>
  typeof value === "function" && value.prototype instanceof pulumi.ComponentResource ? [name] : [],
);

/** A field of each component in which a program may nest what it likes, and the path that it has in a message. */
const fields: Readonly<Record<string, readonly [build: (nest: unknown) => object, path: string]>> = {
  AioDataflows: [
    (nest) => ({ endpoints: {}, dataflows: { up: { transformation: { map: nest } } } }),
    "dataflows.up.transformation.map",
  ],
  CustomEndpoint: [(nest) => ({ host: "b:8883", cloudEventAttributes: nest }), "cloudEventAttributes"],
  EventGridBroker: [(nest) => ({ topicSpaces: { a: { topicTemplates: [nest] } } }), "topicSpaces.a.topicTemplates[0]"],
  EventGridClients: [(nest) => ({ topicSpaceNames: { a: "a" }, clients: { a: nest } }), "clients.a"],
  EventGridEndpoint: [(nest) => ({ host: "b:8883", proxy: { url: nest } }), "proxy.url"],
  LocalEndpoint: [(nest) => ({ audience: nest }), "audience"],
  MqttBridge: [(nest) => ({ site: nest, dataflows: {} }), "site"],
  Relay: [(nest) => ({ endpoints: {}, dataflows: { up: { dataSources: nest } } }), "dataflows.up.dataSources"],
  TopicSpaceAccess: [(nest) => ({ topicSpaces: { a: { topicTemplates: nest } } }), "topicSpaces.a.topicTemplates"],
};

test("every component is looked at here", () => {
  expect(Object.keys(fields)).toEqual(names.sort());
});

describe.each(Object.entries(fields))("%s", (name, [build, path]) => {
  test.each([
    ["objects and lists that stand thousands deep within each other", deep()],
    ["an object that stands within itself", withinItself()],
  ])("refuses %s by the way there, and does not run out of stack", async (_case, nest) => {
    const Component = (components as unknown as Readonly<Record<string, AnyComponent>>)[name]!;

    const deploying = deploy(() => new Component("oslo", build(nest) as never));

    await expect(deploying).rejects.toBeInstanceOf(pulumi.ResourceError);
    const escaped = path.replace(/[.[\]]/g, String.raw`\$&`);
    await expect(deploying).rejects.toThrow(
      new RegExp(
        String.raw`^oslo has 1 problem:\n  ${escaped}[\w.[\]]*: has more than 64 objects and lists within each other; correct it; no field is that deep$`,
      ),
    );
  });
});
