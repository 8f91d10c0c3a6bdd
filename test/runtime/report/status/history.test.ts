import { Counters } from "../../../../runtime/report/counters.ts";
import { History, keptSteps } from "../../../../runtime/report/status/history.ts";

/** A dataflow whose clock and queues the test sets. */
class Watched {
  readonly counters = new Counters();
  levels = { inFlight: 0, waiting: 0, onDisk: 0 };
  readonly name: string;
  constructor(name = "upward") {
    this.name = name;
  }
}

function watch(...dataflows: Watched[]) {
  const clock = { ms: 0 };
  const history = new History(dataflows, () => clock.ms);
  const step = () => {
    clock.ms += 5000;
    history.sample();
  };
  return { history, clock, step };
}

test("a rate is that of the last 5 to 10 s", () => {
  const dataflow = new Watched();
  const { history, clock, step } = watch(dataflow);
  dataflow.counters.received += 5000;
  step();
  dataflow.counters.received += 50;
  dataflow.counters.delivered += 25;
  step();
  dataflow.counters.received += 30;
  clock.ms += 3000;

  // Since the step before the last one: 80 messages in 8 s.
  expect(history.recent(0)).toMatchObject({ receivedPerSecond: 10, deliveredPerSecond: 3.13 });
});

test("latencies are those of the last minute, within the bounds of their buckets", () => {
  const dataflow = new Watched();
  const { history, step } = watch(dataflow);
  for (let count = 0; count < 1000; count++) dataflow.counters.observeLatency(30);
  for (let steps = 0; steps < 13; steps++) step();
  expect(history.recent(0).latencySeconds).toBeNull();

  for (let count = 0; count < 98; count++) dataflow.counters.observeLatency(0.0015);
  for (let count = 0; count < 2; count++) dataflow.counters.observeLatency(0.7);

  const { p50 = 0, p99 = 0 } = history.recent(0).latencySeconds ?? {};
  expect(p50).toBeGreaterThan(0.001);
  expect(p50).toBeLessThan(0.002);
  expect(p99).toBeGreaterThan(0.5);
  expect(p99).toBeLessThanOrEqual(1);
});

test("a latency above all bounds is given as the highest bound", () => {
  const dataflow = new Watched();
  const { history } = watch(dataflow);

  dataflow.counters.observeLatency(3600);

  expect(history.recent(0).latencySeconds).toEqual({ p50: 60, p99: 60 });
});

test("what was lost longer ago than a minute counts no more", () => {
  const dataflow = new Watched();
  const { history, step } = watch(dataflow);
  dataflow.counters.lost.expired += 3;
  dataflow.counters.deadLettered += 2;
  expect(history.recent(0)).toMatchObject({ lost: 3, deadLettered: 2 });

  for (let steps = 0; steps < 13; steps++) step();

  expect(history.recent(0)).toMatchObject({ lost: 0, deadLettered: 0 });
});

test("keeps ten minutes, the oldest first", () => {
  const dataflow = new Watched();
  const { history, step } = watch(dataflow);
  for (let steps = 1; steps <= keptSteps + 7; steps++) {
    dataflow.counters.received += 5 * steps;
    dataflow.levels = { inFlight: 1, waiting: steps, onDisk: 10 * steps };
    step();
  }

  const { received = [], waiting = [], onDisk = [] } = history.series("upward") ?? {};
  expect(received).toHaveLength(keptSteps);
  expect([received[0], received.at(-1)]).toEqual([8, keptSteps + 7]);
  expect([waiting[0], waiting.at(-1)]).toEqual([9, keptSteps + 8]);
  expect(onDisk[0]).toBe(80);
});

test("of all dataflows it adds up what is counted, and takes the longest of the times", () => {
  const [one, other] = [new Watched("one"), new Watched("other")];
  const { history, step } = watch(one, other);
  one.counters.received += 50;
  other.counters.received += 100;
  one.counters.observeLatency(0.0015);
  other.counters.observeLatency(3);
  step();

  const { received, p99 } = history.series() ?? {};
  expect(received).toEqual([30]);
  expect(p99?.[0]).toBeGreaterThan(2);
});

test("a step in which nothing was delivered has no latency", () => {
  const { history, step } = watch(new Watched());
  step();

  expect(history.series("upward")).toMatchObject({ p50: [null], p99: [null], received: [0] });
  expect(history.series("other")).toBeUndefined();
});
