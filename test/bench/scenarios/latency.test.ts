import { addedLatencies } from "../../../bench/scenarios/latency.ts";

test("pairs the arrivals of a message on both sides, and leaves out those that were seen on one side only", () => {
  const source = Float64Array.of(10, 20, 0, 40, 50);
  const destination = Float64Array.of(13, 0, 30, 41, 50);

  expect([...addedLatencies(source, destination)]).toEqual([0, 1, 3]);
});
