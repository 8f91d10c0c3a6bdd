import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";

import { count, latency, rate } from "./format.ts";
import type { HistoryDocument } from "./types.ts";

/** One line of a chart. */
interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** A custom property of the styles. */
  readonly colour: string;
}

interface ChartProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly show: (value: number) => string;
}

const chartHeight = 120;

/** The last ten minutes as three small charts. */
export function Charts({ history }: { readonly history: HistoryDocument | undefined }) {
  if (history === undefined || history.receivedPerSecond.length < 2)
    return <p class="muted">Charts need ten seconds to begin.</p>;
  const end = Date.parse(history.end) / 1000;
  const steps = history.receivedPerSecond.length;
  const times = history.receivedPerSecond.map((_, step) => end - (steps - 1 - step) * history.stepSeconds);
  return (
    <div class="charts">
      <Chart
        title="Messages a second"
        times={times}
        show={rate}
        lines={[
          { name: "received", values: history.receivedPerSecond, colour: "--line-1" },
          { name: "delivered", values: history.deliveredPerSecond, colour: "--line-2" },
        ]}
      />
      <Chart
        title="Messages that wait"
        times={times}
        show={count}
        lines={[
          { name: "in memory", values: history.waiting, colour: "--line-1" },
          { name: "on disk", values: history.onDisk, colour: "--line-3" },
        ]}
      />
      <Chart
        title="Latency"
        times={times}
        show={latency}
        lines={[
          { name: "p50", values: history.p50Seconds, colour: "--line-1" },
          { name: "p99", values: history.p99Seconds, colour: "--line-3" },
        ]}
      />
    </div>
  );
}

function Chart({ title, times, lines, show }: ChartProps) {
  const frame = usePlot(times, lines, show);
  const last = lines.map(({ name, colour, values }) => {
    const value = values.at(-1) ?? null;
    return { name, colour, shown: value === null ? "–" : show(value) };
  });
  const said = last.map(({ name, shown }) => `${name} ${shown}`).join(", ");
  return (
    <figure>
      <figcaption>
        <b>{title}</b>
        {last.map(({ name, colour, shown }) => (
          <span key={name} class={`key ${colour.slice(2)}`}>
            {name} <b>{shown}</b>
          </span>
        ))}
      </figcaption>
      <div ref={frame} role="img" aria-label={`${title}, the last ten minutes; now ${said}`} />
    </figure>
  );
}

/** Draws into the element that the result is the reference of. */
function usePlot(times: ChartProps["times"], lines: ChartProps["lines"], show: ChartProps["show"]) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const data = [times, ...lines.map(({ values }) => values)] as UPlot.AlignedData;
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    const { current } = frame;
    if (current === null) return undefined;
    const create = () => {
      plot.current?.destroy();
      plot.current = new UPlot(optionsOf(lines, show, current), newest.current, current);
    };
    create();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: current.clientWidth, height: chartHeight }),
    );
    observer.observe(current);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", create);
    return () => {
      observer.disconnect();
      scheme.removeEventListener("change", create);
      plot.current?.destroy();
    };
    // Once: what is newer comes by setData.
  }, []);
  const end = times.at(-1);
  useEffect(() => plot.current?.setData(newest.current), [end]);
  return frame;
}

function optionsOf(lines: readonly ChartLine[], show: (value: number) => string, frame: HTMLElement): UPlot.Options {
  const style = getComputedStyle(frame);
  const colourOf = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colourOf("--muted"),
    grid: { stroke: colourOf("--border"), width: 1 },
    ticks: { show: false },
  };
  const font = `11px ${style.fontFamily}`;
  return {
    width: frame.clientWidth,
    height: chartHeight,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 20, 0, 0],
    scales: { y: { range: (_, __, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      { ...axis, font, size: 22, space: 70, values: (_, ticks) => ticks.map(timeOfDay) },
      { ...axis, font, size: 52, space: 26, values: (_, ticks) => ticks.map(show) },
    ],
    series: [
      {},
      ...lines.map(({ colour }) => ({ stroke: colourOf(colour), width: 2, points: { show: false }, spanGaps: false })),
    ],
  };
}

function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}
