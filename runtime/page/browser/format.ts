const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** `12,345` */
export function count(value: number): string {
  return whole.format(value);
}

/** `0.4`, `12.5`, `1,230` a second. */
export function rate(perSecond: number): string {
  return perSecond >= 100 ? whole.format(perSecond) : short.format(perSecond);
}

/** `1.5 MiB` */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log2(value) / 10));
  return `${short.format(value / 1024 ** step)} ${units[step] ?? ""}`;
}

/** A short time: `0.8 ms`, `120 ms`, `2.5 s`. */
export function latency(seconds: number): string {
  return seconds < 1 ? `${short.format(seconds * 1000)} ms` : `${short.format(seconds)} s`;
}

/** A length of time in its two largest units: `3 d 4 h`, `12 min`, `5 s`. */
export function duration(seconds: number): string {
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  let left = Math.floor(seconds);
  return units
    .slice(first, first + 2)
    .flatMap(([unit, size]) => {
      const many = Math.floor(left / size);
      left -= many * size;
      return many === 0 ? [] : [`${many} ${unit}`];
    })
    .join(" ");
}

/** Time of day of this browser, and the date where it is not today's. */
export function clock(iso: string): string {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

/** How long ago, by the relay's clock. */
export function ago(iso: string, now: string): string {
  return duration(Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000));
}
