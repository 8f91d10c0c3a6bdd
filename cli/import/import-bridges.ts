import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { ConfigError, quote, type Problem } from "../../runtime/contract/errors.ts";
import { generalFindings, listOptions, loopFinding, qosFinding } from "./bridge-findings.ts";
import { hostOf, isHost, localEndpoint, remoteEndpoint } from "./bridge-endpoints.ts";
import { readTopicLine, type TopicFlow } from "./bridge-topics.ts";
import type { Finding, ImportedSecret, ImportedSecrets } from "./finding.ts";
import { lastOf, readConf, type Conf, type Connection } from "./read-conf.ts";
import { limitHops, type HopLimit } from "./topic-loops.ts";

/** How bridges are imported. */
export interface BridgeImport {
  /** Path of the file, for messages. */
  readonly file: string;
  /** Name of the site, which client identifiers begin with. */
  readonly site: string;
  /** Host and port of the broker that had the bridge. Omitted: its first listener, at localhost. */
  readonly local?: string | undefined;
  /** Levels behind a prefix that is cut off, at most; 1 to 16. */
  readonly levels: number;
}

/** Bridges as a document of the relay, with the secrets that it refers to. */
export interface ImportedBridges extends ImportedSecrets {
  readonly document: RelayConfigInput;
  readonly findings: readonly Finding[];
}

/** Longest part of a connection's name that names of endpoints and dataflows begin with. */
const longestName = 32;

/**
 * Turns the `connection` sections of a `mosquitto.conf` into endpoints and dataflows of the relay.
 * @throws {ConfigError} with every section that has no usable address and every `topic` that moves nothing
 */
export function importBridges(text: string, options: BridgeImport): ImportedBridges {
  const conf = readConf(text, options.file);
  const problems = [...conf.problems];
  if (conf.connections.length === 0 && problems.length === 0) {
    problems.push({
      path: "connection",
      problem: "is not there: the file has no bridge",
      remedy: "give a file that has one",
    });
  }
  const names = nameAll(conf.connections);
  problems.push(...conf.connections.flatMap((connection) => checkAddress(connection, options.file)));
  const topics = conf.connections.map((connection) => readTopics(connection, options, problems));
  if (problems.length > 0) throw new ConfigError(options.file, problems);
  const local = localOf(conf, options.local);
  const parts = conf.connections.map((connection, index) => {
    const { flows = [], findings = [] } = topics[index] ?? {};
    const ofOthers = topics.flatMap((other, number) => (number === index ? [] : other.flows));
    return importConnection(names[index] ?? "", connection, { flows, findings, ofOthers }, { ...options, ...local });
  });
  const merge = <T>(pick: (part: Part) => Readonly<Record<string, T>>) =>
    Object.assign({}, ...parts.map(pick)) as Record<string, T>;
  return {
    document: {
      endpoints: merge((part) => part.endpoints),
      dataflows: merge((part) => part.dataflows),
      relay: { site: options.site },
    },
    secrets: parts.flatMap(({ secrets }) => secrets),
    trustBundles: merge((part) => part.trustBundles),
    findings: [...parts.flatMap(({ findings }) => findings), ...generalFindings(conf, options.local !== undefined)],
  };
}

interface TopicsRead {
  readonly flows: readonly TopicFlow[];
  readonly findings: readonly Finding[];
}

interface Part extends ImportedSecrets {
  readonly endpoints: Readonly<Record<string, EndpointInput>>;
  readonly dataflows: Readonly<Record<string, DataflowInput>>;
  readonly findings: readonly Finding[];
}

/** Names that endpoints and dataflows can begin with: `Plant A.cloud` → `plant-a-cloud`; each one once. */
function nameAll(connections: readonly Connection[]): string[] {
  const taken = new Set<string>();
  return connections.map(({ name }) => {
    const plain = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, longestName)
      .replace(/^-+|-+$/g, "");
    const clashes = /-(?:local|remote|qos0)$/.test(plain);
    const base = clashes ? `${plain}-bridge` : plain.length < 2 ? `bridge${plain === "" ? "" : "-"}${plain}` : plain;
    let unique = base;
    for (let number = 2; taken.has(unique); number += 1) unique = `${base}-${number}`;
    taken.add(unique);
    return unique;
  });
}

interface Local {
  readonly host: string;
  readonly isTls: boolean;
}

/** The broker's own first listener, as far as the file says. */
function localOf({ brokerOptions }: Conf, given: string | undefined): Local {
  const listener = brokerOptions.find(({ name }) => name === "listener" || name === "port");
  const [port = "1883", address = "localhost"] = listener?.value.split(/ +/) ?? [];
  const isAnywhere = address === "0.0.0.0" || address === "::";
  const isTls = given === undefined && brokerOptions.some(({ name }) => name === "certfile");
  return { host: given ?? hostOf(`${isAnywhere ? "localhost" : address}:${port}`), isTls };
}

