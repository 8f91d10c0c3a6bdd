import { iso8601Seconds } from "../../../components/checks/iso-duration.ts";

test.each([
  ["PT1M", 60],
  ["P1D", 86_400],
  ["P7D", 604_800],
  ["P1W", 604_800],
  ["P0DT23H12M", 83_520],
  ["PT12H30M5S", 45_005],
  ["P", undefined],
  ["P1DT", undefined],
  ["1D", undefined],
  ["P1M", undefined],
  ["", undefined],
])("%p lasts %p s", (text, expected) => {
  expect(iso8601Seconds(text)).toBe(expected);
});
