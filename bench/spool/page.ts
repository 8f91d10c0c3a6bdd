import { medianInterval, pairedRatios, type MedianInterval } from "../measure/statistics.ts";
import { formatInterval, formatNumber } from "../report/numbers.ts";
import { table } from "../report/table.ts";
import type { SpoolMeasurement, SpoolRecord } from "./record.ts";

const leastOfLimit = 0.7;
const mostReadySeconds = 5;
const mostMoreMegabytes = 30;

type Read = (measurement: SpoolMeasurement) => number | undefined;

/** Renders the page of a run, in Markdown. */
export function renderSpoolPage(record: SpoolRecord): string {
  return [
    "# Benchmark of the disk",
    "<!-- Written by `npm run bench:spool`; changes by hand are lost. -->",
    "The spool beside other disk queues, and beside what the disk does alone. Absolute figures are this machine's; what carries " +
      "over are the ratios within a run. Why they are as they are, and what was tried: [ADR 0006](adr/0006-spool.md#speed).",
    ...busyWarning(record),
    "## Bars",
    barTable(record),
    "A bar is judged by the median. Medians stand with their 95 % intervals in brackets; `*` marks the range of too few rounds for 95 %.",
    ...record.syncDelays.flatMap((syncDelay) => [
      `## ${syncDelay === 0 ? "The machine's disk" : `A disk whose syncs take ${syncDelay / 1000} ms more`}`,
      figureTable(record, syncDelay),
      limitText(record, syncDelay),
    ]),
    "## Restart",
    restartTable(record),
    "By turns, each after a `kill -9`, to the first answer of `/readyz` that is 200. The destination is there and acknowledges " +
      "nothing: memory is read 3 s later, once its window is full of messages from the disk.",
    "## Method",
    methodText(record),
    "## Programs",
    table(
      ["program", "version", "how it takes part"],
      record.peers.map(({ title, version, reason, remark }) => [
        title,
        version ?? "–",
        reason === undefined ? remark : `${remark}; no figures, or not all: ${reason}`,
      ]),
    ),
    "## This run",
    runText(record),
    "",
  ].join("\n\n");
}

function busyWarning({ machine }: SpoolRecord): string[] {
  if (machine.othersShare <= 0.03) return [];
  return [
    `> **The machine was shared.** Other programs took ${Math.round(machine.othersShare * 100)} % of its time during this run.`,
  ];
}

function values({ measurements }: SpoolRecord, peer: string, syncDelay: number, read: Read): (number | undefined)[] {
  return measurements.filter((one) => one.peer === peer && one.syncDelay === syncDelay).map(read);
}

function intervalOf(record: SpoolRecord, peer: string, syncDelay: number, read: Read): MedianInterval | undefined {
  return summarize(values(record, peer, syncDelay, read).filter((value) => value !== undefined));
}

function summarize(all: readonly number[]): MedianInterval | undefined {
  return all.length === 0 ? undefined : medianInterval(all);
}

/** The relay's rate to that of another program, round by round. */
function ratioTo(record: SpoolRecord, peer: string, syncDelay: number, read: Read): MedianInterval | undefined {
  return summarize(pairedRatios(values(record, "relay", syncDelay, read), values(record, peer, syncDelay, read)));
}

function ofLimit(record: SpoolRecord, syncDelay: number, direction: "in" | "out"): MedianInterval | undefined {
  return intervalOf(record, "relay", syncDelay, ({ inPerSecond, outPerSecond, limit }) => {
    if (limit === undefined) return undefined;
    return direction === "in" ? inPerSecond / limit.inPerSecond : outPerSecond / limit.outPerSecond;
  });
}

function barTable(record: SpoolRecord): string {
  const rows = record.syncDelays.flatMap((syncDelay) =>
    (["in", "out"] as const).map((direction) => {
      const disk = syncDelay === 0 ? "this disk" : `syncs ${syncDelay / 1000} ms longer`;
      const measured = ofLimit(record, syncDelay, direction);
      const what = `Messages a second ${direction === "in" ? "to the disk" : "out of it"}, share of the disk's limit; ${disk}`;
      return [
        what,
        `at least ${leastOfLimit}`,
        formatInterval(measured),
        verdict(measured, (median) => median >= leastOfLimit),
      ];
    }),
  );
  const { ready, more } = restartFigures(record);
  const backlog = record.restarts.find(({ messages }) => messages > 0)?.messages ?? 0;
  const loaded = `with ${backlog.toLocaleString("en")} messages on the disk`;
  return table(
    ["bar", "limit", "measured", "verdict"],
    [
      ...rows,
      [
        `Ready after a restart ${loaded}`,
        `at most ${mostReadySeconds} s`,
        formatInterval(ready, "s"),
        verdict(ready, (median) => median <= mostReadySeconds),
      ],
      [
        `Memory ${loaded}, more than without`,
        `at most ${mostMoreMegabytes} MB`,
        formatInterval(more, "MB"),
        verdict(more, (median) => median <= mostMoreMegabytes),
      ],
    ],
  );
}

function verdict(measured: MedianInterval | undefined, isMet: (median: number) => boolean): string {
  if (measured === undefined) return "**not measured**";
  return isMet(measured.median) ? "**pass**" : "**fail**";
}

