import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";

import { findFreePort } from "../../test/support/free-port.ts";
import { requireProgram, runStep } from "./installation.ts";
import type { BrokerSide, Peer, Route } from "./peer.ts";

/** How to get the broker that the whole benchmark stands on. */
export const mosquittoRemedy = "get it with: apt-get install mosquitto";

export const mosquitto: Peer = {
  name: "mosquitto",
  title: "mosquitto's bridge",
  remark:
    "a mosquitto of its own between the two brokers, with one bridge connection to each: its process does nothing but bridge, " +
    "and acknowledges to the source when it has the message in memory",
  install: async (cacheFolder) => {
    const command = requireProgram("mosquitto", mosquittoRemedy);
    return {
      version: await mosquittoVersion(command, cacheFolder),
      prepare: async (route) => {
        const file = path.join(route.folder, "bridge.conf");
        await mkdir(route.folder, { recursive: true });
        await writeFile(file, bridgeConfiguration(route, await findFreePort()));
        return { command, args: ["-c", file] };
      },
    };
  },
};

/** Reads the version from the program's help, which ends with a failure by design. */
export async function mosquittoVersion(command: string, folder: string): Promise<string> {
  const help = await runStep(["sh", "-c", `${command} -h || true`], folder);
  return /version ([0-9.]+)/.exec(help)?.[1] ?? "unknown";
}

/** A broker with two bridge connections. @see mosquitto.conf(5), Configuring Bridges */
export function bridgeConfiguration({ source, destination, filters, qos, window }: Route, port: number): string {
  const connection = (name: string, { port: remote, caFile }: BrokerSide, direction: "in" | "out") => [
    `connection ${name}`,
    `address 127.0.0.1:${remote}`,
    "bridge_protocol_version mqttv50",
    "cleansession false",
    "notifications false",
    "try_private false",
    ...(caFile === undefined ? [] : [`bridge_cafile ${caFile}`]),
    ...filters.map((filter) => `topic ${filter} ${direction} ${qos}`),
  ];
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `user ${userInfo().username}`, // else it changes to a user that can't read the folder
    "set_tcp_nodelay true",
    `max_inflight_messages ${window}`,
    "max_queued_messages 0", // the default of 1000 drops what comes faster than it goes
    ...connection("source", source, "in"),
    ...connection("destination", destination, "out"),
    "",
  ].join("\n");
}
