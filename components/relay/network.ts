import type * as inputs from "@pulumi/kubernetes/types/input.js";

import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import { isAddressRange } from "../event-grid/check-broker.ts";
import { BrokerType } from "../enumerations.ts";
import type { ProxyArgs, RelayEgressArgs } from "./settings.ts";

/** Where a relay connects to. */
export interface Destinations {
  readonly endpoints: { readonly [name: string]: ReachedEndpoint };
  readonly relayProxy: ProxyArgs | undefined;
  /** Whether tokens are fetched from Microsoft Entra. */
  readonly usesEntra: boolean;
  /** Whether they are fetched with the node's identity. */
  readonly usesNodeIdentity: boolean;
  readonly ranges: RelayEgressArgs;
}

/** One endpoint: TCP port, kind of broker, and its own proxy. */
interface ReachedEndpoint {
  readonly port: number;
  readonly hostType?: BrokerType | undefined;
  readonly proxy?: ProxyArgs | undefined;
}

/** That of DNS, and the one at which DNS listens in the pods of OpenShift: policies see the pod's and not the Service's. */
const dnsPorts = [53, 5353];
const httpsPort = 443;
const httpPort = 80;
/** Azure's instance metadata service, the same address on every node. */
const metadataService = { cidr: "169.254.169.254/32", port: 80 };

/** A port, and the ranges that it may be reached in; all when there are none. */
interface Way {
  readonly port: number;
  readonly ranges: readonly string[] | undefined;
}

/**
 * What a relay's pods may connect to: by port, because a policy knows addresses and not host names, and by address where
 * the user has given ranges.
 */
export function buildEgress(destinations: Destinations): inputs.networking.v1.NetworkPolicyEgressRule[] {
  const { endpoints, relayProxy, usesEntra, usesNodeIdentity, ranges } = destinations;
  const reached = Object.entries(endpoints).map(([name, endpoint]) => ({
    ...endpoint,
    name,
    proxy: proxyOf(endpoint, relayProxy),
  }));
  const straight = reached.filter(({ proxy }) => proxy === undefined);
  const proxies = [...reached.map(({ proxy }) => proxy), withoutDirect(relayProxy)].filter(
    (proxy) => proxy !== undefined,
  );
  // Tokens for an endpoint are fetched the way that its connection goes, and AIO's own broker takes none of Entra's.
  const isEntraStraight = proxies.length === 0 || straight.some(({ hostType }) => hostType !== BrokerType.LocalBroker);
  const ways: Way[] = [
    ...straight.flatMap(({ name, port }) =>
      withOther(port, ranges.endpointPorts?.[name]).map((one) => ({
        port: one,
        ranges: ranges.endpointIpRanges?.[name],
      })),
    ),
    ...(usesEntra && isEntraStraight ? [{ port: httpsPort, ranges: ranges.entraIpRanges }] : []),
    ...proxies.flatMap((proxy) =>
      withOther(proxyPort(proxy), ranges.proxyPort).map((port) => ({ port, ranges: ranges.proxyIpRanges })),
    ),
  ];
  const metadata = {
    to: [{ ipBlock: { cidr: metadataService.cidr } }],
    ports: [{ protocol: "TCP", port: metadataService.port }],
  };
  return [
    { ports: dnsPorts.flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ protocol, port }))) },
    ...buildWays(ways),
    ...(usesNodeIdentity ? [metadata] : []),
  ];
}

function withOther(port: number, other: number | undefined): number[] {
  return other === undefined ? [port] : [port, other];
}

/** The proxy that the relay takes to an endpoint: see `createProxyReader` in `runtime/identity/proxy.ts`. */
function proxyOf({ hostType, proxy }: ReachedEndpoint, relayProxy: ProxyArgs | undefined): ProxyArgs | undefined {
  return withoutDirect(proxy ?? (hostType === BrokerType.LocalBroker ? undefined : relayProxy));
}

function withoutDirect(proxy: ProxyArgs | undefined): ProxyArgs | undefined {
  return proxy?.url.toLowerCase() === "direct" ? undefined : proxy;
}

/** The port in the proxy's URL, or that of its scheme. */
function proxyPort({ url }: ProxyArgs): number {
  const { port, protocol } = URL.canParse(url) ? new URL(url) : { port: "", protocol: "" };
  if (port !== "") return Number(port);
  return protocol === "https:" ? httpsPort : httpPort;
}

/** One rule for the ports that are open to all addresses, and one for each port and its ranges. */
function buildWays(ways: readonly Way[]): inputs.networking.v1.NetworkPolicyEgressRule[] {
  const open = sorted(ways.filter(({ ranges }) => ranges === undefined).map(({ port }) => port));
  const narrow = sorted(ways.map(({ port }) => port)).filter((port) => !open.includes(port));
  return [
    ...(open.length === 0 ? [] : [{ ports: open.map((port) => ({ protocol: "TCP", port })) }]),
    ...narrow.map((port) => ({
      to: sortedTexts(ways.filter((way) => way.port === port).flatMap(({ ranges }) => ranges ?? [])).map((cidr) => ({
        ipBlock: { cidr },
      })),
      ports: [{ protocol: "TCP", port }],
    })),
  ];
}

function sorted(ports: readonly number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}

function sortedTexts(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

const unknownEndpoint = { problem: "names an endpoint that does not exist", remedy: "correct the name, or remove it" };

/** Lists ranges and ports that are none, and those of endpoints that do not exist. */
export function checkEgress(ranges: RelayEgressArgs, endpointNames: readonly string[]): Problem[] {
  const ofEndpoints = Object.entries(ranges.endpointIpRanges ?? {}).flatMap(([name, list]) => {
    const path = `egress.endpointIpRanges.${name}`;
    if (endpointNames.includes(name)) return checkRanges(path, list);
    return [{ path, ...unknownEndpoint }];
  });
  const ofEntra = ranges.entraIpRanges === undefined ? [] : checkRanges("egress.entraIpRanges", ranges.entraIpRanges);
  const ofProxy = ranges.proxyIpRanges === undefined ? [] : checkRanges("egress.proxyIpRanges", ranges.proxyIpRanges);
  return [...byRule("ip-ranges", [...ofEndpoints, ...ofEntra, ...ofProxy]), ...checkPorts(ranges, endpointNames)];
}

function checkPorts({ endpointPorts = {}, proxyPort }: RelayEgressArgs, endpointNames: readonly string[]): Problem[] {
  const unknown = Object.keys(endpointPorts).filter((name) => !endpointNames.includes(name));
  const ports: [path: string, port: number][] = Object.entries(endpointPorts).map(([name, port]) => [
    `egress.endpointPorts.${name}`,
    port,
  ]);
  if (proxyPort !== undefined) ports.push(["egress.proxyPort", proxyPort]);
  return [
    ...unknown.map((name) => ({ path: `egress.endpointPorts.${name}`, ...unknownEndpoint })),
    ...ports
      .filter(([, port]) => !Number.isInteger(port) || port < 1 || port > 65_535)
      .map(([path, port]) => ({ path, problem: `is ${port}, which is no port`, remedy: "give 1 to 65535" })),
  ];
}

function checkRanges(path: string, ranges: readonly string[]): Problem[] {
  const remedy = 'give at least one range, "203.0.113.0/24", or leave it out for any address';
  if (ranges.length === 0) return [{ path, problem: "is empty, so that nothing could be reached", remedy }];
  return ranges.flatMap((range, index) => {
    if (isAddressRange(range) && range.includes("/")) return [];
    return [{ path: `${path}[${index}]`, problem: `is "${range}", which is no range of addresses`, remedy }];
  });
}
