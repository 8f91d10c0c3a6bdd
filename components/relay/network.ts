import type * as inputs from "@pulumi/kubernetes/types/input.js";

/** Where a relay connects to. */
export interface Destinations {
  /** TCP ports of the endpoints. */
  readonly ports: readonly number[];
  /** Whether tokens are fetched from Microsoft Entra. */
  readonly usesEntra: boolean;
  /** Whether they are fetched with the node's identity. */
  readonly usesNodeIdentity: boolean;
}

const dnsPort = 53;
const httpsPort = 443;
/** Azure's instance metadata service, the same address on every node. */
const metadataService = { cidr: "169.254.169.254/32", port: 80 };

/** What a relay's pods may connect to. By port alone, because a policy knows addresses and not host names. */
export function buildEgress(destinations: Destinations): inputs.networking.v1.NetworkPolicyEgressRule[] {
  const { ports, usesEntra, usesNodeIdentity } = destinations;
  const wanted = [...new Set([...ports, ...(usesEntra ? [httpsPort] : [])])].sort((a, b) => a - b);
  const metadata = {
    to: [{ ipBlock: { cidr: metadataService.cidr } }],
    ports: [{ protocol: "TCP", port: metadataService.port }],
  };
  return [
    { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: dnsPort })) },
    { ports: wanted.map((port) => ({ protocol: "TCP", port })) },
    ...(usesNodeIdentity ? [metadata] : []),
  ];
}
