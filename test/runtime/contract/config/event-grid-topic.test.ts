import { eventGridSizeProblem, eventGridTopicProblem } from "../../../../runtime/contract/config/event-grid-topic.ts";

const topic256 = `${"a".repeat(250)}/bcdef`.slice(0, 256);
const levels = (count: number) => Array<string>(count).fill("a").join("/");

test.each([
  [topic256, undefined],
  [`${topic256}b`, "is 257 bytes long, more than Event Grid's 256"],
  [levels(15), undefined],
  [levels(16), "has 16 segments, more than Event Grid's 15"],
  ["$SYS/broker/uptime", 'begins with "$", and Event Grid reserves those topics'],
  ["a/$SYS", undefined],
])("eventGridTopicProblem %#", (topic, problem) => {
  expect(eventGridTopicProblem(topic)).toBe(problem);
});

test("the sizes of a topic filter are judged alone: whether it is reserved depends on what is shared", () => {
  expect(eventGridSizeProblem("$share/group/a")).toBeUndefined();
  expect(eventGridSizeProblem(`${topic256}b`)).toBe("is 257 bytes long, more than Event Grid's 256");
});
