import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { EngineEvent as AutomationEvent } from "@pulumi/pulumi/automation/events.js";

import { githubMaxCharacters, renderMarkdown, reviewEvents } from "../../../cli/review/index.ts";
import type { EngineEvent, Review } from "../../../cli/review/index.ts";
import { measuredGapSeconds, measuredOn } from "../../../cli/review/measured-gaps.ts";
import { recorded, recordedFolder, recordedLogs } from "./recordings.ts";

const reviewOf = (name: string) => reviewEvents(recorded(`${name}.jsonl`));
const stackOf = (name: string) => reviewOf(name).stacks[0]!;
const costsOf = (name: string) => stackOf(name).costs.map(({ kind }) => kind);

/** What each recorded change means, judged by hand. */
const verdicts: { readonly [name: string]: readonly [Review["verdict"], ...(string | RegExp)[]] } = {
  "add-a-dataflow": ["safe"],
  "change-a-host": ["attention", 'endpoint "historian" reaches another host'],
  "change-a-topic": ["attention", '1 dataflow takes or gives other topics: "alarm-history"'],
  "change-nothing": ["none"],
  "change-qos-and-retain": [
    "attention",
    '3 dataflows change QoS or retain: "alarms", "commands", "telemetry"',
    "the preview warns of 3 things",
  ],
  "change-the-image": ["safe"],
  "create-a-site": ["safe"],
  "create-a-site-with-policies": ["safe"],
  "destroy-a-site": [
    "attention",
    /^Event Grid namespace "oslo-broker-ns\w+" is deleted$/,
    "1 disk is left behind",
    /^relay "oslo-relay-set-\w+" is deleted$/,
    "4 sessions are abandoned",
    "6 resources are deleted",
    '5 dataflows are removed: "alarm-history", "alarms", "commands", "history", "telemetry"',
    "4 roles are taken away",
  ],
  "enlarge-the-volume": ["safe"],
  "find-drift": ["attention", '2 resources were changed by hand: "oslo-broker-ns", "oslo-relay-cfg"'],
  "raise-sessions": ["safe"],
  "raise-throughput": ["safe"],
  "refuse-a-declaration": ["blocked", /^MqttBridge "oslo": oslo has 4 problems: /],
  "remove-a-dataflow": ["attention", "1 session is abandoned", '1 dataflow is removed: "alarm-history"'],
  "rename-a-dataflow": [
    "attention",
    "1 session is abandoned",
    '"alarm-history" seems to be renamed to "alarms-archived"',
    '1 dataflow is removed: "alarm-history"',
  ],
  "rename-the-site": ["blocked", 'PersistentVolumeClaimPatch "oslo-relay-spool-0" is protected and would be deleted'],
  "renew-a-certificate": ["safe"],
  "replace-a-protected-namespace": ["blocked", 'Namespace "oslo-broker-ns" is protected and would be replaced'],
  "replace-the-identity": [
    "attention",
    "3 role assignments are deleted and created again",
    "4 roles are taken away",
    'identity "00000000-0000-0000-0000-0000000000a2" gets access for the first time',
  ],
  "scale-down": ["attention", "2 disks are left behind"],
  "scale-down-with-protected-disks": [
    "blocked",
    'PersistentVolumeClaimPatch "oslo-relay-spool-1" is protected and would be deleted',
    'PersistentVolumeClaimPatch "oslo-relay-spool-2" is protected and would be deleted',
  ],
  "scale-up": ["safe"],
  "turn-a-spool-on": ["safe"],
  "turn-the-only-spool-off": [
    "blocked",
    'PersistentVolumeClaimPatch "oslo-relay-spool-0" is protected and would be deleted',
  ],
  "violate-a-policy": ["blocked", "1 policy violation: mqtt-dataflow/topic-space-wildcard"],
  "widen-the-roles": [
    "attention",
    "3 roles are taken away",
    /^identity "\S+" gets EventGrid TopicSpaces Publisher at namespace/,
    /^identity "\S+" gets EventGrid TopicSpaces Subscriber at namespace/,
  ],
};

