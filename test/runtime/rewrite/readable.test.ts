import { stampPublish } from "../../../runtime/mqtt/publish.ts";
import { encodeDeadLetter } from "../../../runtime/rewrite/dead-letter.ts";
import { encodeReadable, topicAlone } from "../../../runtime/rewrite/readable.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { viewOf } from "../queue/fakes.ts";

/** A PUBLISH with QoS 1, a topic and properties in any bytes, and the payload "x". */
function publishOf(topic: Buffer, properties: readonly number[] = []): Buffer {
  const body = [0, topic.length, ...topic, 0, 7, properties.length, ...properties, 0x78];
  return Buffer.from([0x32, body.length, ...body]);
}

const contentType = [0x03, 0, 1, 97];

function deadLetterOf(topic: Buffer, properties?: readonly number[]) {
  const readable = encodeReadable(viewOf(publishOf(topic, properties)), 1);
  const shown = readable.inputTopic ?? "";
  const notes = { dataflow: "flow", reason: "it came malformed", topic: shown, time: "2026-11-26T00:00:00Z" };
  const deadLetter = encodeDeadLetter(readable, notes, { topic: "dead", qos: 1 });
  stampPublish(deadLetter, 7, false);
  expect(viewOf(deadLetter.packet).check()).toBeUndefined();
  return decode(deadLetter.packet)[0];
}

test.each<[string, Buffer, string]>([
  ["ill-formed UTF-8", Buffer.from([97, 0x2f, 0xff, 0xc3]), "a/\\xff\\xc3"],
  ["U+0000", Buffer.from("a/\u0000b"), "a/\\x00b"],
  ["a surrogate", Buffer.from([0xed, 0xa0, 0x80]), "\\xed\\xa0\\x80"],
  ["a wildcard", Buffer.from("a/+"), "a/+"],
  ["what looks like an escape", Buffer.from("a\\xff\u0000"), "a\\x5cxff\\x00"],
])("the dead letter of a message whose topic has %s is well-formed and names the topic", (_case, topic, shown) => {
  expect(deadLetterOf(topic, contentType)).toMatchObject({
    topic: "dead",
    payload: Buffer.from("x"),
    properties: { contentType: "a", userProperties: { deadLetterTopic: shown } },
  });
});

test("the dead letter of a message whose properties can't be read has its topic and payload, and none of them", () => {
  const packet = deadLetterOf(Buffer.from("a/b"), [...contentType, ...contentType]);

  expect(packet).toMatchObject({
    payload: Buffer.from("x"),
    properties: { userProperties: { deadLetterTopic: "a/b" } },
  });
  expect(packet).not.toHaveProperty("properties.contentType");
});

test("a topic of any length is shown up to a bound", () => {
  const topic = Buffer.alloc(60, 0xff);
  const readable = encodeReadable(viewOf(publishOf(topic)), 1);
  expect(readable.inputTopic).toBe("\\xff".repeat(60));

  const long = Buffer.concat([Buffer.of(0x32, 0xff, 0x7f, 0x3f, 0xfa), Buffer.alloc(16_378, 0xff), Buffer.of(0, 7, 0)]);
  expect(encodeReadable(viewOf(long), 1).inputTopic).toBe(`${"\\xff".repeat(200)}…`);
});

test("a message that is well-formed is kept as it is", () => {
  const { packet } = encodeReadable(viewOf(publishOf(Buffer.from("a/é"), contentType)), 1);

  expect(decode(packet)[0]).toMatchObject({
    topic: "a/é",
    properties: { contentType: "a" },
    payload: Buffer.from("x"),
  });
});

test("of a message that nobody keeps its topic is left, and no copy of its packet", () => {
  const left = topicAlone(viewOf(publishOf(Buffer.from([97, 0x2f, 0xff]))));

  expect(left.inputTopic).toBe("a/\\xff");
  expect(left.length).toBe(0);
});
