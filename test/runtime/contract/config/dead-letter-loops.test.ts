import { buildDocument, problemsOf } from "./build-document.ts";

/** A dataflow in a document; its dead letters go to `deadLetter`, an endpoint and a topic. */
function flow(
  [from, ...dataSources]: readonly string[],
  [to, dataDestination]: readonly [string, string],
  deadLetter?: readonly [string, string],
  more: object = {},
) {
  const [endpointRef, topic] = deadLetter ?? [];
  const relay = { undeliverableMessages: "DeadLetter", deadLetter: { endpointRef, topic } };
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: from, dataSources } },
      { operationType: "Destination", destinationSettings: { endpointRef: to, dataDestination } },
    ],
    ...(deadLetter === undefined ? {} : { relay }),
    ...more,
  };
}

const remedy =
  "give a topic that none of these dataflows subscribes to, or leave deadLetter out to write them to the disk";
const goesRound = (name: string, topic: string, through: string) =>
  `dataflows.${name}.relay.deadLetter.topic: "${topic}" leads back to this dataflow through ${through}, so a dead letter would go round without end; ${remedy}`;

/** The same broker under another name of an endpoint, in other letters. */
const secondPlant = {
  "endpoints.plant-again": {
    endpointType: "Mqtt",
    mqttSettings: { host: "BROKER.example.:8883", authentication: { method: "Anonymous" } },
  },
};

const upward = flow(["plant", "in/#"], ["edge", "up/${inputTopic}"], ["plant", "dead/upward"]);
const retry = flow(["plant", "dead/#"], ["plant", "in/${inputTopic.2}"]);

describe("dead letters that come back are refused", () => {
  test.each([
    ["through another dataflow", { upward, retry }, [goesRound("upward", "dead/upward", '"retry"')]],
    [
      "at the same broker, whatever endpoint leads there",
      { upward, retry: flow(["plant-again", "dead/#"], ["plant", "in/x"]) },
      [goesRound("upward", "dead/upward", '"retry"')],
    ],
    [
      "over other brokers, by a shared subscription",
      {
        upward,
        away: flow(["plant", "$share/group/dead/+"], ["edge", "stored/${inputTopic}"]),
        back: flow(["edge", "stored/dead/upward"], ["plant-again", "in/again"]),
      },
      [goesRound("upward", "dead/upward", '"away", "back"')],
    ],
    [
      "by the dead letters of another dataflow",
      {
        upward,
        archive: flow(["plant", "dead/#"], ["edge", "archive/${inputTopic}"], ["plant", "in/archive"]),
      },
      [goesRound("upward", "dead/upward", '"archive"'), goesRound("archive", "in/archive", '"upward"')],
    ],
    [
      "by itself at the same broker, under another endpoint's name",
      { upward: flow(["plant", "in/#"], ["plant-again", "up/x"], ["plant-again", "in/dead"]) },
      [
        'dataflows.upward.relay.deadLetter.topic: "in/dead" is under the dataflow\'s own filter "in/#", so it would take its dead letters again; give a topic that the dataflow does not subscribe to, give its other end, or leave both out to write dead letters to the disk',
      ],
    ],
  ])("%s", (_case, dataflows, problems) => {
    expect(problemsOf(buildDocument({ ...secondPlant, dataflows }))).toEqual(problems);
  });
});

describe("dead letters are left alone", () => {
  test.each([
    [
      "where another dataflow carries them elsewhere",
      { upward, archive: flow(["plant", "dead/#"], ["edge", "archive"]) },
    ],
    [
      "where their carrier has dead letters of its own that nobody takes",
      { upward, archive: flow(["plant", "dead/upward"], ["edge", "archive"], ["plant", "dead/archive"]) },
    ],
    ["where the way back takes other topics", { upward, other: flow(["plant", "dead/other"], ["plant", "in/x"]) }],
    ["where the way back is another broker's", { upward, other: flow(["edge", "dead/#"], ["plant", "in/x"]) }],
    ["where the way back is disabled", { upward, retry: { ...retry, mode: "Disabled" } }],
    [
      "where a topic has too few levels for the way back",
      { upward, deep: flow(["plant", "dead/#"], ["plant", "in/${inputTopic.3}"]) },
    ],
    ["where they are written to the disk", { upward: flow(["plant", "in/#"], ["edge", "up"]), retry }],
    [
      "where the dataflows send ordinary messages round, but no dead letter",
      {
        upward: flow(["plant", "in/#"], ["edge", "up/x"], ["plant", "dead/upward"]),
        downward: flow(["edge", "up/#"], ["plant", "in/y"]),
      },
    ],
  ])("%s", (_case, dataflows) => {
    expect(problemsOf(buildDocument({ ...secondPlant, dataflows }))).toEqual([]);
  });
});

test("a way of any length is followed, and not all of it is repeated", () => {
  const chain = Array.from({ length: 200 }, (_, index) => [
    `chain-${index}`,
    flow(["plant", `dead/${index}`], ["plant", index === 199 ? "in/again" : `dead/${index + 1}`]),
  ]);
  const start = flow(["plant", "in/#"], ["edge", "up"], ["plant", "dead/0"]);

  const problems = problemsOf(buildDocument({ dataflows: { start, ...Object.fromEntries(chain) } }));

  expect(problems).toEqual([
    goesRound("start", "dead/0", `${[0, 1, 2, 3, 4].map((index) => `"chain-${index}"`).join(", ")} and 195 more`),
  ]);
});

test("a topic that grows on its way does not keep the search going", () => {
  const growing = Array.from({ length: 20 }, (_, index) => [
    `growing-${index}`,
    flow(["plant", "dead/#"], ["plant", `dead/\${inputTopic}/${index}`]),
  ]);

  const problems = problemsOf(buildDocument({ dataflows: { upward, ...Object.fromEntries(growing) } }));

  expect(problems.every((problem) => !problem.startsWith("dataflows.upward"))).toBe(true);
});
