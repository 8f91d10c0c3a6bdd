import { buildDocument, problemsOf } from "./build-document.ts";

const at = "dataflows.upward.relay";

/** Each rule: settings that break it with the exact message, and neighbours that keep it. */
const rules: readonly (readonly [string, object, string, object])[] = [
  [
    "an age limit has somewhere for the messages to go",
    { spool: { maxAgeSeconds: 60 } },
    `${at}.spool.maxAgeSeconds: is 60 s, and the first message of that age would stop the dataflow; set undeliverableMessages to "DeadLetter" or "Discard", or leave maxAgeSeconds out`,
    { spool: { maxAgeSeconds: 60 }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "a destination of dead letters is used",
    { deadLetter: {} },
    `${at}.deadLetter: is set, and undeliverableMessages is "Stop"; remove it, or set undeliverableMessages to "DeadLetter"`,
    { deadLetter: {}, undeliverableMessages: "DeadLetter" },
  ],
  [
    "a topic of dead letters has an endpoint",
    { deadLetter: { topic: "dead" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.endpointRef: is missing; add it, or leave both out to write dead letters to the disk`,
    { deadLetter: { topic: "dead", endpointRef: "edge" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "an endpoint of dead letters has a topic",
    { deadLetter: { endpointRef: "edge" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.topic: is missing; add it, or leave both out to write dead letters to the disk`,
    { deadLetter: { topic: "dead", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "dead letters go to one of the dataflow's ends",
    { deadLetter: { topic: "dead", endpointRef: "plant" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.endpointRef: names the endpoint "plant", which is no end of this dataflow; give "edge" or "cloud"`,
    { deadLetter: { topic: "dead", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "the topic of dead letters is a topic name",
    { deadLetter: { topic: "dead/#", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.topic: "dead/#" has a wildcard ("+" or "#"), which only a topic filter may have; give a topic name to publish to`,
    { deadLetter: { topic: "dead/x", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "the topic of dead letters at Event Grid is none that it reserves",
    { deadLetter: { topic: "$dead/x", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.topic: "$dead/x" begins with "$", and Event Grid reserves those topics; give a topic name to publish to`,
    { deadLetter: { topic: "$dead/x", endpointRef: "edge" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "the topic of dead letters at Event Grid is not longer than its topics are",
    { deadLetter: { topic: "a".repeat(257), endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.topic: "${"a".repeat(257)}" is 257 bytes long, more than Event Grid's 256; give a topic name to publish to`,
    { deadLetter: { topic: "a".repeat(256), endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
  ],
  [
    "dead letters at the source stay out of the dataflow's own filters",
    { deadLetter: { topic: "plant/x/telemetry", endpointRef: "edge" }, undeliverableMessages: "DeadLetter" },
    `${at}.deadLetter.topic: "plant/x/telemetry" is under the dataflow's own filter "plant/+/telemetry", so it would take its dead letters again; give a topic that the dataflow does not subscribe to, give its other end, or leave both out to write dead letters to the disk`,
    { deadLetter: { topic: "plant/x/telemetry", endpointRef: "cloud" }, undeliverableMessages: "DeadLetter" },
  ],
];

test.each(rules)("%s", (_rule, broken, message, kept) => {
  expect(problemsOf(buildDocument({ [at]: broken }))).toEqual([message]);
  expect(problemsOf(buildDocument({ [at]: kept }))).toEqual([]);
});
