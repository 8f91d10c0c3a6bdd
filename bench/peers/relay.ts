import { copyFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { podDefaults } from "../../components/relay/defaults.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { readImageFlags } from "../../test/support/image-flags.ts";
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
        await writeFile(config, JSON.stringify(buildRelayConfig(route)));
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
            // The default folder may hold the spool of another relay of this machine, which is looked at each second.
            "--spool",
            path.join(route.folder, "spool"),
            "--metrics-port",
            String(metricsPort),
            "--metrics-host",
            "127.0.0.1",
          ],
          metricsPort,
          // As the components declare its container.
          env: { NODE_ENV: "production", NODE_OPTIONS: `--max-old-space-size=${podDefaults.memoryMebibytes / 2}` },
        };
      },
    };
  },
};

/** The configuration of a route: one dataflow for each filter. */
export function buildRelayConfig(route: Route): RelayConfigInput {
  const names = route.filters.map((_, index) => `load-${index}`);
  return {
    relay: { statusPage: { port: 0 } },
    endpoints: { source: endpoint(route.source, route), destination: endpoint(route.destination, route) },
    dataflows: Object.fromEntries(names.map((name, index) => [name, dataflow(route, route.filters[index] ?? "")])),
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

function dataflow({ isEnriched, idleFilters }: Route, filter: string): DataflowInput {
  const dataDestination = isEnriched ? enrichedTopic : "${inputTopic}";
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: "source", dataSources: [filter, ...idleFilters] } },
      { operationType: "Destination", destinationSettings: { endpointRef: "destination", dataDestination } },
    ],
  };
}
