import { collectDefaultMetrics, Registry } from "prom-client";

import { deliveryDuration, families } from "./metrics/families.ts";
import { takeMoment, type Family, type Moment } from "./metrics/family.ts";
import type { ProcessMetric } from "./otlp/encode.ts";
import type { Relay } from "../relay.ts";

/** Prometheus' exposition of a relay. */
export interface Metrics {
  readonly contentType: string;
  /**
   * Renders the values of the moment at which it is called. One rendering at a time.
   * @param pause called between two metrics, so that messages are forwarded meanwhile; omitted: in one go
   */
  readonly render: (pause?: () => Promise<unknown>) => Promise<string>;
  /** Reads the metrics of the process itself. */
  readonly readProcess: () => Promise<readonly ProcessMetric[]>;
}

/** Time in milliseconds between two looks at the event loop's lag. Each wakes the process: the library's own 10 are most of what an idle relay does. */
const lagPrecisionMs = 1000;

/**
 * Describes a relay to Prometheus. No label has a topic in it: their number has no bound. The relay's own metrics are
 * written by hand, since prom-client takes four times as long for the whole page.
 */
export function createMetrics(relay: Relay): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagPrecisionMs });
  return {
    contentType: registry.contentType,
    readProcess: async () => {
      const all = await registry.getMetricsAsJSON();
      return all.map(({ name, help, type, values }) => ({ name, help, type: String(type), values }));
    },
    render: async (pause = () => Promise.resolve()) => {
      const moment = takeMoment(relay);
      const parts: string[] = [];
      for (const { name } of registry.getMetricsAsArray()) {
        parts.push(`${await registry.getSingleMetricAsString(name)}\n`);
        await pause();
      }
      for (const family of families) {
        parts.push(renderFamily(family, moment));
        await pause();
      }
      parts.push(renderDeliveryDuration(moment));
      return parts.join("\n");
    },
  };
}

function renderFamily({ name, help, type, read }: Family, moment: Moment): string {
  const lines = read(moment).map(([{ text }, value]) => `${name}${text === "" ? "" : `{${text}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderDeliveryDuration(moment: Moment): string {
  const { name, help, type, bounds } = deliveryDuration;
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
  for (const { labels, counts, sum } of deliveryDuration.read(moment)) {
    let count = 0;
    for (const [index, inBucket] of counts.entries()) {
      count += inBucket;
      lines.push(`${name}_bucket{${labels.text},le="${bounds[index] ?? "+Inf"}"} ${count}`);
    }
    lines.push(`${name}_sum{${labels.text}} ${sum}`, `${name}_count{${labels.text}} ${count}`);
  }
  return `${lines.join("\n")}\n`;
}
