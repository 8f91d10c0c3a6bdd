import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";

import { findFreePort } from "../../test/support/free-port.ts";
import { Subscriber } from "../load/subscriber.ts";
import { defaultCacheFolder, requireProgram, runStep } from "../peers/installation.ts";
import type { DiskPeer, DiskRoute } from "./peer.ts";
import { connectPatiently, describeBroker, Running } from "./running.ts";

const version = "2.40.0";
const artifact = `org.apache.activemq:apache-artemis:${version}:zip:bin`;

export const artemis: DiskPeer = {
  name: "artemis",
  title: "ActiveMQ Artemis",
  remark:
    "a broker; the destination is a subscriber whose session is kept while it is away. Acknowledges a message after the fdatasync of its " +
    "journal, which gathers what comes within its own interval (journal type NIO, all else as it is delivered)",
  install: async (cacheFolder) => {
    if (!existsSync(homeIn(cacheFolder))) await unpack(cacheFolder);
    return version;
  },
  start: async (route) => {
    const { folder, window, env } = route;
    const port = await findFreePort();
    const command = await createInstance(route, port);
    const running = new Running(command, ["run"], env, folder);
    const publisher = await connectPatiently(port, running);
    publisher.window = window;
    const destination = new Subscriber(port, window);
    await destination.open();
    return describeBroker(running, publisher, destination);
  },
};

function homeIn(cacheFolder: string): string {
  return path.join(cacheFolder, `apache-artemis-${version}`);
}

/** From Maven's repository, into the cache. */
async function unpack(cacheFolder: string): Promise<void> {
  const maven = requireProgram("mvn", "get it with: apt-get install maven");
  const unzip = requireProgram("unzip", "get it with: apt-get install unzip");
  const part = path.join(cacheFolder, "artemis.part");
  await runStep([maven, "-q", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${part}`], cacheFolder);
  await runStep([unzip, "-q", "-o", path.join(part, `apache-artemis-${version}-bin.zip`), "-d", part], cacheFolder);
  await rename(path.join(part, `apache-artemis-${version}`), homeIn(cacheFolder));
}

/** Makes a broker of its own in the folder; returns what starts it. */
async function createInstance({ folder }: DiskRoute, port: number): Promise<string> {
  await mkdir(path.dirname(folder), { recursive: true });
  const options = ["--allow-anonymous", "--no-web", "--no-autotune", "--nio", "--silent", "--force"];
  const users = ["--user", "benchmark", "--password", "benchmark"];
  const program = path.join(homeIn(defaultCacheFolder()), "bin/artemis");
  await runStep([program, "create", folder, ...users, ...options], path.dirname(folder));
  await writeFile(path.join(folder, "etc/broker.xml"), artemisConfiguration(port));
  return path.join(folder, "bin/artemis");
}

/** Persistent, with syncs of what is not in a transaction too, as it is delivered; only MQTT on loopback. */
export function artemisConfiguration(port: number): string {
  return `<?xml version="1.0"?>
<configuration xmlns="urn:activemq">
  <core xmlns="urn:activemq:core">
    <persistence-enabled>true</persistence-enabled>
    <journal-type>NIO</journal-type>
    <journal-datasync>true</journal-datasync>
    <journal-sync-transactional>true</journal-sync-transactional>
    <journal-sync-non-transactional>true</journal-sync-non-transactional>
    <security-enabled>false</security-enabled>
    <acceptors>
      <acceptor name="mqtt">tcp://127.0.0.1:${port}?protocols=MQTT;useEpoll=true</acceptor>
    </acceptors>
    <address-settings>
      <address-setting match="#">
        <max-size-bytes>-1</max-size-bytes>
        <auto-create-queues>true</auto-create-queues>
        <auto-create-addresses>true</auto-create-addresses>
      </address-setting>
    </address-settings>
  </core>
</configuration>
`;
}
