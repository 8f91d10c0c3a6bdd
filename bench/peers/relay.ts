import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { podDefaults } from "../../components/relay/defaults.ts";
import { parseRelayConfig, type RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { memoryNeeds, planMemory } from "../../runtime/contract/memory.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { readImageEnvironment, readImageFlags } from "../../test/support/image-flags.ts";
import { runStep } from "./installation.ts";
import { enrichedTopic, type BrokerSide, type Peer, type Route } from "./peer.ts";

const repository = path.join(import.meta.dirname, "../..");
/** What the image runs: the sources as they are would hold the compiler of types in memory. */
const bundle = path.join(repository, "dist/relay.mjs");
/** Name of the ConfigMap that holds the brokers' authority. */
const authority = "authority";

export const relay: Peer = {
  name: "relay",
  title: "this relay",
  remark: "acknowledges to the source after the destination has acknowledged",
  install: async () => {
    await runStep([process.execPath, "runtime/bundle.ts"], repository);
    const { default: manifest } = (await import("../../package.json", { with: { type: "json" } })) as {
      default: { version: string };
    };
    return {
      version: manifest.version,
      prepare: async (route) => {
        const config = path.join(route.folder, "relay.json");
        const mounts = path.join(route.folder, "mounts");
        const { caFile } = route.source;
        if (caFile !== undefined) {
          const folder = path.join(mounts, "configmaps", authority);
          await mkdir(folder, { recursive: true });
          await copyFile(caFile, path.join(folder, "ca.crt"));
        }
        const text = JSON.stringify(buildRelayConfig(route));
        await writeFile(config, text);
        const metricsPort = await findFreePort();
        return {
          command: process.execPath,
          // As its image starts it.
          args: [
            ...(await readImageFlags()),
            bundle,
            "run",
            "--config",
            config,
            "--mounts",
            mounts,
            "--metrics-port",
            String(metricsPort),
            "--metrics-host",
            "127.0.0.1",
          ],
          metricsPort,
          // As the components declare its container.
          env: {
            ...(await readImageEnvironment()),
            NODE_OPTIONS: `--max-old-space-size=${Math.floor(memoryMebibytes(text) / 2)}`,
          },
        };
      },
    };
  },
};

/** Memory of its pod: the default, or what a preview asks for at least. */
function memoryMebibytes(text: string): number {
  const { dataflows } = parseRelayConfig(text, { where: "relay.json" }).config;
  const plan = planMemory(0, memoryNeeds(dataflows));
  const neededMebibytes = "neededBytes" in plan ? plan.neededBytes / 1024 ** 2 : 0;
  return Math.max(podDefaults.memoryMebibytes, Math.ceil(neededMebibytes));
}

/** The configuration of a route: one dataflow for each filter. */
export function buildRelayConfig(route: Route): RelayConfigInput {
  const { filters, reverseFilters = [] } = route;
  return {
    // A folder of its own: a spool that another relay has left at the usual place would be served, and that costs.
    relay: { statusPage: { port: 0 }, spoolPath: path.join(route.folder, "spool") },
    endpoints: { source: endpoint(route.source, route), destination: endpoint(route.destination, route) },
    dataflows: Object.fromEntries([
      ...filters.map((filter, index) => [`load-${index}`, dataflow(route, filter, ["source", "destination"])] as const),
      ...reverseFilters.map(
        (filter, index) => [`back-${index}`, dataflow(route, filter, ["destination", "source"])] as const,
      ),
    ]),
  };
}

function endpoint({ port, caFile }: BrokerSide, { folder, qos, window, isEnriched }: Route): EndpointInput {
  return {
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${port}`,
      authentication: { method: "Anonymous" },
      tls: caFile === undefined ? { mode: "Disabled" } : { trustedCaCertificateConfigMapRef: authority },
      // Two relays at the same brokers would take each other's sessions.
      clientIdPrefix: `${path.basename(folder)}-`,
      maxInflightMessages: window,
      qos,
      ...(isEnriched ? { cloudEventAttributes: "CreateOrRemap" } : {}),
    },
  };
}

function dataflow(
  { isEnriched, idleFilters }: Route,
  filter: string,
  [source, destination]: readonly [string, string],
): DataflowInput {
  const dataDestination = isEnriched ? enrichedTopic : "${inputTopic}";
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: source, dataSources: [filter, ...idleFilters] } },
      { operationType: "Destination", destinationSettings: { endpointRef: destination, dataDestination } },
    ],
  };
}
