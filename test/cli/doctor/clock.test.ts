import { describeClock, judgeClock, readTokenClock } from "../../../cli/doctor/clock.ts";

const tenMinutesMs = 600_000;
const token = (endsAtMs: number) => ({ data: Buffer.from("token"), endsAtMs });
const nowSeconds = Math.floor(Date.now() / 1000);

test("a token that was just fetched tells how far this clock is from Entra's", () => {
  const claims = { exp: nowSeconds + 3000, iat: nowSeconds - 900 };

  expect(readTokenClock(token((nowSeconds + 3600) * 1000), claims, true)).toEqual({
    aheadMs: tenMinutesMs,
    isLeast: false,
    than: "Microsoft Entra's",
  });
});

test("a token out of a file tells only that this clock is behind, where it was issued in the future", () => {
  const past = { exp: nowSeconds + 3000, iat: nowSeconds - 900 };
  const future = { exp: nowSeconds + 3000, iat: nowSeconds + 600 };

  expect(readTokenClock(token((nowSeconds + 3000) * 1000), past, false)).toBeUndefined();
  const sign = readTokenClock(token((nowSeconds + 3000) * 1000), future, false);
  expect(sign).toMatchObject({ isLeast: true, than: "that of the token's issuer" });
  expect(sign?.aheadMs).toBeLessThan(-tenMinutesMs + 5000);
});

test.each([
  [0, "good"],
  [29_000, "good"],
  [-31_000, "warning"],
  [301_000, "problem"],
  [-tenMinutesMs, "problem"],
])("%d ms ahead is %s", (aheadMs, state) => {
  expect(judgeClock({ aheadMs, isLeast: false, than: "another" })).toBe(state);
});

test("is said in minutes and seconds", () => {
  expect(describeClock({ aheadMs: -602_000, isLeast: true, than: "another" })).toBe(
    "10 min 2 s behind another, or more",
  );
  expect(describeClock({ aheadMs: 4000, isLeast: false, than: "another" })).toBe("4 s ahead of another");
});
