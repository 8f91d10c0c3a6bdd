/** Names that `OTEL_TRACES_SAMPLER` may have here. @see OpenTelemetry, environment variable specification */
export const samplerNames = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

export type SamplerName = (typeof samplerNames)[number];

/** Which messages are traced. */
export interface SamplerSettings {
  readonly name: SamplerName;
  /** Share of the traces, 0 to 1; for the two that are named after a ratio. */
  readonly ratio: number;
}

/** Decides which messages are traced: the same for a message each time that it is asked. */
export interface Sampler {
  /** Whether a message that came with this trace is traced. */
  readonly takes: (parent: { readonly traceId: string; readonly isSampled: boolean }) => boolean;
  /**
   * Whether one that came without a trace is: the 13 hexadecimal digits before the last one of the trace that it gets; `undefined`
   * when it is not.
   */
  readonly start: () => string | undefined;
}

/**
 * The random part of a trace is its last 14 hexadecimal digits. The first 13 of them decide: a number holds no more.
 * @see W3C Trace Context Level 2, §3.2.2.3.1
 */
const randomPart = { start: -14, end: -1 } as const;
const decidingDigits = randomPart.end - randomPart.start;
const values = 2 ** (4 * decidingDigits);

/**
 * Creates a sampler. A trace counts among a share by the last 7 bytes of its identifier, as others count it.
 * @param random a number from 0 on, below 1
 * @see OpenTelemetry, trace SDK: TraceIdRatioBased
 */
export function createSampler({ name, ratio: share }: SamplerSettings, random: () => number): Sampler {
  const isParentBased = name.startsWith("parentbased_");
  const ratio = name.endsWith("_on") ? 1 : name.endsWith("_off") ? 0 : share;
  const isAmong = (value: number) => value >= (1 - ratio) * values;
  return {
    takes: ({ traceId, isSampled }) =>
      isParentBased ? isSampled : isAmong(Number.parseInt(traceId.slice(randomPart.start, randomPart.end), 16)),
    start: () => {
      const value = Math.floor(random() * values);
      return isAmong(value) ? value.toString(16).padStart(decidingDigits, "0") : undefined;
    },
  };
}
