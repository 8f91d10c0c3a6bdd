import { dataflowParts } from "../../contract/config/dataflow.ts";
import type { Endpoint } from "../../contract/config/endpoint.ts";
import { printable } from "../../contract/printable.ts";
import { shownUrl } from "../../contract/shown-url.ts";
import {
  statusVersion,
  type DataflowReport,
  type EndpointReport,
  type HealthState,
  type LimitsReport,
  type SideReport,
  type StatusDocument,
} from "../../contract/status/schema.ts";
import type { Dataflow } from "../../dataflow.ts";
import type { DataflowStatus, SideConnection } from "../../dataflow-status.ts";
import type { ServerLimits } from "../../mqtt/connect.ts";
import type { Relay } from "../../relay.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { totalOf, type History, type RecentFigures } from "./history.ts";

/** What a status is made of. */
export interface StatusParts {
  readonly relay: Relay;
  readonly history: History;
  readonly recorder: EventRecorder;
  /** Memory that the process may use, in bytes; omitted: not known. */
  readonly limitBytes?: number | undefined;
}

/** Dataflows that are described between two pauses, so that messages are forwarded meanwhile. */
const dataflowsAtATime = 20;
/** Part of the disk that a dataflow may take, from which on somebody should know. */
const nearlyFull = 0.9;
/** What has so little time left and is renewed by others should be looked at. */
const endsSoonMs = 24 * 60 * 60_000;

/** Describes a relay at this moment. `pause` is called now and then. */
export async function buildStatus(parts: StatusParts, pause: () => Promise<void>): Promise<StatusDocument> {
  const { relay, limitBytes } = parts;
  const dataflows: DataflowReport[] = [];
  for (const [index, dataflow] of relay.dataflows.entries()) {
    if (index > 0 && index % dataflowsAtATime === 0) await pause();
    dataflows.push(describeDataflow(parts, dataflow, index));
  }
  const own = ownReasons(relay);
  const reasons = [...dataflows.flatMap(({ name, reasons: its }) => its.map((reason) => `${name}: ${reason}`)), ...own];
  return {
    version: statusVersion,
    time: new Date().toISOString(),
    relay: {
      site: relay.config.relay.site ?? null,
      instance: relay.ordinal,
      startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
      residentBytes: process.memoryUsage.rss(),
      limitBytes: limitBytes ?? null,
    },
    state: worst([...dataflows.map(({ state }) => state), reasons.length > 0 ? "attention" : "ok"]),
    reasons,
    endpoints: Object.entries(relay.config.endpoints).map(([name, endpoint]) =>
      describeEndpoint(relay, name, endpoint),
    ),
    dataflows,
    tap: relay.config.relay.statusPage.tap,
  };
}

/** What is wrong with the relay beyond its dataflows. */
function ownReasons({ credentialEnds, readiness, dataflows, isStopping }: Relay): string[] {
  const nowMs = Date.now();
  const ending = credentialEnds.flatMap(({ endpoint, end: { kind, name, endsAtMs } }) => {
    const what = `${endpoint}: ${kind.replace("_", " ")}${kind === "token" ? "" : ` "${printable(name)}"`}`;
    if (endsAtMs <= nowMs) return [`${what} has ended; renew it`];
    // The relay renews tokens itself, and says so when that fails.
    return kind !== "token" && endsAtMs - nowMs < endsSoonMs ? [`${what} ends within a day; renew it`] : [];
  });
  // An instance that runs nothing says why in its readiness alone.
  const idle = dataflows.length === 0 ? readiness.reasons.map(printable) : [];
  return [...idle, ...(isStopping ? ["the relay is stopping"] : []), ...ending];
}

function describeDataflow(
  { relay, history, recorder }: StatusParts,
  dataflow: Dataflow,
  index: number,
): DataflowReport {
  const { name, counters, status, connections } = dataflow;
  const recent = history.recent(index);
  const spool = relay.config.dataflows[name]?.relay.spool;
  const maxBytes = dataflow.needsDisk ? (spool?.maxBytes ?? null) : null;
  const problems = relay.problemsOf(dataflow, status).map(printable);
  const reasons = [...problems, ...concerns(status, recent, maxBytes)];
  const lost = Object.entries(counters.lost).filter(([, count]) => count > 0);
  return {
    name,
    state: status.failure !== undefined ? "failed" : reasons.length > 0 ? "attention" : "ok",
    reasons,
    source: describeSide(dataflow, "source", status, connections.source),
    destination: describeSide(dataflow, "destination", status, connections.destination),
    ...describeTopics(relay, name),
    received: counters.received,
    delivered: counters.delivered,
    deadLettered: counters.deadLettered,
    rejected: counters.rejected,
    lost: totalOf(counters.lost),
    lostByReason: Object.fromEntries(lost),
    receivedPerSecond: recent.receivedPerSecond,
    deliveredPerSecond: recent.deliveredPerSecond,
    waiting: status.waiting,
    inFlight: status.inFlight,
    window: connections.window,
    heldBytes: status.memory.heldBytes,
    onDisk: { ...status.spooled, maxBytes },
    oldestSeconds: Number(status.oldestSeconds.toFixed(3)),
    latencySeconds: recent.latencySeconds,
    lastError: recorder.lastError(name, problems.length === 0),
  };
}

