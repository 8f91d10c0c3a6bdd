import { ConfigError, formatProblem } from "../contract/errors.ts";
import type { Relay } from "../relay.ts";
import type { Logger } from "./log.ts";
import { takeMoment } from "./metrics/family.ts";
import type { Metrics } from "./metrics.ts";
import type { MetricExport } from "./otlp/exporter.ts";
import type { Environment, OtlpSettings } from "./otlp/settings.ts";

/**
 * Sends the relay's metrics to a collector where OpenTelemetry's environment variables name one, beside the exposition.
 * Settings that can't be used are logged: they keep no message from being forwarded. Loads nothing without an endpoint.
 */
export async function exportMetrics(
  relay: Relay,
  metrics: Pick<Metrics, "readProcess">,
  env: Environment,
  log: Pick<Logger, "info" | "warn">,
): Promise<MetricExport | undefined> {
  if (!Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(METRICS_)?ENDPOINT$/.test(name))) return undefined;
  const settings = await readSettings(env, log);
  if (settings === undefined) return undefined;
  const { MetricExport: Exporter } = await import("./otlp/exporter.ts");
  const { encodeMetrics } = await import("./otlp/encode.ts");
  const startTimeUnixNano = toNanoseconds(performance.timeOrigin);
  return new Exporter(
    settings,
    async () => {
      const processMetrics = await metrics.readProcess();
      const times = { startTimeUnixNano, timeUnixNano: toNanoseconds(Date.now()) };
      return encodeMetrics(takeMoment(relay), processMetrics, settings.resource, times);
    },
    log,
  );
}

async function readSettings(env: Environment, log: Pick<Logger, "warn">): Promise<OtlpSettings | undefined> {
  const { readOtlpSettings } = await import("./otlp/settings.ts");
  try {
    return readOtlpSettings(env);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    for (const problem of cause.problems)
      log.warn({ event: "metrics-export-misconfigured", reason: formatProblem(problem) }, "metrics are not exported");
    return undefined;
  }
}

/** More digits than a number has are zeros. */
function toNanoseconds(milliseconds: number): string {
  return `${Math.round(milliseconds)}000000`;
}
