import { renderMarkdown, reviewEvents } from "../../../cli/review/index.ts";
import type { DataflowChange, Review, StackReview } from "../../../cli/review/index.ts";

const empty: StackReview = {
  project: "mqtt-dataflow",
  stack: "oslo",
  verdict: "attention",
  reasons: ["something happens"],
  summary: [],
  isDrift: false,
  operations: { create: 0, update: 1, replace: 0, delete: 0, same: 0 },
  dataflows: [],
  access: [],
  topicSpaces: [],
  costs: [],
  secrets: [],
  findings: [],
  resources: [],
  notes: [],
};
const review = (...stacks: Partial<StackReview>[]): Review => ({
  version: 1,
  verdict: "attention",
  reasons: [],
  stacks: stacks.map((stack) => ({ ...empty, ...stack })),
});
const dataflow = (name: string, topic: string): DataflowChange => ({
  change: "added",
  name,
  owner: "relay",
  after: {
    engine: "Relay",
    isEnabled: true,
    source: { endpoint: "edge" },
    destination: { endpoint: "cloud" },
    topicsFrom: [topic],
    topicTo: topic,
  },
  changed: [],
});

test("a review of any size is within the limit, and says how much is left out", () => {
  const dataflows = Array.from({ length: 5000 }, (_, index) => dataflow(`flow-${index}`, `plant/${index}/telemetry`));
  const resources = Array.from({ length: 5000 }, (_, index) => ({
    operation: "create" as const,
    type: "a:b:C",
    name: `resource-${index}`,
    isProtected: false,
    isUnknownOnly: false,
    properties: [],
  }));

  for (const maxCharacters of [500, 5000, 65_536]) {
    const comment = renderMarkdown(review({ dataflows, resources }), { maxCharacters });

    expect(comment.length).toBeLessThanOrEqual(maxCharacters);
    expect(comment).toMatch(/_[\d,]+ lines are left out/);
  }
});

test("what is cut is cut between rows, so that no fold and no fence stays open", () => {
  const resources = Array.from({ length: 300 }, (_, index) => ({
    operation: "update" as const,
    type: "a:b:C",
    name: `resource-${index}`,
    isProtected: false,
    isUnknownOnly: false,
    properties: [{ path: "x", replaces: false, before: "1", after: "2" }],
  }));

  for (let maxCharacters = 400; maxCharacters < 4000; maxCharacters += 97) {
    const comment = renderMarkdown(review({ resources }), { maxCharacters });

    expect(comment.match(/^```/gm)?.length ?? 0).toBe(comment.includes("```") ? 2 : 0);
    expect(comment.match(/<details>/g)?.length).toBe(comment.match(/<\/details>/g)?.length);
  }
});

test("a topic that is as long as MQTT allows does not push the rest out", () => {
  const comment = renderMarkdown(review({ dataflows: [dataflow("a", "x".repeat(65_535)), dataflow("b", "plant/b")] }));

  expect(comment.length).toBeLessThan(3000);
  expect(comment).toContain("`plant/b`");
});

test("nothing that a program says is Markdown, a tag, a mention or the end of a table's cell", () => {
  const hostile = "a|b`c <img src=x> @octocat [x](http://example.com) **b**\u001b[31m\u202e\n| forged |";
  const comment = renderMarkdown(
    review({
      dataflows: [dataflow(hostile, hostile)],
      reasons: [`dataflow "${hostile}" and ${hostile}`],
      findings: [{ kind: "warning", resource: hostile, message: hostile.replace("\n", " ") }],
    }),
  );
  const outsideCode = comment.replaceAll(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, "");

  expect(outsideCode).not.toMatch(/<img|@octocat|[^\\]\[x\]|[^\\]\*\*b/);
  expect(comment).not.toMatch(/\u001b|\u202e/);
  const table = comment.split("\n").filter((line) => line.startsWith("| "));
  for (const line of table) expect(line.match(/(?<!\\)\|/g)).toHaveLength(5);
});

test("several lines of the engine stay as they were printed, in a fence that they can't end", () => {
  const comment = renderMarkdown(review({ findings: [{ kind: "error", resource: "", message: "one\n```\ntwo" }] }));

  expect(comment).toContain("  ````\n  one\n  ```\n  two\n  ````");
});

test("no stack with a change is one line, whatever their number", () => {
  const none = (stack: string) => ({ stack, events: [{ summaryEvent: { resourceChanges: { same: 3 } } }] });

  expect(renderMarkdown(reviewEvents([none("a"), none("b")]))).toBe("✅ **No change** in 2 stacks\n");
});
