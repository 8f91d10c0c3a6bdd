import { Ledger } from "../../../cli/demo/ledger.ts";

const dataflow = "telemetry";

/** Publishes a message at 0 ms and has it accepted. */
function accept(ledger: Ledger): number {
  const number = ledger.notePublished(dataflow, 0);
  ledger.noteAccepted(dataflow, number);
  return number;
}

test("numbers the messages of each dataflow from 0", () => {
  const ledger = new Ledger(["telemetry", "alarms"]);

  const numbers = ["telemetry", "telemetry", "alarms"].map((name) => ledger.notePublished(name, 0));

  expect(numbers).toEqual([0, 1, 0]);
});

test("a message that was accepted and has arrived is delivered, in whichever order it learns of both", () => {
  const ledger = new Ledger([dataflow]);
  ledger.noteArrived(dataflow, accept(ledger), 5);
  const early = ledger.notePublished(dataflow, 0);

  ledger.noteArrived(dataflow, early, 5);
  ledger.noteAccepted(dataflow, early);

  expect(ledger.totals(dataflow)).toMatchObject({ published: 2, accepted: 2, delivered: 2, lost: 0, duplicated: 0 });
  expect(ledger.underWay).toBe(0);
});

test("a message that was accepted and has not arrived is lost", () => {
  const ledger = new Ledger([dataflow]);
  ledger.noteArrived(dataflow, accept(ledger), 5);

  accept(ledger);

  expect(ledger.totals(dataflow)).toMatchObject({ accepted: 2, delivered: 1, lost: 1 });
  expect(ledger.underWay).toBe(1);
});

test("a message that nobody has accepted can't be lost, and is under way", () => {
  const ledger = new Ledger([dataflow]);

  ledger.notePublished(dataflow, 0);

  expect(ledger.totals(dataflow)).toMatchObject({ published: 1, accepted: 0, lost: 0 });
  expect(ledger.underWay).toBe(1);
});

test("a message that was refused is under way no more, and the first reason is kept", () => {
  const ledger = new Ledger([dataflow]);
  const numbers = [ledger.notePublished(dataflow, 0), ledger.notePublished(dataflow, 0)];

  for (const number of numbers) ledger.noteRefused(dataflow, number, `reason ${number}`);

  expect(ledger.totals(dataflow)).toMatchObject({ published: 2, accepted: 0, lost: 0, refusal: "reason 0" });
  expect(ledger.underWay).toBe(0);
});

test("every arrival beyond the first is a duplicate, before the acceptance and after it", () => {
  const ledger = new Ledger([dataflow]);
  const number = ledger.notePublished(dataflow, 0);

  ledger.noteArrived(dataflow, number, 1);
  ledger.noteArrived(dataflow, number, 2);
  ledger.noteAccepted(dataflow, number);
  ledger.noteArrived(dataflow, number, 3);

  expect(ledger.totals(dataflow)).toMatchObject({ delivered: 1, duplicated: 2, lost: 0 });
});

test.each([1, -1, 0.5, NaN])(
  "an arrival with the number %p, which was never published, counts for nothing",
  (number) => {
    const ledger = new Ledger([dataflow]);
    accept(ledger);

    ledger.noteArrived(dataflow, number, 1);

    expect(ledger.totals(dataflow)).toMatchObject({ delivered: 0, duplicated: 0, lost: 1 });
  },
);

test.each([
  { latencies: [], p50Ms: 0, p99Ms: 0 },
  { latencies: [7], p50Ms: 7, p99Ms: 7 },
  { latencies: [4, 1, 3, 2], p50Ms: 2, p99Ms: 4 },
  { latencies: Array.from({ length: 100 }, (_, index) => index + 1), p50Ms: 50, p99Ms: 99 },
])("quantiles are values of the nearest rank: $p50Ms and $p99Ms", ({ latencies, ...expected }) => {
  const ledger = new Ledger([dataflow]);

  for (const latency of latencies) ledger.noteArrived(dataflow, accept(ledger), latency);

  expect(ledger.totals(dataflow)).toMatchObject(expected);
});

test("quantiles are those of the newest arrivals, a duplicate being none", () => {
  const ledger = new Ledger([dataflow]);
  const first = accept(ledger);
  ledger.noteArrived(dataflow, first, 1000);

  for (let arrivals = 0; arrivals < 2000; arrivals++) ledger.noteArrived(dataflow, accept(ledger), 3);
  ledger.noteArrived(dataflow, first, 5000);

  expect(ledger.totals(dataflow)).toMatchObject({ p50Ms: 3, p99Ms: 3, duplicated: 1 });
});

test("keeps no account of what it was not told of", () => {
  expect(() => new Ledger([dataflow]).totals("other")).toThrow('no account of dataflow "other"');
});
