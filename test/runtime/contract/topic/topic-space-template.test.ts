import {
  isReservedTopic,
  resolveTopicSpaceTemplate,
  templateFilter,
  topicSpaceTemplateProblem,
} from "../../../../runtime/contract/topic/topic-space-template.ts";

test.each([
  "sites/oslo/#",
  "sites/${client.authenticationName}/#",
  "area/${client.attributes.area_1}/telemetry",
  "machines/${client.authenticationName|.factory1}/temp",
  "a/x-${client.attributes.type}-${client.authenticationName|-y}/+",
  "${client.authenticationName}/#",
  "a/$b/c",
  "#",
])("Event Grid has the template %p", (template) => {
  expect(topicSpaceTemplateProblem(template)).toBeUndefined();
});

test.each([
  ["sites/${principal.name}/#", /^has a variable other than/],
  ["sites/${client.name}/#", /^has a variable other than/],
  ["sites/${client.attributes.area-1}/#", /^has a variable other than/],
  ["sites/${client.attributes.area.x}/#", /^has a variable other than/],
  ["sites/${client.authenticationName|}/#", /^has a variable other than/],
  ["sites/${client.authenticationName|a/b}/#", /^has a variable other than/],
  ["sites/${client.authenticationName|+}/#", /^has a variable other than/],
  ["sites/${client.authenticationName|a|b}/#", /^has a variable other than/],
  ["sites/${client.authenticationName/#", /^has a variable other than/],
  ["$SYS/broker/uptime", /^begins with "\$", and Event Grid reserves/],
  ["$events/#", /^begins with "\$", and Event Grid reserves/],
  ["$share/group/a", /^is a shared subscription/],
  ["sites/a+b", /^has "\+" inside the level "a\+b"/],
  ["sites/+${client.authenticationName}", /^has "\+" inside the level/],
  ["sites/${client.authenticationName}#", /^has "#" inside the level/],
  ["sites/#/a", /^has "#" before the last level/],
  ["", /^is empty/],
])("Event Grid has no template %p", (template, problem) => {
  expect(topicSpaceTemplateProblem(template)).toMatch(problem);
});

test.each([
  ["machines/${client.authenticationName|.factory1}/temp", "machines/+/temp"],
  ["a/x-${client.attributes.type}-y/#", "a/+/#"],
  ["a/+/b", "a/+/b"],
])("the topics of %p are under %p", (template, filter) => {
  expect(templateFilter(template)).toBe(filter);
});

describe("for one client", () => {
  const client = { authenticationName: "machine1", attributes: { area: "section1", floor: 3, tags: ["a"] } };

  test.each([
    ["machines/${client.authenticationName|.factory1}/temp", "machines/machine1.factory1/temp"],
    ["area/${client.attributes.area}/${client.attributes.floor|-b}/#", "area/section1/3-b/#"],
    ["a/#", "a/#"],
  ])("%p is %p", (template, filter) => {
    expect(resolveTopicSpaceTemplate(template, client)).toBe(filter);
  });

  test.each(["a/${client.attributes.missing}", "a/${client.attributes.tags}"])("%p is nothing", (template) => {
    expect(resolveTopicSpaceTemplate(template, client)).toBeUndefined();
  });

  test.each(["+", "#", "a/b"])("named %p, a template with the name is nothing", (authenticationName) => {
    expect(resolveTopicSpaceTemplate("own/${client.authenticationName}/x", { authenticationName })).toBeUndefined();
  });
});

test.each([
  ["$SYS/#", true],
  ["$", true],
  ["a/$b", false],
  ["+/a", false],
])("%p is reserved: %p", (topic, expected) => {
  expect(isReservedTopic(topic)).toBe(expected);
});