/** What does not keep a dataflow from its work yet, and should be known. */
function concerns(status: DataflowStatus, recent: RecentFigures, maxBytes: number | null): string[] {
  const share = maxBytes === null ? 0 : status.spooled.takenBytes / maxBytes;
  return [
    ...(status.isSpoolGrowing ? ["its queue on the disk grows although the destination is connected"] : []),
    ...(share >= nearlyFull ? [`its queue on the disk takes ${Math.floor(share * 100)} % of spool.maxBytes`] : []),
    ...(recent.lost > 0 ? [`${recent.lost} messages were lost within the last minute`] : []),
    ...(recent.deadLettered > 0 ? [`${recent.deadLettered} messages became dead letters within the last minute`] : []),
  ];
}

function describeTopics({ config }: Relay, name: string): Pick<DataflowReport, "filters" | "destinationTopic"> {
  const declared = config.dataflows[name];
  const parts = declared === undefined ? undefined : dataflowParts(declared);
  return {
    filters: parts === undefined ? [] : [...parts.source.dataSources],
    destinationTopic: parts?.destination.dataDestination ?? "",
  };
}

function describeSide(
  { sides, counters }: Dataflow,
  side: "source" | "destination",
  status: DataflowStatus,
  { sinceMs, limits }: SideConnection,
): SideReport {
  const state = status[side];
  return {
    endpoint: sides[side].name,
    clientId: sides[side].clientId,
    state: state.kind,
    since: new Date(sinceMs).toISOString(),
    ...(state.kind === "down" ? { reason: printable(state.reason) } : {}),
    ...(state.kind === "down" && state.reasonCode !== undefined ? { reasonCode: state.reasonCode } : {}),
    disconnects: counters.disconnects[side],
    limits: limits === undefined ? null : describeLimits(limits),
  };
}

function describeLimits(limits: ServerLimits): LimitsReport {
  const { receiveMaximum, maximumQoS, retainAvailable, sharedSubscriptionAvailable, sessionPresent } = limits;
  return {
    receiveMaximum,
    maximumQoS,
    maximumPacketBytes: Number.isFinite(limits.maximumPacketBytes) ? limits.maximumPacketBytes : null,
    retainAvailable,
    sharedSubscriptionAvailable,
    sessionPresent,
    sessionExpirySeconds: limits.sessionExpirySeconds ?? null,
  };
}

function describeEndpoint(relay: Relay, name: string, endpoint: Endpoint): EndpointReport {
  const { host, protocol, tls, authentication } = endpoint.mqttSettings;
  const proxy = endpoint.relay.proxy ?? relay.config.relay.proxy;
  const credentials = relay.credentialEnds
    .filter((one) => one.endpoint === name)
    .map(({ end }) => ({
      kind: end.kind,
      name: printable(end.name),
      endsAt: new Date(end.endsAtMs).toISOString(),
    }));
  const subject = credentials.find(({ kind }) => kind === "client_certificate")?.name;
  return {
    name,
    host,
    hostType: endpoint.hostType,
    protocol,
    tls: tls.mode === "Enabled",
    method: authentication.method,
    identity: describeIdentity(authentication, subject),
    proxy: proxy === undefined || proxy.url === "direct" ? null : shownUrl(proxy.url),
    credentials,
  };
}

/** Who the relay is at a broker: names, and never what proves it. */
function describeIdentity(
  authentication: Endpoint["mqttSettings"]["authentication"],
  subject: string | undefined,
): string {
  switch (authentication.method) {
    case "SystemAssignedManagedIdentity":
      return "the node's managed identity";
    case "UserAssignedManagedIdentity":
      return `managed identity ${authentication.userAssignedManagedIdentitySettings.clientId}`;
    case "ServiceAccountToken":
      return `the pod's service account, audience ${authentication.serviceAccountTokenSettings.audience}`;
    case "X509Certificate":
      return subject ?? `certificate of Secret ${authentication.x509CertificateSettings.secretRef}`;
    case "AccessToken":
      return `token of Secret ${authentication.accessTokenSettings.secretRef}`;
    case "UsernamePassword":
      return `user of Secret ${authentication.usernamePasswordSettings.secretRef}`;
    case "Anonymous":
      return "nobody (anonymous)";
  }
}

function worst(states: readonly HealthState[]): HealthState {
  if (states.includes("failed")) return "failed";
  return states.includes("attention") ? "attention" : "ok";
}
