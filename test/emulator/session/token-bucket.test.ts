import { TokenBucket } from "../../../emulator/session/token-bucket.ts";

test("lets a second's worth through at once, then at its rate", () => {
  const bucket = new TokenBucket(4, 0, 1000);

  const waits = [0, 0, 0, 0, 0, 250, 250, 500].map((nowMs) => bucket.take(nowMs));

  expect(waits).toEqual([0, 0, 0, 0, 250, 0, 250, 0]);
});

test("never waits without a rate", () => {
  const bucket = new TokenBucket(Infinity, 0, 1000);

  expect(bucket.take(0)).toBe(0);
});
