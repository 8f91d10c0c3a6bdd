import { checkLoops } from "../../../components/checks/loops.ts";
import type { Flow } from "../../../components/checks/loops.ts";

const edge = "AIO's broker";
const cloud = "the bridge's namespace";

function flow(name: string, from: string, to: string, dataSources: string[], dataDestination: string): Flow {
  return { name, sourceBroker: from, destinationBroker: to, dataSources, dataDestination, isWithinEndpoint: false };
}

/** Paths of the problems. */
function refused(...flows: Flow[]): string[] {
  return checkLoops(flows).map(({ path }) => path);
}

describe("refuses", () => {
  test("two dataflows that bring each other's messages back, and shows the way", () => {
    const problems = checkLoops([
      flow("up", edge, cloud, ["plant/#"], "sites/oslo/${inputTopic}"),
      flow("down", cloud, edge, ["sites/oslo/plant/#"], "${inputTopic.3}/${inputTopic.4}"),
    ]);

    expect(problems).toEqual([
      {
        path: "dataflows.up.dataDestination",
        problem: 'leads back to dataflow "up" itself ("up" publishes "sites/oslo/plant/+", "down" publishes "plant/+")',
        remedy:
          "give one of them topics that the next does not subscribe to, such as a first level of its own, or narrow the next one's dataSources",
        rule: "loop",
      },
    ]);
  });

  test("a loop through three brokers, once", () => {
    const flows = [
      flow("a", edge, cloud, ["t/#"], "${inputTopic}"),
      flow("b", cloud, "archive:8883", ["t/#"], "${inputTopic}"),
      flow("c", "archive:8883", edge, ["t/#"], "${inputTopic}"),
    ];

    expect(refused(...flows)).toEqual(["dataflows.a.dataDestination"]);
  });

  test("a dataflow between two endpoints of one broker that feeds itself", () => {
    expect(refused(flow("a", edge, edge, ["t/#"], "t/copy/${inputTopic.2}"))).toEqual(["dataflows.a.dataDestination"]);
  });

  test("a loop whose topics grow in every round", () => {
    const flows = [flow("a", edge, cloud, ["#"], "up/${inputTopic}"), flow("b", cloud, edge, ["#"], "d/${inputTopic}")];

    expect(refused(...flows)).toEqual(["dataflows.a.dataDestination"]);
  });

  test("a loop behind shared subscriptions, in AIO's and in MQTT's writing", () => {
    const flows = [
      flow("a", edge, cloud, ["$shared/group/t/#"], "${inputTopic}"),
      flow("b", cloud, edge, ["$share/group/t/#"], "${inputTopic}"),
    ];

    expect(refused(...flows)).toEqual(["dataflows.a.dataDestination"]);
  });

  test("a loop that needs two rounds, one through each of two filters", () => {
    const flows = [
      flow("a", edge, cloud, ["one", "two"], "x/${inputTopic}"),
      flow("b", cloud, edge, ["x/one"], "two"),
      flow("c", cloud, edge, ["x/two"], "one"),
    ];

    expect(refused(...flows)).toEqual(["dataflows.a.dataDestination"]);
  });

  test("each of two loops that share nothing", () => {
    const flows = [
      flow("a", edge, cloud, ["one"], "one"),
      flow("b", cloud, edge, ["one"], "one"),
      flow("c", edge, cloud, ["two"], "two"),
      flow("d", cloud, edge, ["two"], "two"),
    ];

    expect(refused(...flows)).toEqual(["dataflows.a.dataDestination", "dataflows.c.dataDestination"]);
  });
});

