import type { Figures, FigureName, Scenario } from "../scenarios/scenario.ts";
import { judgeBars, type JudgedBar } from "./bars.ts";
import { formatInterval, formatNumber, nothing } from "./numbers.ts";
import { table } from "./table.ts";
import { candidatesOf, candidateTitle, intervalOf, ratioOf, type RunRecord } from "./run-record.ts";

/** The system's own work on a quiet machine stays below this. */
const quietShare = 0.03;

interface Column {
  readonly title: string;
  readonly cell: (record: RunRecord, scenario: string, candidate: string) => string;
}

const median = (title: string, figure: FigureName): Column => ({
  title,
  cell: (record, scenario, candidate) => formatInterval(intervalOf(record, scenario, candidate, figure)),
});

/** The limit against which a scenario's bridges are held: that with the least work of its own, of those that took part. */
function limitOf(record: RunRecord, scenario: string): string {
  return candidatesOf(record, scenario).includes("limit-rust") ? "limit-rust" : "limit-node";
}

const ofLimit = (title: string, figure: FigureName): Column => ({
  title,
  cell: (record, scenario, candidate) =>
    formatInterval(ratioOf(record, scenario, [candidate, limitOf(record, scenario)], figure)),
});

const columns: readonly { readonly figure: FigureName; readonly columns: readonly Column[] }[] = [
  {
    figure: "cpuMicroseconds",
    columns: [
      median("CPU, µs a message", "cpuMicroseconds"),
      {
        title: "CPU, share of plain mqtt.js",
        cell: (record, scenario, candidate) =>
          formatInterval(ratioOf(record, scenario, [candidate, "plain-mqttjs"], "cpuMicroseconds")),
      },
      ofLimit("CPU, times the limit", "cpuMicroseconds"),
    ],
  },
  {
    figure: "perSecond",
    columns: [median("messages a second", "perSecond"), ofLimit("share of the limit", "perSecond")],
  },
  { figure: "corePercent", columns: [median("CPU, % of a core", "corePercent")] },
  { figure: "wakeUpsPerSecond", columns: [median("wake-ups a second", "wakeUpsPerSecond")] },
  { figure: "readySeconds", columns: [median("start to ready, s", "readySeconds")] },
  { figure: "latencyP50Ms", columns: [median("added p50, ms", "latencyP50Ms")] },
  { figure: "latencyP99Ms", columns: [median("added p99, ms", "latencyP99Ms")] },
  { figure: "residentMegabytes", columns: [median("resident, MB", "residentMegabytes")] },
  { figure: "anonymousMegabytes", columns: [median("of it anonymous, MB", "anonymousMegabytes")] },
  { figure: "growthMegabytes", columns: [median("growth, MB", "growthMegabytes")] },
  { figure: "heldMegabytes", columns: [median("payload held, MB", "heldMegabytes")] },
  { figure: "lost", columns: [{ title: "lost / twice / out of order", cell: faults }] },
];

/** Sums over all rounds. */
function faults({ measurements }: RunRecord, scenario: string, candidate: string): string {
  const own = measurements.filter((entry) => entry.scenario === scenario && entry.candidate === candidate);
  const sum = (figure: keyof Figures) => own.reduce((total, { figures }) => total + (figures[figure] ?? 0), 0);
  if (own.length === 0) return nothing;
  return [sum("lost"), sum("duplicates"), sum("outOfOrder")].map((value) => value.toLocaleString("en")).join(" / ");
}

/** Renders the page of a run, in Markdown. */
export function renderPage(record: RunRecord, scenarios: readonly Scenario[], picture: string): string {
  const measured = scenarios.filter(({ name }) => candidatesOf(record, name).length > 0);
  return [
    "# Benchmark",
    "<!-- Written by `npm run bench`; changes by hand are lost. -->",
    "The relay beside other MQTT bridges, between two mosquitto brokers on one machine, in one run. Absolute figures are " +
      "this machine's; what carries over are the ratios within a run.",
    ...busyWarning(record),
    `![CPU per message, throughput, latency and memory of each bridge](${picture})`,
    "## Bars",
    barTable(judgeBars(record)),
    "A bar is judged by the median; _close_ says that the interval lies on both sides of the limit.",
    "## Results",
    "Medians over the rounds with their 95 % intervals in brackets. The interval runs between two of the measured values, " +
      "chosen by order statistics: it assumes nothing about how they scatter. `*` marks the range of too few rounds for " +
      "95 %. Ratios are taken round by round. 1 MB is 1,048,576 bytes.",
    ...measured.flatMap((scenario) => [`### ${scenario.title}`, scenarioTable(record, scenario.name), scenario.method]),
    "## Bridges",
    peerTable(record),
    "### Left out",
    leftOutText,
    "## Method",
    methodText,
    "### The limit",
    limitText,
    "## This run",
    runText(record),
    "",
  ].join("\n\n");
}

function busyWarning({ machine }: RunRecord): string[] {
  if (machine.othersShare <= quietShare) return [];
  return [
    `> **The machine was shared.** Other programs took ${Math.round(machine.othersShare * 100)} % of its time during this run, ` +
      "from brokers and bridges alike. Take no figure of this page for more than a hint; run it again on a quiet machine.",
  ];
}

function barTable(judged: readonly JudgedBar[]): string {
  return table(
    ["bar", "limit", "measured", "verdict"],
    judged.map(({ bar, measured, verdict, isClose }) => [
      bar.text,
      `${bar.kind} ${formatNumber(bar.limit)}${bar.unit === "" ? "" : ` ${bar.unit}`}`,
      formatInterval(measured, bar.unit),
      `**${verdict}**${isClose ? ", close" : ""}`,
    ]),
  );
}

