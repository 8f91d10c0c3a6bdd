import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { ConfigError, quote, type Problem } from "../../runtime/contract/errors.ts";
import { outputFilter } from "../../runtime/contract/topic/output-filter.ts";
import { filtersOverlap } from "../../runtime/contract/topic/overlap.ts";
import { parseTopicTemplate } from "../../runtime/contract/topic/template.ts";
import { findBridgeOption } from "./bridge-options.ts";
import { hostOf, isHost, localEndpoint, remoteEndpoint } from "./bridge-endpoints.ts";
import { readTopicLine, type TopicFlow } from "./bridge-topics.ts";
import type { Finding, ImportedSecret, ImportedSecrets } from "./finding.ts";
import { flagOf, lastOf, readConf, type Conf, type Connection } from "./read-conf.ts";

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
  const parts = conf.connections.map((connection, index) =>
    importConnection(names[index] ?? "", connection, { ...options, ...localOf(conf, options.local) }, problems),
  );
  if (problems.length > 0) throw new ConfigError(options.file, problems);
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
    findings: [...parts.flatMap(({ findings }) => findings), ...generalFindings(conf, options)],
  };
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
    const base = plain.length < 2 ? `bridge${plain === "" ? "" : "-"}${plain}` : plain;
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

function importConnection(
  name: string,
  connection: Connection,
  options: BridgeImport & Local,
  problems: Problem[],
): Part {
  const findings = listOptions(connection);
  const place = (line: number) => ({ file: options.file, line, column: 1 });
  const address = lastOf(connection, "address");
  if (address === undefined || !isHost(hostOf(address.value.split(/ +/)[0] ?? ""))) {
    const problem = address === undefined ? "is missing" : `is ${quote(address.value)}, no host and port`;
    const at = place(address?.line ?? connection.line);
    problems.push({ path: `${connection.name}.address`, problem, remedy: 'give it as "<host>:<port>"', at });
  }
  const flows: TopicFlow[] = [];
  for (const { line, value } of connection.options.filter((option) => option.name === "topic")) {
    const { flows: read, remarks, problem } = readTopicLine(value, options.levels);
    if (problem !== undefined) {
      problems.push({
        path: `${connection.name}.topic`,
        problem,
        remedy: "correct the line, or remove it",
        at: place(line),
      });
    }
    flows.push(...read);
    for (const text of remarks)
      findings.push({ kind: "changed", what: `${connection.name}: topic ${value}`, text, line });
  }
  if (flows.length === 0 && problems.length === 0) {
    problems.push({
      path: `${connection.name}.topic`,
      problem: "is missing: the bridge moves nothing",
      remedy: "remove the section",
      at: place(connection.line),
    });
  }
  const local = localEndpoint(`${name}-local`, connection, options);
  const remote = remoteEndpoint(name, connection, options.site);
  for (const text of [...local.remarks, ...remote.remarks])
    findings.push({ kind: "notMapped", what: connection.name, text, line: connection.line });
  if (loops(flows)) findings.push(loopFinding(connection));
  return {
    ...buildParts(name, flows, { local: local.endpoint, remote: remote.endpoint }),
    secrets: uniqueSecrets([...local.secrets, ...remote.secrets]),
    trustBundles: remote.trustBundles,
    findings,
  };
}

function uniqueSecrets(secrets: readonly ImportedSecret[]): ImportedSecret[] {
  return [...new Map(secrets.map((secret) => [secret.ref, secret])).values()];
}

/** What an option that has this value becomes, where it isn't what the table says of the option. */
const sameAs: Readonly<Record<string, (value: string) => boolean>> = {
  start_type: (value) => value === "automatic",
  bridge_protocol_version: (value) => value === "mqttv50",
  bridge_insecure: (value) => value === "false",
  notifications: (value) => value === "false",
  try_private: (value) => value === "false",
  round_robin: (value) => value === "false",
  bridge_attempt_unsubscribe: (value) => value === "false",
  bridge_require_ocsp: (value) => value === "false",
};

