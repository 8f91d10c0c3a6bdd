import { maxFederatedCredentials } from "../../components/checks/shared-sites.ts";
import { sessionLimitBounds } from "../../components/checks/session-limit.ts";
import {
  capacityBounds,
  namespaceQuotas,
  perSession,
  perThroughputUnit,
  sessionsPerThroughputUnit,
} from "../../components/event-grid/quotas.ts";
import { podDefaults, relayDefaults } from "../../components/relay/defaults.ts";
import { defaultSizeGibibytes } from "../../components/relay/volume.ts";
import { exampleSite, instanceNeeds, needsOf, sessionsOf, sitesPerIdentity, spoolHours } from "./needs.ts";
import type { SiteLoad } from "./needs.ts";
import { ringsOf, rolloutSeconds } from "./rollout.ts";
import { measured } from "./measured.ts";

const counts = [10, 40, 100, 200, 1000];
const loads = [
  { messagesPerSecond: 1, bytesPerMessage: 1000 },
  { messagesPerSecond: 10, bytesPerMessage: 1000 },
  { messagesPerSecond: 50, bytesPerMessage: 1000 },
];
const lanes = [4, 8, 16];
/** Dataflows of one instance. */
const instances = [1, 3, 10, 30, 100];

/** Renders `doc/capacity.md` from the limits that the components check, and from what was measured. */
export function renderCapacity(): string {
  const sessions = sessionsOf(exampleSite);
  const parts = [
    "# What many sites need",
    "Written by `npm run docs` from the limits that the components check. Here all sites share one Event Grid namespace, as in [examples/fleet](../examples/fleet/README.md). A site with a namespace of its own has these limits for itself.",
    "## Limits",
    renderLimits(),
    "## Sessions, throughput units and identities",
    `A site holds one session for each dataflow side at Event Grid and each instance of its relay: ${sessions} at the site of the example. Sessions of offline relays count too. The table counts messages into the namespace; the same number may come out.`,
    renderNeeds(sessions),
    `"All back" is the time until every session is open again after all were lost at once, at ${sessionsPerThroughputUnit.connects} CONNECTs a second for each throughput unit. The relays spread their attempts over a minute by themselves.`,
    `With more sessions for each site, fewer sites can share an identity: ${[2, 5, 6, 10].map((each) => `${sitesPerIdentity({ sessions: each })} at ${each}`).join(", ")}. A preview refuses too many credentials or sessions within one program. It does not see the programs of other sites, so use this table for them.`,
    "## Memory and disk",
    renderInstances(),
    "## Time of a rollout",
    renderRollout(),
    "## What was measured",
    renderMeasured(),
  ];
  return `${parts.join("\n\n")}\n`;
}

function renderLimits(): string {
  return table(
    ["limit", "value"],
    [
      ["throughput units of a namespace", `${capacityBounds.min} to ${capacityBounds.max}`],
      ["sessions of a throughput unit", number(sessionsPerThroughputUnit.sessions)],
      [
        "into a throughput unit, and out of it",
        `${number(perThroughputUnit.messages)} messages/s, ${number(perThroughputUnit.bytes)} bytes/s`,
      ],
      ["CONNECTs of a throughput unit", `${sessionsPerThroughputUnit.connects} a second`],
      [
        "a session that publishes",
        `${number(perSession.destination.messages)} messages/s, ${number(perSession.destination.bytes)} bytes/s`,
      ],
      [
        "a session that is delivered to",
        `${number(perSession.source.messages)} messages/s, ${number(perSession.source.bytes)} bytes/s`,
      ],
      ["sessions of one identity in a namespace", `${sessionLimitBounds.max} at most, as the namespace is set`],
      ["federated credentials of one identity", `${maxFederatedCredentials}, one for each site's relay`],
      [
        "topic spaces of a namespace",
        `${namespaceQuotas.topicSpaces}, each with ${namespaceQuotas.topicTemplates} templates`,
      ],
    ],
  );
}

function renderNeeds(sessions: number): string {
  const rows = counts.flatMap((sites) =>
    loads.map((load) => {
      const each: SiteLoad = { sessions, ...load };
      const needs = needsOf(sites, each);
      const units =
        needs.namespaces === 1
          ? String(needs.throughputUnits)
          : `${needs.throughputUnits} in ${needs.namespaces} namespaces`;
      return [
        number(sites),
        `${load.messagesPerSecond} × ${number(load.bytesPerMessage)} bytes/s`,
        number(needs.sessions),
        units,
        number(needs.identities),
        `${needs.reconnectSeconds} s`,
      ];
    }),
  );
  return table(["sites", "each sends", "sessions", "throughput units", "identities", "all back"], rows);
}

function renderInstances(): string {
  const { memoryMebibytes } = podDefaults;
  const rows = instances.map((dataflows) => {
    const needs = instanceNeeds(dataflows);
    const { memoryMebibytes: memory, spooledMemoryMebibytes: spooled, volumeGibibytes: volume } = needs;
    return [number(dataflows), `${number(memory)} MiB`, `${number(spooled)} MiB`, `${number(volume)} GiB`];
  });
  const hours = loads.map(({ messagesPerSecond, bytesPerMessage }) => {
    const lasts = spoolHours({ messagesPerSecond, bytesPerMessage });
    return `${lasts < 10 ? lasts.toFixed(1) : number(Math.round(lasts))} h at ${messagesPerSecond} × ${number(bytesPerMessage)} bytes/s`;
  });
  const sites = counts.map((count) => [
    number(count),
    `${number(Math.ceil((count * memoryMebibytes) / 1024))} GiB`,
    `${number(count * defaultSizeGibibytes)} GiB`,
  ]);
  return [
    "Each instance of a relay has memory, and a volume if a dataflow has a spool. A preview refuses less than this:",
    table(["dataflows", "memory", "memory with spools", "volume, each spool of the default size"], rows),
    `A spool of the default size (${number(relayDefaults().spoolBytes / 1024 / 1024)} MiB) lasts ${hours.join(", ")}, counted in payload alone. Set \`spool.maxBytes\` and \`volume.sizeGibibytes\` for longer outages.`,
    `With the defaults, ${memoryMebibytes} MiB and ${defaultSizeGibibytes} GiB for the one instance of each site, all sites together take:`,
    table(["sites", "memory", "disk"], sites),
  ].join("\n\n");
}

function renderRollout(): string {
  const { preview, up, settle } = measured.site;
  const rows = counts.map((sites) => [
    number(sites),
    ringsOf(sites).map(number).join(" + "),
    ...lanes.map((parallel) => minutes(rolloutSeconds(ringsOf(sites), parallel, { preview, up, settle }))),
  ]);
  return [
    "Each ring is previewed as a whole, then deployed. The next site starts when the relay of an earlier one is well. So a rollout takes, for each ring, (sites ÷ sites at a time, rounded up) × (preview + `up` + settling).",
    `With ${preview} s for a preview, ${up} s for an \`up\` and ${settle} s until the relay is well (see below), on a machine with a processor for every two sites at a time:`,
    table(["sites", "rings", ...lanes.map((parallel) => `${parallel} at a time`)], rows),
    "Azure answers more slowly than the stand-ins of this measurement: a role assignment or a federated credential takes seconds to create, and minutes to arrive. Take the times of your own canary instead. A first deployment takes the longest; one that changes a topic is a ConfigMap and a restart.",
  ].join("\n\n");
}

function renderMeasured(): string {
  return [
    measured.how,
    table(["what", "sites", "at a time", "time", "processor time"], measured.rows),
    measured.said,
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en");
}

function minutes(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
