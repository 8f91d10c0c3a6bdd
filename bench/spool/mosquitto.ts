import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";

import { findFreePort } from "../../test/support/free-port.ts";
import { DestinationEnd } from "../load/destination-end.ts";
import { requireProgram } from "../peers/installation.ts";
import { mosquittoRemedy, mosquittoVersion } from "../peers/mosquitto.ts";
import type { DiskPeer, DiskRoute } from "./peer.ts";
import { connectPatiently, describeBroker, Running } from "./running.ts";

const saveSeconds = 1;

export const mosquitto: DiskPeer = {
  name: "mosquitto",
  title: "mosquitto's bridge, persistent",
  remark:
    "acknowledges a message when it has it in memory; while something changes it writes all that it has to a new file each " +
    `${saveSeconds} s (autosave_interval), and what came since is lost when it is killed`,
  install: () => mosquittoVersion(requireProgram("mosquitto", mosquittoRemedy), tmpdir()),
  start: async (route) => {
    const { folder, window, env } = route;
    await mkdir(folder, { recursive: true });
    const destination = new DestinationEnd(window);
    await destination.open();
    const port = await findFreePort();
    const file = path.join(folder, "mosquitto.conf");
    await writeFile(file, mosquittoConfiguration(route, port, destination.port));
    const running = new Running(requireProgram("mosquitto", mosquittoRemedy), ["-c", file], env, folder);
    const publisher = await connectPatiently(port, running);
    return describeBroker(running, publisher, destination);
  },
};

/** A broker that is its own source: the load is published to it. @see mosquitto.conf(5) */
export function mosquittoConfiguration({ folder, window }: DiskRoute, port: number, destinationPort: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `user ${userInfo().username}`, // else it changes to a user that can't write to the folder
    "set_tcp_nodelay true",
    `max_inflight_messages ${window}`,
    "max_queued_messages 0",
    "persistence true",
    `persistence_location ${folder}/`,
    `autosave_interval ${saveSeconds}`,
    "connection destination",
    `address 127.0.0.1:${destinationPort}`,
    "bridge_protocol_version mqttv50",
    "cleansession false",
    "notifications false",
    "try_private false",
    "restart_timeout 1",
    "topic load/# out 1",
    "",
  ].join("\n");
}