describe("a recorded preview", () => {
  test("has its verdict judged by hand, each of them", () => {
    expect(Object.keys(verdicts).sort()).toEqual(recordedLogs().sort());
  });

  test.each(Object.entries(verdicts))("%s has the verdict and the reasons that it should", (name, expected) => {
    const [verdict, ...reasons] = expected;

    const review = reviewOf(name);

    expect(review.verdict).toBe(verdict);
    expect(review.reasons).toEqual(
      reasons.map((reason): unknown => (typeof reason === "string" ? reason : expect.stringMatching(reason))),
    );
  });

  // Renew with UPDATE_REVIEWS=true, and read what has changed.
  test.each(recordedLogs())("%s gives the comment that a reviewer has read", (name) => {
    const file = path.join(recordedFolder, `${name}.md`);

    const comment = renderMarkdown(reviewOf(name));

    if (process.env["UPDATE_REVIEWS"] === "true") writeFileSync(file, comment);
    expect(comment).toBe(readFileSync(file, "utf8"));
    expect(comment.length).toBeLessThanOrEqual(githubMaxCharacters);
  });
});

test("a change of nothing is one line", () => {
  expect(renderMarkdown(reviewOf("change-nothing"))).toBe(
    "✅ **No change** · `mqtt-dataflow/oslo`: 28 resources stay as they are\n",
  );
});

describe("what changes for messages", () => {
  test("has topics, QoS and retain before and after", () => {
    const [topic] = stackOf("change-a-topic").dataflows;
    const [alarms] = stackOf("change-qos-and-retain").dataflows;

    expect(topic).toMatchObject({ name: "alarm-history", change: "changed", changed: ["topicTo"] });
    expect([topic?.before?.topicTo, topic?.after?.topicTo]).toEqual([
      "history/${inputTopic}",
      "archive/oslo/${inputTopic}",
    ]);
    expect(alarms?.changed).toEqual(["destination.qos", "destination.retain"]);
    expect(alarms?.after?.destination).toMatchObject({ endpoint: "cloud", qos: 0, retain: "Never" });
  });

  test("is known of a stack that is created too, though its configuration is not", () => {
    const flows = stackOf("create-a-site").dataflows;

    expect(flows.map(({ name, change }) => `${name} ${change}`)).toEqual([
      "alarms added",
      "commands added",
      "history added",
      "telemetry added",
    ]);
    expect(flows[0]?.after).toMatchObject({ topicsFrom: ["plant/+/alarms/+"], topicTo: "sites/oslo/${inputTopic}" });
  });

  test("is nothing where only the host name of a namespace that changes is not known", () => {
    const { dataflows, notes } = stackOf("raise-sessions");

    expect(dataflows).toEqual([]);
    expect(costsOf("raise-sessions")).toEqual(["limit"]);
    expect(notes).toEqual([expect.stringContaining("The host name stays, and so do they: oslo-cloud-endpoint")]);
  });
});

describe("what it costs", () => {
  test.each([
    ["add-a-dataflow", ["pods-restart"]],
    ["remove-a-dataflow", ["sessions-abandoned", "pods-restart"]],
    ["change-a-host", ["host-changed", "pods-restart"]],
    ["renew-a-certificate", []],
    ["enlarge-the-volume", ["disk-grows"]],
    ["scale-up", ["scaled", "pods-restart", "limit"]],
    ["scale-down", ["disk-left", "scaled", "pods-restart", "limit"]],
    ["turn-the-only-spool-off", ["disk-left", "pods-replaced"]],
  ])("of %s is %j", (name, kinds) => {
    expect(costsOf(name)).toEqual(kinds);
  });

  test("names the sessions that are abandoned, and none that another instance takes up", () => {
    const cost = (name: string) => stackOf(name).costs.find(({ kind }) => kind === "sessions-abandoned");

    expect(cost("remove-a-dataflow")?.subjects).toEqual(["oslo-alarm-history-0-source"]);
    expect(cost("scale-down")).toBeUndefined();
  });

  test("has the gaps that the operations page has", () => {
    const page = readFileSync(path.join(import.meta.dirname, "../../../doc/operations.md"), "utf8");

    for (const seconds of Object.values(measuredGapSeconds)) expect(page).toContain(`| ${seconds} s`);
    expect(page.replaceAll(/\s+/g, " ")).toContain(measuredOn);
  });
});

