import { checkPlan } from "../../../components/bridge/check-plan.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import { checkTopicCoverage } from "../../../components/checks/topic-coverage.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";

const topicSpaces = { telemetry: { topicTemplates: ["machines/${client.authenticationName|.factory1}/temp"] } };
const needed = (filter: string) => [{ path: "dataflows.up.dataDestination", filter }];

test("a template with a text behind a variable takes in the topics of any client", () => {
  expect(checkTopicCoverage(needed("machines/machine1.factory1/temp"), topicSpaces)).toEqual({
    problems: [],
    warnings: [],
  });
  expect(checkTopicCoverage(needed("machines/machine1.factory1/state"), topicSpaces).problems).toHaveLength(1);
});

test("nobody is told to add a topic space for topics that Event Grid reserves", () => {
  expect(checkTopicCoverage(needed("$SYS/#"), topicSpaces)).toEqual({ problems: [], warnings: [] });
});

test("dead letters at Event Grid need a topic space too", () => {
  const deadLetter = (topic: string) =>
    checkPlan(
      planBridge(
        "oslo",
        withChange(baseDeclaration, {
          dataflows: { telemetry: { undeliverableMessages: "DeadLetter", deadLetter: { endpoint: "cloud", topic } } },
        }),
      ),
    ).problems;

  expect(deadLetter("dead/oslo")).toMatchObject([
    { path: "dataflows.telemetry.deadLetter.topic", rule: "topic-coverage" },
  ]);
  expect(deadLetter("sites/oslo/plant/dead")).toEqual([]);
});

test("a dataflow of reserved topics is refused once, with what to do", () => {
  const declaration = withChange(baseDeclaration, {
    dataflows: { telemetry: { dataSources: ["$SYS/#"], dataDestination: "${inputTopic}" } },
  });

  expect(checkPlan(planBridge("oslo", declaration)).problems).toMatchObject([
    { path: "dataflows.telemetry.dataDestination", remedy: 'begin it with another level, such as "system/"' },
  ]);
});
