import { ConfigError, formatProblem } from "../contract/errors.ts";
import { turnNow } from "../event-loop/turn-clock.ts";
import type { Tracer } from "../queue/ports.ts";
import type { Logger } from "./log.ts";
import type { Environment } from "./otlp/settings.ts";
import type { TraceSettings } from "./traces/settings.ts";
import type { TracedDataflow } from "./traces/tracer.ts";

/** Traces of a relay's messages. */
export interface Tracing {
  readonly tracerOf: (dataflow: TracedDataflow) => Tracer;
  /** Sends the last spans. */
  readonly stop: () => Promise<void>;
}

/**
 * Traces messages where OpenTelemetry's environment variables ask for it. Settings that can't be used are logged: they keep no
 * message from being forwarded. Loads nothing where nobody asks for traces.
 */
export async function startTracing(env: Environment, log: Pick<Logger, "info" | "warn">): Promise<Tracing | undefined> {
  if (!isMentioned(env)) return undefined;
  const settings = await readSettings(env, log);
  if (settings === undefined) return undefined;
  const { createSampler } = await import("./traces/sampler.ts");
  const { SpanExport } = await import("./traces/span-export.ts");
  const { DataflowTracer } = await import("./traces/tracer.ts");
  const sampler = createSampler(settings.sampler, Math.random);
  const spans = new SpanExport(settings, log);
  const parts = { sampler, onSpan: spans.add.bind(spans), now: turnNow };
  log.info(
    { event: "traces-on", sampler: settings.sampler.name, ratio: settings.sampler.ratio },
    "messages are traced",
  );
  return { tracerOf: (dataflow) => new DataflowTracer(dataflow, parts), stop: () => spans.stop() };
}

function isMentioned(env: Environment): boolean {
  return env["OTEL_TRACES_EXPORTER"] !== undefined || env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] !== undefined;
}

async function readSettings(env: Environment, log: Pick<Logger, "warn">): Promise<TraceSettings | undefined> {
  const { readTraceSettings } = await import("./traces/settings.ts");
  try {
    return readTraceSettings(env);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    for (const problem of cause.problems)
      log.warn({ event: "traces-export-misconfigured", reason: formatProblem(problem) }, "messages are not traced");
    return undefined;
  }
}
