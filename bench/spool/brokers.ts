import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { findFreePort } from "../../test/support/free-port.ts";
import { BrokerClient } from "../load/broker-client.ts";
import { requireProgram, runStep } from "../peers/installation.ts";
import { mosquittoRemedy, mosquittoVersion } from "../peers/mosquitto.ts";
import type { DiskPeer, DiskRoute, RunningDiskPeer } from "./peer.ts";
import { Running } from "./running.ts";

const connectDeadlineMs = 20_000;
const connectAgainMs = 100;
/** NanoMQ drops what is over. */
const mostCached = 10_000_000;

const nanomqRemedy =
  "build it from its sources with -DNNG_ENABLE_SQLITE=ON and put it on the PATH; without that option it has no disk queue";

export const nanomq: DiskPeer = {
  name: "nanomq",
  title: "NanoMQ",
  remark:
    "a broker with a bridge whose messages go to SQLite while the destination is away; acknowledges a message when it has it in memory, " +
    "writes 100 at a time, and loses those that it has not written when it is killed",
  install: async () => {
    const help = await runStep(["sh", "-c", `${requireProgram("nanomq", nanomqRemedy)} --version || true`], tmpdir());
    return /[0-9]+\.[0-9]+\.[0-9]+[^ ]*/.exec(help)?.[0] ?? "of its sources";
  },
  start: (route) => startBroker(requireProgram("nanomq", nanomqRemedy), ["start", "--conf"], route, nanomqConfiguration),
};

export const mosquitto: DiskPeer = {
  name: "mosquitto",
  title: "mosquitto",
  remark:
    "a broker with a bridge; acknowledges a message when it has it in memory, and writes all that it has to a new file each 10 s " +
    "(autosave_interval): what came since is lost when it is killed",
  install: () => mosquittoVersion(requireProgram("mosquitto", mosquittoRemedy), tmpdir()),
  start: (route) => startBroker(requireProgram("mosquitto", mosquittoRemedy), ["-c"], route, mosquittoConfiguration),
};

/** A broker that is its own source: the load is published to it. */
async function startBroker(
  command: string,
  args: readonly string[],
  route: DiskRoute,
  configuration: (route: DiskRoute, port: number) => string,
): Promise<RunningDiskPeer> {
  await mkdir(route.folder, { recursive: true });
  const port = await findFreePort();
  const file = path.join(route.folder, "broker.conf");
  await writeFile(file, configuration(route, port));
  const running = new Running(command, [...args, file], route.env, route.folder);
  const publisher = await connect(port, running);
  publisher.window = route.window;
  return {
    pid: running.pid,
    give: (shape, load, count) => publisher.publishAll(shape, load, count),
    commits: () => undefined,
    stop: async (signal) => {
      publisher.close();
      await running.stop(signal);
    },
  };
}

async function connect(port: number, running: Running): Promise<BrokerClient> {
  const deadlineMs = performance.now() + connectDeadlineMs;
  for (;;) {
    running.assertRuns();
    try {
      return await BrokerClient.connect(port, "load");
    } catch (cause) {
      if (performance.now() > deadlineMs) throw cause;
      await delay(connectAgainMs);
    }
  }
}

/** @see NanoMQ's documentation, MQTT over TCP bridge and cache */
export function nanomqConfiguration({ folder, destination, window }: DiskRoute, port: number): string {
  return `
mqtt { max_mqueue_len = ${window}, max_inflight_window = ${window}, max_packet_size = 1MB }
listeners.tcp { bind = "127.0.0.1:${port}" }
auth { allow_anonymous = true, no_match = allow, deny_action = ignore }
log { to = [console], level = error }
sqlite { disk_cache_size = ${mostCached}, mounted_file_path = "${folder}/", flush_mem_threshold = 100, resend_interval = 100 }
bridges.mqtt.out {
  server = "mqtt-tcp://127.0.0.1:${destination.port}"
  proto_ver = 5
  clientid = "nanomq"
  clean_start = false
  keepalive = 60s
  backoff_max = 1s
  max_parallel_processes = 2
  max_send_queue_len = ${window}
  max_recv_queue_len = ${window}
  resend_interval = 100
  resend_wait = 3000
  cancel_timeout = 8000
  forwards = [ { remote_topic = "", local_topic = "load/#", qos = 1 } ]
  sqlite { disk_cache_size = ${mostCached}, mounted_file_path = "${folder}/", flush_mem_threshold = 100, resend_interval = 100 }
}
`;
}

/** @see mosquitto.conf(5) */
export function mosquittoConfiguration({ folder, destination, window }: DiskRoute, port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    `user ${userInfo().username}`, // else it changes to a user that can't write to the folder
    "set_tcp_nodelay true",
    `max_inflight_messages ${window}`,
    "max_queued_messages 0",
    "persistence true",
    `persistence_location ${folder}/`,
    "autosave_interval 10",
    "connection destination",
    `address 127.0.0.1:${destination.port}`,
    "bridge_protocol_version mqttv50",
    "cleansession false",
    "notifications false",
    "try_private false",
    "restart_timeout 1",
    "topic load/# out 1",
    "",
  ].join("\n");
}
