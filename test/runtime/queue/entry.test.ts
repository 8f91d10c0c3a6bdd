import { doneEntry, topicOfEntry } from "../../../runtime/queue/entry.ts";
import { encodePublish } from "../../../runtime/mqtt/publish.ts";
import { viewOfPublish } from "./fakes.ts";

describe("topicOfEntry", () => {
  test.each([
    [0, 10],
    [1, 10],
    [1, 200],
    [0, 20_000],
    [1, 3_000_000],
  ] as const)("reads the topic of a packet of QoS %d with %d bytes", (qos, bytes) => {
    const view = viewOfPublish({ topic: "anlegg/måling", payload: Buffer.alloc(bytes) });
    const entry = { ...doneEntry(1, undefined), publish: encodePublish(view, { qos, retain: false }) };

    expect(topicOfEntry(entry)).toBe("anlegg/måling");
  });
});
