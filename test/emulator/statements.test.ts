import { statements } from "./statements.ts";

test("the statements are in the order of the standard, each once", () => {
  const numbers = statements.map(({ id }) => id.replace("MQTT-", "").split(/[.-]/).map(Number));
  const sorted = [...numbers].sort((one, other) => {
    const at = one.findIndex((number, index) => number !== other[index]);
    return at < 0 ? 0 : one[at]! - other[at]!;
  });

  expect(numbers).toEqual(sorted);
  expect(new Set(statements.map(({ id }) => id)).size).toBe(statements.length);
});

test("251 statements of the standard are those of a server, and 14 that a server can neither keep nor see", () => {
  expect(statements).toHaveLength(251 - 14);
});
