import { rotated } from "../../../bench/scenarios/candidates.ts";
import { messagesOfRound } from "../../../bench/scenarios/saturation.ts";

test.each([
  [100_000, 128, 100_000],
  [100_000, 65_536, 2048],
  [100_000, 512_000, 262],
  [100_000, 100_000_000, 100],
  [50, 512_000, 50],
])("of %i messages takes, with %i bytes each, %i", (messages, payloadBytes, expected) => {
  expect(messagesOfRound(messages, payloadBytes)).toBe(expected);
});

test("lets each round begin with another bridge", () => {
  const rounds = [0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join(""));

  expect(rounds).toEqual(["abc", "bca", "cab", "abc"]);
});
