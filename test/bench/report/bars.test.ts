import { judgeBars } from "../../../bench/report/bars.ts";
import { buildRun, rounds } from "./example-run.ts";

const seven = (value: number) => new Array<number>(7).fill(value);

function verdictOf(text: string, ...run: Parameters<typeof buildRun>) {
  const judged = judgeBars(buildRun(...run)).find(({ bar }) => bar.text.startsWith(text));
  return { verdict: judged?.verdict, isClose: judged?.isClose, median: judged?.measured?.median };
}

test("takes the share of CPU round by round, so that a slow moment which met both counts for neither", () => {
  const run = {
    qos1: {
      relay: rounds("cpuMicroseconds", [5, 10, 5, 5, 20, 5, 5]),
      "plain-mqttjs": rounds("cpuMicroseconds", [20, 40, 20, 20, 80, 20, 20]),
    },
  };

  expect(verdictOf("CPU per message at saturation", run)).toEqual({ verdict: "pass", isClose: false, median: 0.25 });
});

test("fails a bar by its median, and says when the interval lies on both sides of the limit", () => {
  const run = { latency: { relay: rounds("latencyP50Ms", [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9]) } };

  expect(verdictOf("Added latency at 1,000 messages a second, p50", run)).toEqual({
    verdict: "fail",
    isClose: true,
    median: 0.8,
  });
});

test("wants the relay above the fastest of the other peers, neither mosquitto's bridge nor a limit among them", () => {
  const run = {
    qos1: {
      relay: rounds("perSecond", seven(100)),
      "plain-mqttjs": rounds("perSecond", seven(50)),
      "node-red": rounds("perSecond", seven(100)),
      mosquitto: rounds("perSecond", seven(200)),
      "limit-rust": rounds("perSecond", seven(300)),
    },
  };

  expect(verdictOf("Throughput, ratio to the fastest", run)).toMatchObject({ verdict: "fail", median: 1 });
  expect(verdictOf("Throughput, ratio to mosquitto", run)).toMatchObject({ verdict: "fail", median: 0.5 });
});

test("judges nothing that was not measured", () => {
  expect(judgeBars(buildRun({})).map(({ verdict }) => verdict)).toEqual(new Array(24).fill("not measured"));
});