/** One finding for each option that is written, the secret ones without their values. */
function listOptions(connection: Connection): Finding[] {
  const findings = connection.options.flatMap(({ name, value, line }): Finding[] => {
    const option = findBridgeOption(name);
    if (option === undefined) return [];
    const what = `${connection.name}: ${name}${option.isSecret === true || name === "topic" ? "" : ` ${value}`}`;
    const isSame = sameAs[name]?.(value.toLowerCase()) === true;
    if (name === "topic") return [];
    if (name === "address" && / /.test(value)) {
      return [
        {
          kind: "notMapped",
          what,
          text: "only the first address is taken; give a name that leads to all brokers, such as that of a load balancer",
          line,
        },
      ];
    }
    return [{ kind: isSame ? "mapped" : option.kind, what, text: isSame ? "as the relay does it" : option.text, line }];
  });
  if (flagOf(connection, "notifications") === undefined) {
    const text = findBridgeOption("notifications")?.text ?? "";
    findings.push({
      kind: "notMapped",
      what: `${connection.name}: notifications, on by default`,
      text,
      line: connection.line,
    });
  }
  return findings;
}

function loopFinding({ name, line }: Connection): Finding {
  const text =
    'topics go both ways, so each message comes back once: the relay drops what has passed one relay ("maxHops": 1, "Discard"), and counts it as lost. A message that another relay brought is dropped too';
  return { kind: "changed", what: `${name}: topic in both directions`, text, line };
}

/** Whether what goes out comes in again. */
function loops(flows: readonly TopicFlow[]): boolean {
  const out = flows.filter(({ direction }) => direction === "out");
  const into = flows.filter(({ direction }) => direction === "in");
  return out.some((one) => into.some((other) => isTakenBy(one, other) && isTakenBy(other, one)));
}

function isTakenBy(giver: TopicFlow, taker: TopicFlow): boolean {
  const template = parseTopicTemplate(giver.dataDestination);
  if ("problem" in template) return false;
  const made = outputFilter(template, giver.filter);
  return made !== undefined && filtersOverlap(made, taker.filter);
}

/** Flows with the same topic rule become one dataflow; those with QoS 0 have endpoints of their own beside others. */
function buildParts(
  name: string,
  flows: readonly TopicFlow[],
  ends: { readonly local: EndpointInput; readonly remote: EndpointInput },
) {
  const groups = Map.groupBy(flows, ({ direction, qos, dataDestination }) =>
    JSON.stringify([direction, qos, dataDestination]),
  );
  const isMixed = new Set(flows.map(({ qos }) => qos)).size > 1;
  const hasLoop = loops(flows);
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
      ...(hasLoop || group.some(({ namesLevels }) => namesLevels)
        ? { relay: { undeliverableMessages: "Discard" as const, ...(hasLoop ? { maxHops: 1 } : {}) } }
        : {}),
    };
  }
  return { endpoints, dataflows };
}

function withQos(endpoint: EndpointInput, qos: 0 | 1): EndpointInput {
  return { ...endpoint, mqttSettings: { ...endpoint.mqttSettings, qos } };
}

/** What concerns the file as a whole. */
function generalFindings({ brokerOptions }: Conf, { local }: BridgeImport): Finding[] {
  const findings: Finding[] = brokerOptions
    .filter(({ name }) => name === "include_dir")
    .map(({ value, line }) => ({
      kind: "notMapped",
      what: `include_dir ${value}`,
      text: "is not followed; import the files of that folder one by one",
      line,
    }));
  const others = [...new Set(brokerOptions.map(({ name }) => name))].filter((name) => name !== "include_dir");
  if (others.length > 0) {
    findings.push({
      kind: "notMapped",
      what: others.join(", "),
      text: "belongs to the broker itself, which stays as it is",
    });
  }
  if (local === undefined) {
    const text =
      "is taken from the file; the relay runs in a cluster, where another name may lead to the broker (--local)";
    findings.push({ kind: "changed", what: "local broker", text });
  }
  findings.push({
    kind: "changed",
    what: "local broker",
    text: "takes the relay as an ordinary client, which it has to admit: a bridge inside mosquitto passes by its password file and its access list of clients",
  });
  return findings;
}
