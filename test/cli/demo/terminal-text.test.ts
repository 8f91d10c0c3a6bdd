import { stripVTControlCharacters } from "node:util";

import { fitLine, rowsOf, widthOf } from "../../../cli/demo/terminal-text.ts";

const red = "\u001b[31m";
const reset = "\u001b[0m";

test.each([
  ["", 0],
  ["abc", 3],
  [`${red}abc${reset}`, 3],
  ["21 °C", 5],
  ["👩‍🏭", 1],
])("%j has the width %i", (line, width) => {
  expect(widthOf(line)).toBe(width);
});

test.each([
  ["a line that fits stays as it is", "abcde", 5, "abcde"],
  ["a longer one ends in an ellipsis", "abcdef", 5, "abcd…"],
  ["styles take no room", `${red}abcde${reset}`, 5, `${red}abcde${reset}`],
  ["styles end where the line is cut", `a${red}bcdefg${reset}`, 5, `a${red}bcd${reset}${reset}…`],
])("fits: %s", (_, line, columns, expected) => {
  expect(fitLine(line, columns)).toBe(expected);
});

test.each([1, 2, 7, 80])("never gives more than %i columns", (columns) => {
  const line = `${red}plant${reset}/press-1 -> ${"x".repeat(200)}`;

  expect(stripVTControlCharacters(fitLine(line, columns))).toHaveLength(columns);
});

test.each([
  [[""], 1],
  [["a".repeat(10)], 1],
  [["a".repeat(11)], 2],
  [["a", "b".repeat(25), ""], 5],
])("%j takes %i rows of 10 columns", (lines, rows) => {
  expect(rowsOf(lines, 10)).toBe(rows);
});
