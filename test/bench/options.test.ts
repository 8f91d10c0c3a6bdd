import path from "node:path";

import { readOptions } from "../../bench/options.ts";

test("measures everything, seven rounds of it, and writes the page of the documentation", () => {
  const { scenarios, peers, size, output } = readOptions([]);

  expect(scenarios).toHaveLength(16);
  expect(peers).toEqual([
    "relay",
    "plain-mqttjs",
    "mosquitto",
    "rumqttc",
    "paho",
    "node-red",
    "bento",
    "limit-node",
    "limit-rust",
  ]);
  expect(size.rounds).toBe(7);
  expect(size.stalledMessages).toBe(1_000_000);
  expect(output).toBe(path.resolve("doc"));
});

test.each([[["--quick"]], [["--scenario", "qos1"]], [["--peer", "relay,plain-mqttjs"]]])(
  "keeps the page of the documentation as it is with %j",
  (args) => {
    expect(readOptions(args).output).toBe(path.resolve("dist/bench"));
  },
);

test("runs the scenarios that were chosen, in their own order", () => {
  const { scenarios } = readOptions(["--scenario", "latency,qos1"]);

  expect(scenarios.map(({ name }) => name)).toEqual(["qos1", "latency"]);
});

test("names every wrong option at once", () => {
  expect(() => readOptions(["--scenario", "qos3,tls", "--rounds", "0", "--peer", "emqx"])).toThrow(
    /--scenario: "qos3" is unknown.*\n.*--peer: "emqx" is unknown.*\n.*--rounds: is "0"; give a whole number from 1/s,
  );
});
