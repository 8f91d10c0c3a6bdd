import { eventLine, sampleLines, statusLines } from "../../../cli/status/text.ts";
import { scenes } from "../../integration/support/status-page/scenes.ts";

const plain = (_style: string, text: string) => text;

test("a status is what is wrong, a line for each dataflow, and each error with what to do", () => {
  const text = statusLines(scenes["one side down"].status, plain).join("\n");

  expect(text).toMatch(/^oslo instance 0: attention\n {2}telemetry: destination is down, /);
  expect(text).toMatch(/^telemetry +attention +812 +0 +2000 +0 of 100 +76400 +3.2 s +- +-$/m);
  expect(text).toMatch(/^commands +ok +812 +810 +35 +42 of 100 +0 +0.1 s +18 ms +92 ms$/m);
  expect(text).toContain("what to do: assign the role EventGrid TopicSpaces Publisher");
});

test("an event is one line, whatever is in it", () => {
  const event = { id: 1, time: "t", name: "message-lost", level: "warn" as const, text: "message lost" };

  expect(
    eventLine({ ...event, dataflow: "upward", topic: "a\n\u001b[2J", reason: "too old", remedy: "act" }, plain),
  ).toBe("t warn  message-lost (upward a\\u000a\\u001b[2J): message lost: too old; act");
});

test("a message is its topics, its properties, and its payload where it is there", () => {
  const [sample] = scenes.busy.samples;

  expect(sampleLines(sample!, plain)).toEqual([
    `${sample!.time} plant/line-4/telemetry -> sites/oslo/telemetry/line-4`,
    "  QoS 1, payload 160 bytes  Content Type=application/json  type=ms.aio.telemetry",
    '  {"temperature":71.2,"<b>unit</b>":"C"}',
  ]);
});