function scenarioTable(record: RunRecord, scenario: string): string {
  const figures = record.measurements
    .filter((entry) => entry.scenario === scenario)
    .flatMap((entry) => Object.keys(entry.figures));
  const candidates = candidatesOf(record, scenario);
  const shown = columns
    .filter(({ figure }) => figures.includes(figure))
    .flatMap((group) => group.columns)
    .filter(({ cell }) => candidates.some((candidate) => cell(record, scenario, candidate) !== nothing));
  const rows = candidates.map((candidate) => {
    const failure = record.failures.find((entry) => entry.scenario === scenario && entry.candidate === candidate);
    const cells = shown.map((column) => column.cell(record, scenario, candidate));
    const name = candidateTitle(record, candidate);
    return [failure === undefined ? name : `${name}: ${failure.reason}`, ...cells];
  });
  return table(["bridge", ...shown.map(({ title }) => title)], rows);
}

function peerTable({ peers }: RunRecord): string {
  return table(
    ["bridge", "version", "how it takes part"],
    peers.map(({ title, version, reason, remark }) => [
      title,
      version ?? nothing,
      reason === undefined ? remark : `could not be installed: ${reason}`,
    ]),
  );
}

const methodText = `- **Brokers.** Two mosquitto brokers on loopback, each a process of its own, 1,000 messages in flight on each connection,
  queues without a bound. Every bridge runs between them, with a window of 1,000 messages where it can be set.
- **Side by side.** The bridges of a scenario are started and warmed up together; then they take turns, one round each,
  and each round begins with another bridge. A bridge that waits for its turn is connected and idle.
- **CPU per message.** User and system time of the bridge's process (all threads, and its children) from
  \`/proc/<pid>/task/*/schedstat\`, in nanoseconds, divided by the messages that came out. Neither brokers nor load are in it.
  With a paced load it has the time between the messages too, in which a bridge may do something else.
- **Load.** At saturation nothing is published while it is measured: the messages lie at the source broker before the
  bridge may begin, so the generator can't be the bottleneck and takes no time from the two cores. What comes out is
  counted, message by message, by a subscriber that reads no more of a message than its number. It has no
  acknowledgements to write, but the destination broker's work for it is part of every throughput figure.
- **Throughput** on few cores is what all processes together reach: source broker, bridge, destination broker, subscriber.
- **Paced loads** come from a thread of their own, message by message, with a clock that catches up.
- **Warm processes.** A bridge runs for months: start-up and the first messages of a process are not counted.`;

const limitText = `Two rows are no bridges but the limit of one: what is left of a bridge when it does nothing with the messages. Such a program
opens both connections with MQTT 5 and subscribes, as a bridge does. From then on it knows nothing of MQTT: every byte that the
source broker sends goes to the destination broker as it is, and every byte that the destination broker sends goes back to the
source broker. So the destination gets each PUBLISH with the packet identifier that the source has given it, and its PUBACK, with
the same identifier, is the acknowledgement that the source waits for. Both brokers do exactly what they do for a bridge, and a
message is acknowledged to the source after the destination has it. This works because topic and properties stay as they are, no
topic alias is in use, both brokers allow the same number of messages in flight, and there is no keep alive.

Sizes are those of the other bridges, byte by byte. What one read brings, 64 KiB at most, is one write; nothing waits to be gathered
with something else. \`limit, Node.js\` has the means that the relay has: one process, one event loop, one buffer of each socket.
\`limit, Rust\` has a thread for each direction that blocks in \`read\` and \`write\`: it is what the machine can do.
_Times the limit_ and _share of the limit_ stand for the one in Rust where it took part, else for the one in Node.js. With TLS each
side has its own keys, so the limit decrypts and encrypts too.

A bridge may be below the limit in CPU: it may gather what several small reads have brought into one write, or acknowledge many
messages at once. It can't be as good in everything else at the same time: it has to parse packets, number them and remember them.`;

const leftOutText = `- **rumqttd 0.20** bridges into itself only, and not from mosquitto: its bridge sends a SUBSCRIBE with packet identifier 0
  (\`src/link/bridge.rs\`), which MQTT 3.1.1 forbids ([MQTT-2.3.1-1]). mosquitto ends the connection.
- **HiveMQ Edge** and **EMQX** are in no package registry (npm, PyPI, crates.io, Go's module proxy, Maven Central, Debian):
  their makers hand out archives and container images. The benchmark installs from registries only.`;

function runText(record: RunRecord): string {
  const { machine, size } = record;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- ${record.startedAt.slice(0, 16).replace("T", " ")} UTC, ${Math.round(record.seconds / 60)} minutes: \`${record.command}\``,
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB; ${machine.system}; ${versions.join(", ")}; other programs took ${(machine.othersShare * 100).toFixed(1)} % of the machine's time`,
    `- ${size.rounds} rounds; ${size.messages.toLocaleString("en")} messages a round at saturation (fewer of the large ones: 128 MB a round); paced loads of ${size.pacedSeconds} s; ${size.stalledMessages.toLocaleString("en")} messages to the relay while the destination is stalled (at most 100,000 to peers, which keep them in memory); ${size.dataflows} dataflows where there are many`,
    "",
    "To run it again (mosquitto has to be there; the other bridges are installed into the user's cache folder):",
    "",
    "<!-- not run: the benchmark takes minutes and measures machines -->",
    "",
    "```bash",
    "npm run bench                                # everything",
    "npm run bench -- --scenario qos1,latency     # some of it, into dist/bench",
    "npm run bench -- --quick                     # a small run, into dist/bench",
    "```",
  ].join("\n");
}
