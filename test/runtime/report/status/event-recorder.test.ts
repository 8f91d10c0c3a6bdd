import type { ToldLine } from "../../../../runtime/report/log.ts";
import type { EventName } from "../../../../runtime/report/log-events.ts";
import { EventRecorder } from "../../../../runtime/report/status/event-recorder.ts";
import { liveBytes } from "../../../support/heap.ts";

const clock = { ms: Date.parse("2026-11-27T12:00:00Z") };

function line(
  event: EventName,
  msg: string,
  fields: Record<string, unknown> = {},
  level: ToldLine["level"] = "warn",
): ToldLine {
  return { level, event, msg, fields: { dataflow: "upward", event, ...fields } };
}

const down = (reason: string) =>
  line("connection-failed", "could not connect, will retry", { side: "destination", endpoint: "cloud", reason });
const up = line("connected", "connected", { side: "destination", endpoint: "cloud" }, "info");

function recorder() {
  return new EventRecorder(() => clock.ms);
}

test("a line of the log is an event with a name, its reason and what to do", () => {
  const events = recorder();

  events.record(down("destination cloud (a:8883) refused the connection: 0x87 Not authorized; assign the role"));

  expect(events.events).toEqual([
    {
      id: 1,
      time: "2026-11-27T12:00:00.000Z",
      name: "connection-failed",
      level: "warn",
      text: "could not connect, will retry",
      reason: "destination cloud (a:8883) refused the connection: 0x87 Not authorized",
      remedy: "assign the role",
      dataflow: "upward",
      endpoint: "cloud",
      side: "destination",
    },
  ]);
});

test("a line that has a remedy of its own keeps it", () => {
  const events = recorder();

  events.record(line("source-stalled", "anything; else", { reason: "one; two", remedy: "act" }));

  expect(events.events[0]).toMatchObject({ name: "source-stalled", reason: "one; two", remedy: "act" });
});

test("nothing of a line is taken but what an event has", () => {
  const events = recorder();

  events.record(line("connected", "connected", { password: "hunter2", reason: { nested: 1 }, stack: "at" }, "info"));

  expect(Object.keys(events.events[0] ?? {})).toEqual(["id", "time", "name", "level", "text", "dataflow"]);
});

test("keeps the last 500", () => {
  const events = recorder();
  for (let count = 0; count < 600; count++) events.record(up);

  expect(events.events).toHaveLength(500);
  expect(events.events[0]?.id).toBe(101);
});

test("tells those who watch, until they end it", () => {
  const events = recorder();
  const seen: number[] = [];
  const end = events.watch(({ id }) => seen.push(id));

  events.record(up);
  end();
  events.record(up);

  expect(seen).toEqual([1]);
});

test("an error that comes again is one error, since the first time", () => {
  const events = recorder();
  events.record(down("no route; check the network"));
  clock.ms += 30_000;
  events.record(down("refused; assign the role"));

  expect(events.lastError("upward", false)).toEqual({
    event: "connection-failed",
    text: "could not connect, will retry: refused",
    remedy: "assign the role",
    since: new Date(clock.ms - 30_000).toISOString(),
    last: new Date(clock.ms).toISOString(),
    times: 2,
    isOver: false,
  });
});

test("an error of a connection is over once that side is connected, and begins anew after that", () => {
  const events = recorder();
  events.record(down("no route"));
  events.record(line("connected", "connected", { side: "source" }, "info"));
  expect(events.lastError("upward", false)).toMatchObject({ isOver: false });

  events.record(up);
  expect(events.lastError("upward", false)).toMatchObject({ isOver: true });

  clock.ms += 1000;
  events.record(down("no route"));
  expect(events.lastError("upward", false)).toMatchObject({
    isOver: false,
    times: 1,
    since: new Date(clock.ms).toISOString(),
  });
});

test("an error of a message is over a minute after the last one, however well the dataflow is", () => {
  const events = recorder();
  events.record(
    line("dead-lettered", "message undeliverable, kept as a dead letter", { kind: "dead_letter", reason: "too long" }),
  );
  expect(events.lastError("upward", true)).toMatchObject({ event: "dead-lettered", isOver: false });

  clock.ms += 60_000;
  expect(events.lastError("upward", true)).toMatchObject({ isOver: true });
});

test("errors of one dataflow are none of another, and none without a dataflow is anybody's", () => {
  const events = recorder();
  events.record({ level: "error", event: "spool-unusable", msg: "spool can't be used", fields: {} });
  events.record(down("no route"));

  expect(events.lastError("downward", true)).toBeNull();
  expect(events.events).toHaveLength(2);
});

test("keeps no more than 2,000 characters of what others said, and none of the memory of the rest", () => {
  const events = recorder();
  const before = liveBytes();
  for (let count = 0; count < 500; count++) {
    const long = (text: string) => Buffer.from(`${count} ${text.repeat(60_000)}`).toString();
    events.record(line("message-lost", "message lost", { topic: long("t"), reason: long("r"), remedy: long("d") }));
  }

  expect(events.events).toHaveLength(500);
  expect(events.events[0]?.topic).toHaveLength(2000);
  expect(liveBytes() - before).toBeLessThan(10_000_000); // what they said has 90 MB
});
