import { sampleTopics } from "../../cli/sample-topic.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { matchesTopicFilter } from "../../runtime/contract/topic/filter.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";

test.each([
  ["plant/+/state", "${inputTopic}", "plant/made-up/state", false],
  ["plant/#", "${inputTopic}", "plant/made-up", false],
  ["#", "x", "made-up", false],
  ["plant/#", "up/${inputTopic.4}", "plant/made-up/made-up/made-up", false],
  ["/plant/#", "up/${inputTopic.3}", "/plant/made-up/made-up", false],
  ["$share/group/plant/+", "x", "plant/made-up", false],
  ["valve/open", "x", "valve/open", true],
])("under %s, for %s, it is %s", (filter, destination, topic, isExact) => {
  const endpoints = { edge: plainEndpoint(1883), plant: plainEndpoint(1884) };
  const dataflows = { upward: buildDataflow(["edge", [filter]], ["plant", destination]) };
  const text = JSON.stringify(buildConfig({ endpoints, dataflows }));
  const { config } = parseRelayConfig(text, { where: "relay.json" });

  expect(sampleTopics(config.dataflows["upward"]!, "made-up")).toEqual([{ filter, topic, isExact }]);
  expect(matchesTopicFilter(unsharedFilter(filter), topic)).toBe(true);
});