function figureTable(record: SpoolRecord, syncDelay: number): string {
  const { measurements, peers } = record;
  const measured = peers.filter(({ name }) =>
    measurements.some((one) => one.peer === name && one.syncDelay === syncDelay),
  );
  const rows = measured.map(({ name, title }) => {
    const show = (read: Read) => formatInterval(intervalOf(record, name, syncDelay, read));
    const ratio = (read: Read) => (name === "relay" ? "1" : formatInterval(ratioTo(record, name, syncDelay, read)));
    const own = measurements.filter((one) => one.peer === name && one.syncDelay === syncDelay);
    const sum = (read: (one: SpoolMeasurement) => number) =>
      own.reduce((total, one) => total + read(one), 0).toLocaleString("en");
    return [
      title,
      show(({ inPerSecond }) => inPerSecond),
      ratio(({ inPerSecond }) => inPerSecond),
      show(({ inCpuMicroseconds }) => inCpuMicroseconds),
      show(({ outPerSecond }) => outPerSecond),
      ratio(({ outPerSecond }) => outPerSecond),
      show(({ outCpuMicroseconds }) => outCpuMicroseconds),
      [sum(({ lost }) => lost), sum(({ duplicates }) => duplicates), sum(({ outOfOrder }) => outOfOrder)].join(" / "),
    ];
  });
  const limit = (read: (one: NonNullable<SpoolMeasurement["limit"]>) => number) =>
    formatInterval(
      intervalOf(record, "relay", syncDelay, (one) => (one.limit === undefined ? undefined : read(one.limit))),
    );
  const disk = [
    "the disk alone (fio)",
    limit(({ inPerSecond }) => inPerSecond),
    formatInterval(ofLimit(record, syncDelay, "in")),
    "–",
  ];
  const diskOut = [
    limit(({ outPerSecond }) => outPerSecond),
    formatInterval(ofLimit(record, syncDelay, "out")),
    "–",
    "–",
  ];
  return table(
    [
      "program",
      "in, messages a second",
      "relay to it",
      "in, CPU µs",
      "out, messages a second",
      "relay to it",
      "out, CPU µs",
      "lost / twice / out of order",
    ],
    [...rows, [...disk, ...diskOut]],
  );
}

function limitText(record: SpoolRecord, syncDelay: number): string {
  const of = (read: (one: NonNullable<SpoolMeasurement["limit"]>) => number) =>
    formatNumber(
      intervalOf(record, "relay", syncDelay, (one) => (one.limit === undefined ? undefined : read(one.limit)))
        ?.median ?? 0,
    );
  return (
    `The relay made one sync for ${of(({ inPerSync }) => inPerSync)} messages in and ${of(({ outPerSync }) => outPerSync)} out, and wrote ` +
    `${of(({ inBytes }) => inBytes)} and ${of(({ outBytes }) => outBytes)} bytes a message.`
  );
}

function restartFigures({ restarts }: SpoolRecord) {
  const loaded = restarts.filter(({ messages }) => messages > 0);
  const empty = restarts.filter(({ messages }) => messages === 0);
  return {
    ready: summarize(loaded.map(({ readySeconds }) => readySeconds)),
    more: summarize(
      loaded.flatMap(({ residentMegabytes }, round) => {
        const without = empty[round];
        return without === undefined ? [] : [residentMegabytes - without.residentMegabytes];
      }),
    ),
  };
}

function restartTable({ restarts }: SpoolRecord): string {
  const counts = [...new Set(restarts.map(({ messages }) => messages))];
  return table(
    ["messages on the disk", "ready after, s", "resident, MB"],
    counts.map((count) => {
      const own = restarts.filter(({ messages }) => messages === count);
      return [
        count.toLocaleString("en"),
        formatInterval(summarize(own.map(({ readySeconds }) => readySeconds))),
        formatInterval(summarize(own.map(({ residentMegabytes }) => residentMegabytes))),
      ];
    }),
  );
}

function methodText({ messages, payloadBytes, window }: SpoolRecord): string {
  return `- **In.** The destination is away. ${messages.toLocaleString("en")} messages of ${payloadBytes} bytes with QoS 1 are given as fast as acknowledgements
  allow, ${window.toLocaleString("en")} unacknowledged at most; the time is that to the last acknowledgement.
- **Out.** The destination comes back and acknowledges at once; the time is from the first message there to the last.
- **Ends.** Source and destination of the relay are the benchmark's own, which take little of the machine. Brokers get the load
  from a publisher of the benchmark.
- **Side by side.** All programs run at the same time and take turns, one round each; each round begins with another. A round
  before the first is not counted.
- **The disk's limit** is measured right after each round of the relay: fio writes as many bytes as the kernel counted for the
  relay (\`/proc/<pid>/io\`), in as many writes as the relay committed transactions, each with fdatasync. The relay makes two
  more syncs each 4 MiB, when the log is taken over, which count for it and not for the limit.
- **Longer syncs.** A virtual machine's host may answer a sync from its memory. Where a sync takes longer, \`fsync\` and
  \`fdatasync\` of all programs, fio too, return so much later (\`bench/spool/slow-sync.c\`).`;
}

function runText({ startedAt, command, machine, rounds }: SpoolRecord): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- ${startedAt.slice(0, 16).replace("T", " ")} UTC: \`${command}\`, ${rounds} rounds`,
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; ${machine.system}; ${versions.join(", ")}; other programs took ${(machine.othersShare * 100).toFixed(1)} % of the machine's time`,
  ].join("\n");
}
