import { createRecording, parseExposition } from "./recording.ts";

const times = { startSeconds: 1000, intervalSeconds: 15, stretch: 1 };

test("keeps the series of the wanted metrics, with their values in promtool's notation", () => {
  const page = (value: number) => `# HELP a b\na{x="y z"} ${value}\nother 3\n`;
  const read = (value: number) => parseExposition(page(value), new Set(["a"]));

  const recording = createRecording("name", [read(1), read(1), undefined, undefined, read(2)], times);

  expect(recording).toEqual({ name: "name", intervalSeconds: 15, samples: 5, series: { 'a{x="y z"}': "1x1 _x2 2" } });
});

test("counts time stamps from the start, and stretches whatever is in seconds", () => {
  const scrapes = [
    new Map([
      ["a_timestamp_seconds", 1030],
      ["b_seconds", 2],
      ["c_total", 3],
    ]),
  ];

  const { intervalSeconds, series } = createRecording("name", scrapes, { ...times, stretch: 60 });

  expect(intervalSeconds).toBe(900);
  expect(series).toEqual({ a_timestamp_seconds: "1800", b_seconds: "120", c_total: "3" });
});
