import { ConfigError, type Problem } from "../../contract/errors.ts";
import { isDisabled, readCollector, readWhole, type Collector, type Environment } from "../otlp/settings.ts";
import { samplerNames, type SamplerName, type SamplerSettings } from "./sampler.ts";

/** Where traces are sent, of which messages, and with what. */
export interface TraceSettings extends Collector {
  readonly sampler: SamplerSettings;
  /** Longest time that a span waits for an export. */
  readonly delayMs: number;
  /** Spans that wait at most; those that come then are dropped. */
  readonly maxQueued: number;
  /** Spans of one export at most. */
  readonly maxExported: number;
}

const defaultSampler = "parentbased_always_on";
/** @see OpenTelemetry, environment variable specification: batch span processor */
const defaults = { delayMs: 5000, maxQueued: 2048, maxExported: 512 } as const;
const spans = { unit: "spans", least: 1 } as const;

/** Whether the environment asks for traces: a collector for metrics alone does not. */
export function asksForTraces(env: Environment): boolean {
  const exporter = env["OTEL_TRACES_EXPORTER"]?.trim() ?? "";
  if (isDisabled(env)) return false;
  if (exporter === "") return (env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]?.trim() ?? "") !== "";
  return exporter.split(",").includes("otlp");
}

/**
 * Reads OpenTelemetry's environment variables for traces. `undefined` when they don't ask for any.
 * @throws {ConfigError} naming every variable that can't be used; no value of a header is in it
 * @see OpenTelemetry, environment variable specification and OTLP exporter configuration
 */
export function readTraceSettings(env: Environment): TraceSettings | undefined {
  if (!asksForTraces(env)) return undefined;
  const problems: Problem[] = [];
  const collector = readCollector(env, "TRACES", problems);
  if (collector === undefined) problems.push(noEndpoint);
  const sampler = readSampler(env, problems);
  const delayMs = readWhole(
    env,
    "OTEL_BSP_SCHEDULE_DELAY",
    { unit: "milliseconds", least: 1 },
    defaults.delayMs,
    problems,
  );
  const maxQueued = readWhole(env, "OTEL_BSP_MAX_QUEUE_SIZE", spans, defaults.maxQueued, problems);
  const maxExported = readWhole(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", spans, defaults.maxExported, problems);
  if (collector === undefined || problems.length > 0) throw new ConfigError("the environment", problems);
  return { ...collector, sampler, delayMs, maxQueued, maxExported: Math.min(maxExported, maxQueued) };
}

const noEndpoint: Problem = {
  path: "OTEL_EXPORTER_OTLP_ENDPOINT",
  problem: "is not set, and OTEL_TRACES_EXPORTER asks for traces",
  remedy: 'give the URL of a collector that takes OTLP over HTTP, such as "http://collector:4318"',
};

function readSampler(env: Environment, problems: Problem[]): SamplerSettings {
  const given = env["OTEL_TRACES_SAMPLER"]?.trim() ?? "";
  const name = samplerNames.find((one) => one === (given === "" ? defaultSampler : given));
  if (name === undefined) {
    const remedy = `give one of ${samplerNames.join(", ")}`;
    problems.push({ path: "OTEL_TRACES_SAMPLER", problem: `is "${given}"`, remedy });
  }
  const ratio = !name?.endsWith("traceidratio") ? 1 : readRatio(env, problems);
  return { name: name ?? (defaultSampler satisfies SamplerName), ratio };
}

function readRatio(env: Environment, problems: Problem[]): number {
  const variable = "OTEL_TRACES_SAMPLER_ARG";
  const value = env[variable]?.trim() ?? "";
  if (value === "") return 1;
  if (/^(?:0|1|[01]?\.\d+|1\.)$/.test(value) && Number(value) <= 1) return Number(value);
  problems.push({
    path: variable,
    problem: `is "${value}"`,
    remedy: "give the share of the messages, 0 to 1, such as 0.01",
  });
  return 1;
}
