/** Values of series over time, as a relay gave them. */
export interface Recording {
  readonly name: string;
  /** Time between two values, in seconds. */
  readonly intervalSeconds: number;
  readonly samples: number;
  /** Values by series, `relay_connection_up{dataflow="a",side="source"}`, in promtool's notation: `1x7 _x2 0x3`. */
  readonly series: { readonly [series: string]: string };
}

/** What was read at one time: values by series; `undefined` when nobody answered. */
export type Scrape = ReadonlyMap<string, number> | undefined;

/** Reads the series of some metrics from an exposition. */
export function parseExposition(text: string, names: ReadonlySet<string>): Map<string, number> {
  const lines = text.split("\n").filter((line) => names.has(/^[a-z_]+/.exec(line)?.[0] ?? ""));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/**
 * Makes a recording that starts at time 0.
 * @param stretch every number of seconds, and the interval, becomes so much larger
 */
export function createRecording(
  name: string,
  scrapes: readonly Scrape[],
  { startSeconds, intervalSeconds, stretch }: { startSeconds: number; intervalSeconds: number; stretch: number },
): Recording {
  const names = new Set(scrapes.flatMap((scrape) => [...(scrape?.keys() ?? [])]));
  const adjust = (series: string, value: number) => {
    if (/^\w+_timestamp_seconds/.test(series)) return Math.round((value - startSeconds) * stretch);
    return /^\w+_seconds/.test(series) ? Number((value * stretch).toPrecision(3)) : value;
  };
  const values = (series: string) =>
    scrapes.map((scrape) => {
      const value = scrape?.get(series);
      return value === undefined ? "_" : String(adjust(series, value));
    });
  const sorted = [...names].sort();
  return {
    name,
    intervalSeconds: intervalSeconds * stretch,
    samples: scrapes.length,
    series: Object.fromEntries(sorted.map((series) => [series, shorten(values(series))])),
  };
}

/** Writes values that repeat once: promtool's `3x2` is 3 and two more. */
function shorten(values: readonly string[]): string {
  const runs: [value: string, count: number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  // "_x3" is three missing values, and "5x3" is four of 5.
  return runs
    .map(([value, count]) => (count === 1 ? value : `${value}x${value === "_" ? count : count - 1}`))
    .join(" ");
}