describe("takes", () => {
  test("telemetry up and commands down", () => {
    const flows = [
      flow("telemetry", edge, cloud, ["plant/+/telemetry/#"], "sites/oslo/${inputTopic}"),
      flow("alarms", edge, cloud, ["plant/+/alarms/#"], "sites/oslo/${inputTopic}"),
      flow("commands", cloud, edge, ["sites/oslo/commands/+/+"], "plant/${inputTopic.4}/commands/${inputTopic.5}"),
      flow("settings", cloud, edge, ["sites/oslo/settings/#"], "plant/all/settings"),
    ];

    expect(refused(...flows)).toEqual([]);
  });

  test("the same topics on their way through several brokers in one direction", () => {
    const flows = [
      flow("a", "plc:1883", edge, ["#"], "${inputTopic}"),
      flow("b", edge, cloud, ["#"], "${inputTopic}"),
      flow("c", edge, "archive:8883", ["#"], "${inputTopic}"),
    ];

    expect(refused(...flows)).toEqual([]);
  });

  test("a dataflow within one endpoint, which the configuration's own rule judges", () => {
    const within = { ...flow("a", edge, edge, ["t/#"], "t/${inputTopic.2}"), isWithinEndpoint: true };

    expect(refused(within)).toEqual([]);
  });

  test("topics that come back once under another filter, and go no further", () => {
    const flows = [
      flow("a", edge, cloud, ["request", "reply"], "x/${inputTopic}"),
      flow("b", cloud, edge, ["x/request"], "reply"),
    ];

    expect(refused(...flows)).toEqual([]);
  });

  test("a way back that ends when the wildcard has become a level", () => {
    const flows = [
      flow("a", edge, cloud, ["+/state"], "x/${inputTopic.1}"),
      flow("b", cloud, edge, ["x/request"], "reply/state"),
    ];

    expect(refused(...flows)).toEqual([]);
  });

  test("topics that begin with $ in the eyes of a leading wildcard", () => {
    const flows = [flow("a", edge, cloud, ["#"], "$up/${inputTopic}"), flow("b", cloud, edge, ["#"], "${inputTopic}")];

    expect(refused(...flows)).toEqual([]);
  });
});

test("ends where other dataflows make topics grow without end, and blames those alone", () => {
  const flows = [
    flow("start", "plc:1883", edge, ["#"], "${inputTopic}"),
    flow("a", edge, cloud, ["#"], "up/${inputTopic}"),
    flow("b", cloud, edge, ["#"], "down/${inputTopic}"),
  ];

  expect(refused(...flows)).toEqual(["dataflows.a.dataDestination"]);
});

test("ends with fifty dataflows in all directions", () => {
  const brokers = ["a", "b", "c", "d", "e"];
  const flows = Array.from({ length: 50 }, (_, index) =>
    flow(`flow-${index}`, brokers[index % 5]!, brokers[(index * 3 + 1) % 5]!, ["#"], `f${index}/\${inputTopic}`),
  );

  expect(refused(...flows)).not.toEqual([]);
});

test("shows a loop from its first dataflow on, with the topics that go round", () => {
  const [problem] = checkLoops([
    flow("telemetry", edge, cloud, ["plant/+/telemetry/#"], "commands/${inputTopic.2}/${inputTopic.4}"),
    flow("commands", cloud, edge, ["commands/+/+"], "plant/${inputTopic.2}/telemetry/${inputTopic.3}"),
  ]);

  expect(problem?.problem).toBe(
    'leads back to dataflow "telemetry" itself ("telemetry" publishes "commands/+/+", "commands" publishes "plant/+/telemetry/+")',
  );
});

describe("a search that has no end of ways to follow", () => {
  /** Ways that all lead to each other, with topics that change on each. */
  const tangle = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      flow(`f${index}`, index % 2 ? edge : cloud, index % 2 ? cloud : edge, [`x/${index}/#`], "x/${inputTopic.3}/a"),
    );

  test.each([100, 400])("ends within its steps: %d dataflows", (count) => {
    const budget = { steps: 20_000 };

    checkLoops(tangle(count), budget);

    // The step that it ends at may be a whole look at all dataflows.
    expect(budget.steps).toBeGreaterThan(-2 * count);
  });

  test("does not need a stack for a long way", () => {
    const ring = Array.from({ length: 1000 }, (_, index) =>
      flow(`f${index}`, edge, edge, [`t${index}/#`], `t${(index + 1) % 1000}/x`),
    );

    expect(refused(...ring)).toEqual(["dataflows.f0.dataDestination"]);
    expect(checkLoops(ring)[0]?.problem).toMatch(/, "f49" publishes "t50\/x", and 950 more\)$/);
  });
});
