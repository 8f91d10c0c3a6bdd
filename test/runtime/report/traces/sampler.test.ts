import { createSampler, samplerNames, type SamplerName } from "../../../../runtime/report/traces/sampler.ts";

const low = { traceId: `${"a".repeat(18)}${"0".repeat(13)}1`, isSampled: false };
const high = { traceId: `${"0".repeat(18)}${"f".repeat(14)}`, isSampled: false };
const sampled = (parent: typeof low) => ({ ...parent, isSampled: true });

function sampler(name: SamplerName, ratio = 1, random = Math.random) {
  return createSampler({ name, ratio }, random);
}

describe("createSampler", () => {
  test.each([
    ["always_on", true, true, true],
    ["always_off", false, false, false],
    ["parentbased_always_on", false, true, true],
    ["parentbased_always_off", false, true, false],
  ] as const)("%s", (name, ofUnsampled, ofSampled, ofNone) => {
    const one = sampler(name);

    expect([one.takes(high), one.takes(low)]).toEqual([ofUnsampled, ofUnsampled]);
    expect([one.takes(sampled(high)), one.takes(sampled(low))]).toEqual([ofSampled, ofSampled]);
    expect(one.start() !== undefined).toBe(ofNone);
  });

  test("traceidratio goes by the end of the trace, whatever the parent does", () => {
    const half = sampler("traceidratio", 0.5);

    expect([half.takes(high), half.takes(low), half.takes(sampled(low))]).toEqual([true, false, false]);
  });

  test("parentbased_traceidratio goes by the parent where there is one", () => {
    const none = sampler("parentbased_traceidratio", 0);

    expect([none.takes(sampled(low)), none.takes(high), none.start()]).toEqual([true, false, undefined]);
  });

  test("a share of 0 takes nothing and a share of 1 everything", () => {
    expect(sampler("traceidratio", 0).takes(high)).toBe(false);
    expect(sampler("traceidratio", 1).takes(low)).toBe(true);
    expect(sampler("traceidratio", 0, () => 1 - 2 ** -53).start()).toBeUndefined();
    expect(sampler("traceidratio", 1, () => 0).start()).toBe("0".repeat(13));
  });

  test("starts about its share, and takes again just what it has started", () => {
    const tenth = sampler("traceidratio", 0.1);

    const started = Array.from({ length: 20_000 }, () => tenth.start()).filter((digits) => digits !== undefined);

    expect(started.length).toBeGreaterThan(1600);
    expect(started.length).toBeLessThan(2400);
    expect(started.every((digits) => /^[0-9a-f]{13}$/.test(digits))).toBe(true);
    const takesAll = started.every((digits) =>
      tenth.takes({ traceId: `${"0".repeat(18)}${digits}0`, isSampled: false }),
    );
    expect(takesAll).toBe(true);
  });

  test("has no sampler that these tests leave out", () => {
    expect(samplerNames).toHaveLength(6);
  });
});
