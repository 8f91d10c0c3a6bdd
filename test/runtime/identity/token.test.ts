import { readToken, renewAtMs } from "../../../runtime/identity/token.ts";

const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString("base64url");
const jwt = (claims: object) => Buffer.from(`${part({ alg: "RS256" })}.${part(claims)}.c2ln`);

describe("readToken", () => {
  test("reads the end and the lifetime from the claims", () => {
    const data = jwt({ iat: 1000, exp: 4600 });

    expect(readToken(data)).toEqual({ data, endsAtMs: 4_600_000, lifetimeMs: 3_600_000 });
  });

  test.each([
    ["has no end", jwt({ iat: 1000 })],
    ["is none that can be read here", Buffer.from("opaque")],
    ["is empty", Buffer.alloc(0)],
  ])("knows no end of a token that %s", (_case, data) => {
    expect(readToken(data)).toEqual({ data });
  });
});

describe("renewAtMs", () => {
  const hour = 3_600_000;
  const minute = 60_000;

  test.each([
    [0, 5 * minute],
    [1, 4 * minute],
  ])("is four to five minutes before the end of a token of an hour: with %d", (random, leadMs) => {
    const token = { data: Buffer.alloc(0), endsAtMs: 10 * hour, lifetimeMs: hour };

    expect(renewAtMs(token, 9 * hour, () => random)).toBe(10 * hour - leadMs);
  });

  test.each([
    ["by its claims", { lifetimeMs: 20_000 }],
    ["by what is left of it", {}],
  ])("is in the last quarter of a short life, known %s", (_case, more) => {
    const token = { data: Buffer.alloc(0), endsAtMs: 100_000, ...more };

    expect(renewAtMs(token, 80_000, () => 0)).toBe(95_000);
    expect(renewAtMs(token, 80_000, () => 1)).toBe(96_000);
  });

  test("is never for a token without an end", () => {
    expect(renewAtMs({ data: Buffer.alloc(0) }, 0, () => 0)).toBeUndefined();
  });
});
