import { readOptions } from "../../../bench/options.ts";
import { peerNames } from "../../../bench/peers/peer.ts";
import { allScenarios } from "../../../bench/scenarios/all.ts";

const { size } = readOptions([]);

test.each(allScenarios.map((scenario) => [scenario.name, scenario] as const))(
  "%s takes longer with more rounds, and no longer with fewer peers",
  (_, scenario) => {
    const expected = scenario.expectedSeconds(size, peerNames);

    expect(scenario.expectedSeconds(size, ["relay"])).toBeLessThanOrEqual(expected);
    expect(
      scenario.expectedSeconds({ ...size, rounds: 14, stalledMessages: 2_000_000 }, peerNames),
    ).toBeGreaterThanOrEqual(expected);
    expect(expected).toBeGreaterThan(10);
  },
);

test("a whole run takes about an hour at most", () => {
  const seconds = allScenarios.reduce((sum, scenario) => sum + scenario.expectedSeconds(size, peerNames), 0);

  expect(seconds).toBeLessThan(70 * 60);
});
