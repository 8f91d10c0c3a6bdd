import { createEntry, topicOfEntry } from "../../../runtime/queue/entry.ts";
import { encodePublish } from "../../../runtime/mqtt/publish.ts";
import { entryOf, ForwarderBench, viewOfPublish } from "./fakes.ts";

describe("topicOfEntry", () => {
  test.each([
    [0, 10],
    [1, 10],
    [1, 200],
    [0, 20_000],
    [1, 3_000_000],
  ] as const)("reads the topic of a packet of QoS %d with %d bytes", (qos, bytes) => {
    const view = viewOfPublish({ topic: "anlegg/måling", payload: Buffer.alloc(bytes) });
    const entry = entryOf({ publish: encodePublish(view, { qos, retain: false }) });

    expect(topicOfEntry(entry)).toBe("anlegg/måling");
  });
});

describe("the custody of a message", () => {
  const { publish } = entryOf();
  const { source: session } = new ForwarderBench().forwarder;
  const other = new ForwarderBench().forwarder.source;

  test("of QoS 1 is the source's until its session is lost", () => {
    const entry = createEntry(publish, 7, session, 0);
    const seen = [entry.custody];

    entry.onSourceClosed();
    seen.push(entry.custody);
    entry.onSessionLost(other);
    seen.push(entry.custody);
    entry.onSessionLost(session);
    seen.push(entry.custody);

    expect(seen).toEqual(["owed", "atSource", "atSource", "onlyHere"]);
  });

  test("of QoS 0 is this process's alone", () => {
    expect(createEntry(publish, 0, session, 0).custody).toBe("onlyHere");
  });

  test("that is safe stays so, whatever becomes of its source", () => {
    const entry = entryOf({ custody: "safe", session });

    entry.onSourceClosed();
    entry.onSessionLost(session);

    expect(entry.custody).toBe("safe");
  });

  test.each([
    ["its source redelivers it", { custody: "atSource" }, true],
    ["its connection is open", { custody: "owed" }, false],
    ["nobody else has it", { custody: "onlyHere" }, false],
    ["it was sent", { custody: "atSource", wasSent: true }, false],
    ["it is on the disk", { custody: "atSource", sequence: 3 }, false],
  ] as const)("can be forgotten where %s: %j, %s", (_why, change, expected) => {
    expect(entryOf(change).isForgettable).toBe(expected);
  });
});
