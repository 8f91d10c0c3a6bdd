import { printable } from "../../contract/printable.ts";
import type { Counters } from "../counters.ts";
import type { Relay } from "../../relay.ts";

export type CounterValues = Omit<Counters, "observeLatency">;

/** What a dataflow had done and was doing at one moment, so that the values of a page belong together. */
export interface Snapshot {
  readonly labels: Labels;
  readonly counters: CounterValues;
  readonly status: Relay["dataflows"][number]["status"];
}

/** A relay at one moment. */
export interface Moment {
  readonly dataflows: readonly Snapshot[];
  readonly unattended: Relay["unattended"];
  readonly spoolFilesAside: Relay["spoolFilesAside"];
  readonly credentialEnds: Relay["credentialEnds"];
}

/** The labels of a series: as pairs, and as the exposition writes them, `dataflow="upward",side="source"`. */
export interface Labels {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

/** The labels of a series and its value. */
export type Sample = readonly [labels: Labels, value: number];

/** The unit of a metric, as UCUM and OpenTelemetry write it; braces say what is counted. */
export type Unit = "{message}" | "{connection}" | "{session}" | "{stall}" | "{attempt}" | "{file}" | "By" | "s" | "1";

/** What stays the same about a metric in later versions. */
export type Stability = "stable" | "experimental";

/** A metric with all its series. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly unit: Unit;
  readonly labels: readonly string[];
  /** @default "stable" */
  readonly stability?: Stability;
  readonly read: (moment: Moment) => readonly Sample[];
}

export const noLabels: Labels = { pairs: [], text: "" };

/** @see Prometheus, text-based exposition format: a label's value has its backslashes and quotes escaped */
export function withLabel({ pairs, text }: Labels, name: string, value: string): Labels {
  const shown = printable(value);
  const escaped = shown.replace(/[\\"]/g, "\\$&");
  return { pairs: [...pairs, [name, shown]], text: `${text === "" ? "" : `${text},`}${name}="${escaped}"` };
}

/** As {@link withLabel}, for a value of this program's own, which has nothing to escape. */
export function withOwnLabel({ pairs, text }: Labels, name: string, value: string): Labels {
  return { pairs: [...pairs, [name, value]], text: `${text},${name}="${value}"` };
}

/** Reads what a dataflow is doing once for a page, and not for each of its metrics. */
export function takeMoment({ dataflows, unattended, spoolFilesAside, credentialEnds }: Relay): Moment {
  return {
    dataflows: dataflows.map(({ name, counters, status }) => {
      const { disconnects, lost, latency } = counters;
      const copies = { disconnects: { ...disconnects }, lost: { ...lost }, latency: [...latency] };
      return {
        labels: withLabel(noLabels, "dataflow", name),
        counters: Object.assign({}, counters, copies),
        status,
      };
    }),
    unattended,
    spoolFilesAside,
    credentialEnds,
  };
}
