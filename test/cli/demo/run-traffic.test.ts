import { stripVTControlCharacters } from "node:util";

import type { RelayEnd } from "../../../cli/demo/relay-process.ts";
import type { Route } from "../../../cli/demo/routes.ts";
import { runTraffic, type Stage } from "../../../cli/demo/run-traffic.ts";
import { Screen } from "../../../cli/demo/screen.ts";
import { InMemoryBrokers, type Fate } from "./in-memory-brokers.ts";

const route: Route = {
  dataflow: "telemetry",
  direction: "to the cloud",
  crossings: [
    { machine: "press-1", from: "plant/press-1/power", to: "sites/press-1/power" },
    { machine: "oven-1", from: "plant/oven-1/power", to: "sites/oven-1/power" },
  ],
};
const drained: RelayEnd = { isClean: true, how: "exit code 0" };
const total = 10;

/** A stage whose messages cross in memory, with a relay that ends when it is told to. */
function setStage(
  fateOf: (index: number) => Fate,
  { end = drained, ...changes }: Partial<Stage> & { end?: RelayEnd } = {},
) {
  const written: string[] = [];
  const output = { isTTY: false, rows: 0, columns: 0, write: (text: string) => written.push(text) > 0 };
  const ended = Promise.withResolvers<RelayEnd>();
  const { publisher, watcher } = new InMemoryBrokers(fateOf);
  const lost = Promise.withResolvers<string>();
  const stage: Stage = {
    loads: [{ route, perSecond: 1000, total }],
    clients: { publisher, watcher, lost: lost.promise },
    relay: {
      ended: ended.promise,
      metrics: async () => new Map(),
      stop: () => {
        ended.resolve(end);
        return ended.promise;
      },
    },
    screen: new Screen(output),
    signal: new AbortController().signal,
    arrivalTimeoutMs: 100,
    ...changes,
  };
  /** Lines at the end: the ledger's sums, and what is said below it. */
  const readEnd = () => {
    const lines = stripVTControlCharacters(written.join("")).trimEnd().split("\n");
    const sums = lines.findIndex((line) => line.startsWith("all "));
    return {
      sums: lines[sums]?.split(/\s+/).slice(1).map(Number),
      verdict: lines.slice(sums + 2),
      text: lines.join("\n"),
    };
  };
  return { stage, ended, lost, readEnd };
}

test("the exit code is 0 when every message has arrived", async () => {
  const { stage, readEnd } = setStage(() => "delivered");

  const code = await runTraffic(stage);

  expect(readEnd()).toMatchObject({ sums: [10, 10, 10, 0, 0], verdict: ["nothing lost"] });
  expect(readEnd().text).toContain("relay drained, exit code 0");
  expect(code).toBe(0);
});

test("the exit code is 1 when one message of all has not arrived", async () => {
  const { stage, readEnd } = setStage((index) => (index === 7 ? "missed" : "delivered"));

  const code = await runTraffic(stage);

  expect(readEnd()).toMatchObject({
    sums: [10, 10, 9, 1, 0],
    verdict: ["telemetry: 1 of 10 accepted messages have not arrived; see what the relay said above"],
  });
  expect(code).toBe(1);
});

test("the exit code is 1 when one message arrived where it should not", async () => {
  const { stage } = setStage((index) => (index === 7 ? "at another topic" : "delivered"));

  await expect(runTraffic(stage)).resolves.toBe(1);
});

test.each([
  ["refused", "0x87 not authorized"],
  ["unanswered", "no answer in time"],
] as const)("the exit code is 1 when one message was %s, though none was lost", async (fate, reason) => {
  const { stage, readEnd } = setStage((index) => (index === 7 ? fate : "delivered"));

  const code = await runTraffic(stage);

  expect(readEnd()).toMatchObject({
    sums: [10, 9, 9, 0, 0],
    verdict: [
      `telemetry: 1 of 10 messages were not accepted by the source broker (${reason}); see what the relay said above`,
    ],
  });
  expect(code).toBe(1);
});

test("a duplicate is counted, and no fault: the promise is at least once", async () => {
  const { stage, readEnd } = setStage((index) => (index === 7 ? "twice" : "delivered"));

  const code = await runTraffic(stage);

  expect(readEnd()).toMatchObject({ sums: [10, 10, 10, 0, 1], verdict: ["nothing lost"] });
  expect(code).toBe(0);
});

test("the exit code is 1 when the relay does not drain", async () => {
  const { stage, readEnd } = setStage(() => "delivered", { end: { isClean: false, how: "exit code 1" } });

  const code = await runTraffic(stage);

  expect(readEnd().verdict).toEqual(["the relay: did not drain (exit code 1); see what it said above"]);
  expect(code).toBe(1);
});

test("a relay that ends by itself ends the demo at once, and is its fault", async () => {
  const { stage, ended, readEnd } = setStage(() => "missed", {
    loads: [{ route, perSecond: 100, total: Infinity }],
    arrivalTimeoutMs: 60_000,
  });
  setTimeout(() => {
    ended.resolve({ isClean: false, how: "SIGKILL" });
  }, 100);

  const code = await runTraffic(stage);

  expect(readEnd().verdict[0]).toBe(
    "the relay: ended by itself (SIGKILL), and the brokers hold what has not arrived; see what it said above",
  );
  expect(readEnd().verdict).toHaveLength(2);
  expect(code).toBe(1);
});

test("a relay that ends by itself with exit code 0 is a fault too", async () => {
  const { stage, ended } = setStage(() => "delivered", { loads: [{ route, perSecond: 100, total: Infinity }] });
  ended.resolve(drained);

  await expect(runTraffic(stage)).resolves.toBe(1);
});

test("a client that loses its broker ends the demo, and is named", async () => {
  const { stage, lost, readEnd } = setStage(() => "delivered", { loads: [{ route, perSecond: 100, total: Infinity }] });
  lost.resolve("press-1");

  const code = await runTraffic(stage);

  expect(readEnd().verdict).toEqual(["press-1: lost its connection to the broker; start the demo again"]);
  expect(code).toBe(1);
});

test("an interruption ends the publishing, and what had been published counts", async () => {
  const interrupted = new AbortController();
  const { stage, readEnd } = setStage(() => "delivered", {
    loads: [{ route, perSecond: 100, total: Infinity }],
    signal: interrupted.signal,
  });
  setTimeout(() => {
    interrupted.abort();
  }, 100);

  const code = await runTraffic(stage);

  expect(readEnd().verdict).toEqual(["nothing lost"]);
  expect(readEnd().sums?.[0]).toBeGreaterThan(0);
  expect(code).toBe(0);
});