describe("access", () => {
  test("is granted and taken away by identity and topic space", () => {
    const { access } = stackOf("replace-the-identity");

    expect(access[0]).toMatchObject({
      change: "revoked",
      holder: 'identity "00000000-0000-0000-0000-0000000000a1"',
      role: "EventGrid TopicSpaces Publisher",
      scope: expect.stringMatching(/^topic space "alarms" of "oslo-broker-ns\w+"$/),
    });
    expect(access.filter(({ change }) => change === "granted").map(({ isNewHolder }) => isNewHolder)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test("shows a topic space that has other topics", () => {
    expect(stackOf("violate-a-policy").topicSpaces).toEqual([
      { change: "changed", name: "alarms", before: ["sites/oslo/plant/+/alarms/+"], after: ["#"] },
    ]);
  });
});

describe("secrets", () => {
  test("are named with the keys that change", () => {
    expect(stackOf("renew-a-certificate").secrets).toEqual([
      { change: "changed", kind: "CA certificates", name: "historian-ca", keys: ["ca.crt"] },
      { change: "changed", kind: "Secret", name: "historian-client", keys: ["client_cert.pem", "client_key.pem"] },
    ]);
  });

  test("are in no review, not even where a program forgot to mark them", () => {
    const secret = (value: string) => ({
      type: "kubernetes:core/v1:Secret",
      urn: "urn:pulumi:a::b::kubernetes:core/v1:Secret::password",
      inputs: { stringData: { password: value }, metadata: { name: "password" } },
    });
    const event = {
      resourcePreEvent: {
        metadata: {
          op: "update",
          urn: secret("").urn,
          type: secret("").type,
          old: secret("hunter-one"),
          new: secret("hunter-two"),
        },
      },
    };

    const review = reviewEvents([{ stack: "a", events: [event, { summaryEvent: {} }] }]);

    expect(JSON.stringify(review) + renderMarkdown(review)).not.toMatch(/hunter/);
    expect(review.stacks[0]?.secrets).toEqual([
      { change: "changed", kind: "Secret", name: "password", keys: ["password"] },
    ]);
  });
});

describe("findings", () => {
  test("say in one line which policies a preview could not apply", () => {
    const { findings, notes } = stackOf("create-a-site-with-policies");

    expect(findings).toEqual([]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^\d+ checks of \d+ policies \(.*mqtt-role-scope.*\) wait for the deployment/);
  });

  test("have a violation and an advice in the words of the policy", () => {
    expect(stackOf("violate-a-policy").findings).toEqual([
      {
        kind: "violation",
        resource: 'TopicSpace "oslo-broker-alarms"',
        policy: "mqtt-dataflow/topic-space-wildcard",
        message: expect.stringContaining('topicTemplates[0]: is "#", so whoever has a role here'),
      },
      expect.objectContaining({ kind: "advisory", policy: "mqtt-dataflow/event-grid-public-access" }),
    ]);
  });

  test("of preview --json say that the reason for a failure may be a policy, which is not in it", () => {
    const review = reviewEvents(recorded("violate-a-policy.json"));

    expect(review.verdict).toBe("blocked");
    expect(review.reasons).toEqual([expect.stringContaining("leaves policy violations out")]);
  });

  test("tell of a preview that did not come to its end", () => {
    const [{ events, ...named }] = recorded("add-a-dataflow.jsonl") as [{ stack: string; events: EngineEvent[] }];

    const review = reviewEvents([{ ...named, events: events.slice(0, 30) }]);

    expect(review.verdict).toBe("blocked");
    expect(review.reasons[0]).toContain("did not come to its end");
  });
});

test("what preview --json prints has the same verdict and changes as the event log", () => {
  const [log] = reviewEvents(recorded("raise-sessions.jsonl")).stacks;
  const [json] = reviewEvents(recorded("raise-sessions.json")).stacks;

  expect(json).toMatchObject({ verdict: log!.verdict, dataflows: log!.dataflows, resources: log!.resources });
  expect(reviewEvents(recorded("refuse-a-declaration.json")).reasons).toEqual(reviewOf("refuse-a-declaration").reasons);
});

test("the Automation API's events are taken as they are", () => {
  const events: AutomationEvent[] = [];

  const taken: readonly EngineEvent[] = events;

  expect(reviewEvents([{ stack: "oslo", events: taken }]).stacks[0]?.stack).toBe("oslo");
});
