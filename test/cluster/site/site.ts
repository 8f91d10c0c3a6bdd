import type { JSONWebKeySet } from "jose";

import type { Kubectl } from "../node/kubectl.ts";
import type { Node } from "../node/node.ts";
import type { NodeParts } from "../node/programs.ts";
import { siteNamespace } from "../node/places.ts";
import { aioTrustBundle, startBrokers, startNameService } from "./brokers.ts";
import type { Brokers } from "./brokers.ts";
import { declareSecrets, declareSite } from "./declaration.ts";
import type { Declared } from "./declaration.ts";
import { createDeployment } from "./deployment.ts";
import type { ApplyOptions, Deployment } from "./deployment.ts";
import type { DeployedProgram } from "../command-line/program.ts";
import { startTraffic } from "./traffic.ts";
import type { Traffic, TrafficOptions } from "./traffic.ts";

/** A cluster with its name service, and the namespace that relays are in. */
export interface Cluster {
  readonly node: Node;
  readonly kubectl: Kubectl;
  readonly parts: NodeParts;
  readonly keySet: JSONWebKeySet;
}

/** One bridge with its brokers and its messages. */
export interface Site {
  readonly name: string;
  readonly brokers: Brokers;
  readonly deployment: Deployment;
  readonly traffic: Traffic;
  readonly declared: Declared;
  /** Applies a declaration that differs from the last one in these fields. */
  change(fields: Partial<Declared>, options?: ApplyOptions): Promise<void>;
  /** The program that Pulumi's command line deploys it by. */
  readonly program?: DeployedProgram;
}

/** Makes the namespace, where Pod Security admits what is `restricted` alone, and starts the name service. */
export async function openCluster(node: Node, parts: NodeParts): Promise<Cluster> {
  const { kubectl } = node;
  const keySet = JSON.parse(await kubectl(["get", "--raw", "/openid/v1/jwks"])) as JSONWebKeySet;
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
  };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: siteNamespace, labels } };
  await kubectl(["apply", "--filename=-"], JSON.stringify(namespace));
  await startNameService(parts);
  return { node, kubectl, parts, keySet };
}

export interface SiteOptions {
  readonly declared?: Partial<Declared>;
  readonly traffic?: Partial<TrafficOptions>;
  /** Brokers that another site has too; omitted: of its own. */
  readonly brokers?: Brokers;
  readonly apply?: ApplyOptions;
}

const usualPerSecond = 20;

/** Deploys a bridge and lets messages flow; its relay is ready when this resolves. */
export async function openSite(cluster: Cluster, name: string, options: SiteOptions = {}): Promise<Site> {
  const { kubectl, parts, keySet } = cluster;
  const brokers = options.brokers ?? (await startBrokers(parts, keySet));
  if (options.brokers === undefined) await publishAuthority(kubectl, brokers);
  const client = await brokers.plantAuthority.createClientCertificate(`${name}-relay`);
  const trusted = brokers.plantAuthority.certificate;
  let declared: Declared = { site: name, client, trusted, ...options.declared };
  const deployment = createDeployment(kubectl, name);
  if (declared.isGitOps === true) await createSecrets(kubectl, declared);
  // Messages that came before the first subscription would be nobody's loss.
  await deployment.apply(declareSite(brokers, declared), options.apply);
  const traffic = await startTraffic(brokers, { site: name, perSecond: usualPerSecond, ...options.traffic });
  return {
    name,
    brokers,
    deployment,
    traffic,
    get declared() {
      return declared;
    },
    change: async (fields, applyOptions) => {
      declared = { ...declared, ...fields };
      await deployment.apply(declareSite(brokers, declared), applyOptions ?? options.apply);
    },
  };
}

/** What the files leave out: whoever runs the cluster makes them, or has them fetched from a vault. */
async function createSecrets(kubectl: Kubectl, declared: Declared): Promise<void> {
  const items = Object.entries(declareSecrets(declared)).map(([name, { clientCertificate, clientKey }]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: siteNamespace },
    stringData: { "client_cert.pem": clientCertificate, "client_key.pem": clientKey },
  }));
  await kubectl(["apply", "--server-side", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
}

const authorities = new Set<string>();

/** Puts the CA of AIO's broker where AIO puts it; that of each site's broker. */
export async function publishAuthority(kubectl: Kubectl, { edgeAuthority }: Brokers): Promise<void> {
  authorities.add(edgeAuthority.certificate);
  const metadata = { name: aioTrustBundle, namespace: siteNamespace };
  const data = { "ca.crt": [...authorities].join("\n") };
  await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }));
}