/** The flows of a connection's `topic` lines, and what to say of them. */
function readTopics(connection: Connection, { file, levels }: BridgeImport, problems: Problem[]): TopicsRead {
  const flows: TopicFlow[] = [];
  const findings: Finding[] = [];
  const path = `${connection.name}.topic`;
  for (const { name, line, value } of connection.options) {
    if (name !== "topic") continue;
    const { flows: read, remarks, problem } = readTopicLine(value, levels);
    const at = { file, line, column: 1 };
    if (problem !== undefined) problems.push({ path, ...problem, at });
    const what = `${connection.name}: topic ${value}`;
    for (const text of remarks) findings.push({ kind: "changed", what, text, line });
    if (remarks.length === 0) findings.push({ kind: "mapped", what, text: "moved with the same topics", line });
    flows.push(...read);
  }
  if (!connection.options.some(({ name }) => name === "topic")) {
    const at = { file, line: connection.line, column: 1 };
    problems.push({ path, problem: "is missing: the bridge moves nothing", remedy: "remove the section", at });
  }
  return { flows, findings };
}

function checkAddress(connection: Connection, file: string): Problem[] {
  const address = lastOf(connection, "address");
  if (address !== undefined && isHost(hostOf(address.value.split(/ +/)[0] ?? ""))) return [];
  const problem = address === undefined ? "is missing" : `is ${quote(address.value)}, which is no host and port`;
  const at = { file, line: address?.line ?? connection.line, column: 1 };
  return [{ path: `${connection.name}.address`, problem, remedy: 'give it as "<host>:<port>"', at }];
}

interface Topics extends TopicsRead {
  /** Flows of the other connections of the file. */
  readonly ofOthers: readonly TopicFlow[];
}

function importConnection(
  name: string,
  connection: Connection,
  { flows, ofOthers, ...topics }: Topics,
  options: BridgeImport & Local,
): Part {
  const local = localEndpoint(`${name}-local`, connection, options);
  const remote = remoteEndpoint(name, connection, options.site);
  const hops = limitHops(flows, ofOthers);
  const limits = flows.map(hops);
  const findings = [...listOptions(connection), ...topics.findings];
  const { line } = connection;
  for (const text of [...local.remarks, ...remote.remarks])
    findings.push({ kind: "notMapped", what: connection.name, text, line });
  if (flows.some(({ qos }) => qos === 1)) findings.push(qosFinding(connection));
  if (limits.some((limit) => limit !== undefined)) findings.push(loopFinding(connection, limits.includes(2)));
  return {
    ...buildParts(name, flows, { local: local.endpoint, remote: remote.endpoint }, hops),
    secrets: uniqueSecrets([...local.secrets, ...remote.secrets]),
    trustBundles: remote.trustBundles,
    findings,
  };
}

function uniqueSecrets(secrets: readonly ImportedSecret[]): ImportedSecret[] {
  return [...new Map(secrets.map((secret) => [secret.ref, secret])).values()];
}

/** Flows with the same topic rule become one dataflow; those with QoS 0 have endpoints of their own beside others. */
function buildParts(
  name: string,
  flows: readonly TopicFlow[],
  ends: { readonly local: EndpointInput; readonly remote: EndpointInput },
  hops: HopLimit,
) {
  const groups = Map.groupBy(flows, (flow) =>
    JSON.stringify([flow.direction, flow.qos, flow.dataDestination, hops(flow)]),
  );
  const isMixed = new Set(flows.map(({ qos }) => qos)).size > 1;
  const endpoints: Record<string, EndpointInput> = {};
  const dataflows: Record<string, DataflowInput> = {};
  const counts = { in: 0, out: 0 };
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const suffix = first.qos === 0 && isMixed ? "-qos0" : "";
    const local = `${name}-local${suffix}`;
    const remote = `${name}${name.length < 3 ? "-remote" : ""}${suffix}`;
    endpoints[local] = withQos(ends.local, first.qos);
    endpoints[remote] = withQos(ends.remote, first.qos);
    counts[first.direction] += 1;
    const number = counts[first.direction];
    const [source, destination] = first.direction === "out" ? [local, remote] : [remote, local];
    const dataSources = [...new Set(group.map(({ filter }) => filter))];
    dataflows[`${name}-${first.direction}${number === 1 ? "" : `-${number}`}`] = {
      operations: [
        { operationType: "Source", sourceSettings: { endpointRef: source, dataSources } },
        {
          operationType: "Destination",
          destinationSettings: { endpointRef: destination, dataDestination: first.dataDestination },
        },
      ],
      ...relayOf(hops(first), group),
    };
  }
  return { endpoints, dataflows };
}

/** mosquitto drops what it can't deliver too; a dataflow that stops would hold up what comes after. */
function relayOf(maxHops: number | undefined, group: readonly TopicFlow[]): Pick<DataflowInput, "relay"> {
  if (maxHops !== undefined) return { relay: { undeliverableMessages: "Discard", maxHops } };
  return group.some(({ namesLevels }) => namesLevels) ? { relay: { undeliverableMessages: "Discard" } } : {};
}

function withQos(endpoint: EndpointInput, qos: 0 | 1): EndpointInput {
  return { ...endpoint, mqttSettings: { ...endpoint.mqttSettings, qos } };
}
