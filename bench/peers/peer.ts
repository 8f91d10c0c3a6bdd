/** Names of the bridges that are measured. */
export const peerNames = [
  "relay",
  "plain-mqttjs",
  "mosquitto",
  "rumqttc",
  "paho",
  "node-red",
  "bento",
  "limit-node",
  "limit-rust",
] as const;
export type PeerName = (typeof peerNames)[number];

/** What no bridge can do better, for lack of any work on the messages. */
const limitNames: readonly PeerName[] = ["limit-node", "limit-rust"];

/** Whether it is a bridge, and no limit of bridges. */
export function isBridge(name: PeerName): boolean {
  return !limitNames.includes(name);
}

/** One side of a bridge. */
export interface BrokerSide {
  /** TCP port on 127.0.0.1. */
  readonly port: number;
  /** PEM file with the authority of the broker's certificate; omitted: without TLS. */
  readonly caFile?: string;
}

/** What a bridge is told to do. */
export interface Route {
  /** A folder of its own for configuration and state. */
  readonly folder: string;
  readonly source: BrokerSide;
  readonly destination: BrokerSide;
  /** Topic filters, one dataflow each. */
  readonly filters: readonly string[];
  /** Topic filters of dataflows from the destination to the source; the relay's only. @default none */
  readonly reverseFilters?: readonly string[];
  /** Further filters of each dataflow, which take nothing in; only the relay has them. */
  readonly idleFilters: readonly string[];
  readonly qos: 0 | 1;
  /** QoS 1 messages that may be unacknowledged on either side. */
  readonly window: number;
  /** CloudEvents CreateOrRemap and {@link enrichedTopic}; else messages pass under the topic that they came with. */
  readonly isEnriched: boolean;
}

/** Destination topic of an enriched route: from `load/relay/0` to `sites/oslo/relay/0`. */
export const enrichedTopic = "sites/oslo/${inputTopic.2}/${inputTopic.3}";

/** How to start a program. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where the messages come out, when that is not the destination broker: a bridge that delivers to itself. */
  readonly outputPort?: number;
  /** Where it serves the relay's metrics. */
  readonly metricsPort?: number;
}

/** A peer that is on this machine. */
export interface InstalledPeer {
  readonly version: string;
  /** Writes what the program reads, and says how to start it. */
  readonly prepare: (route: Route) => Promise<Launch>;
}

/** A bridge beside which the relay is measured, or the relay itself. */
export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  /** What a reader has to know about how it takes part. */
  readonly remark: string;
  /**
   * Finds it, or installs it below `cacheFolder`.
   * @param mayInstall whether what isn't there may be downloaded and built, which can take half an hour
   * @throws {Error} with the reason, when it can't be had
   */
  install(cacheFolder: string, mayInstall: boolean): Promise<InstalledPeer>;
}
