import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { findFreePort } from "../../test/support/free-port.ts";
import { requireInstallation, requireProgram, runStep } from "./installation.ts";
import type { Peer, Route } from "./peer.ts";

const version = "0.20.0";
const maxPayloadBytes = 1024 * 1024;

export const rumqttd: Peer = {
  name: "rumqttd",
  title: "rumqttd's bridge",
  remark:
    "it bridges into itself, so that its process is the destination broker as well; MQTT 3.1.1. Its SUBSCRIBE has packet identifier 0, against [MQTT-2.3.1-1]: mosquitto ends the connection",
  install: async (cacheFolder, mayInstall) => {
    const folder = path.join(cacheFolder, `rumqttd-${version}`);
    const command = path.join(folder, "bin/rumqttd");
    if (!existsSync(command)) {
      requireInstallation(mayInstall);
      const cargo = requireProgram("cargo", "install Rust 1.70 or later");
      const args = ["install", "rumqttd", "--version", version, "--root", folder] as const;
      await runStep([cargo, ...args], folder, { CARGO_TARGET_DIR: path.join(folder, "target") });
      await rm(path.join(folder, "target"), { recursive: true });
    }
    return {
      version,
      prepare: async (route) => {
        await mkdir(route.folder, { recursive: true });
        const file = path.join(route.folder, "rumqttd.toml");
        const outputPort = await findFreePort();
        await writeFile(file, rumqttdConfiguration(route, outputPort, await findFreePort()));
        return { command, args: ["-c", file], outputPort };
      },
    };
  },
};

/** @see rumqttd.toml in the package: the bridge's block, and one listener for each version of MQTT */
export function rumqttdConfiguration({ source, filters, qos, window }: Route, v5Port: number, v4Port: number): string {
  const connections = (block: string) => [
    `[${block}.connections]`,
    "connection_timeout_ms = 60000",
    `max_payload_size = ${maxPayloadBytes}`,
    `max_inflight_count = ${window}`,
    "dynamic_filters = true",
  ];
  const listener = (block: string, port: number) => [
    `[${block}]`,
    `name = "${block.replace(".", "-")}"`,
    `listen = "127.0.0.1:${port}"`,
    "next_connection_delay_ms = 1",
    ...connections(block),
  ];
  return [
    "id = 0",
    "[router]",
    "id = 0",
    "max_connections = 100",
    "max_outgoing_packet_count = 200",
    "max_segment_size = 104857600",
    "max_segment_count = 10",
    "[bridge]",
    'name = "rumqttd-bridge"',
    `addr = "127.0.0.1:${source.port}"`,
    `qos = ${qos}`,
    `sub_path = "${filters[0] ?? "#"}"`,
    "reconnection_delay = 1",
    "ping_delay = 5",
    "timeout_delay = 5",
    ...connections("bridge"),
    ...listener("v4.1", v4Port),
    ...listener("v5.1", v5Port),
    "",
  ].join("\n");
}
