import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { requireInstallation, requireProgram, runStep } from "./installation.ts";
import type { BrokerSide, Peer, Route } from "./peer.ts";

const version = "5.0.7";

export const nodeRed: Peer = {
  name: "node-red",
  title: "Node-RED",
  remark: "an mqtt-in node wired to an mqtt-out node, MQTT 5, no editor; acknowledges to the source at once",
  install: async (cacheFolder, mayInstall) => {
    const folder = path.join(cacheFolder, `node-red-${version}`);
    const main = path.join(folder, "node_modules/node-red/red.js");
    if (!existsSync(main)) {
      requireInstallation(mayInstall);
      const npm = requireProgram("npm", "install Node.js with npm");
      const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder];
      await runStep([npm, "install", ...flags, `node-red@${version}`], folder);
    }
    return {
      version,
      prepare: async (route) => {
        await mkdir(route.folder, { recursive: true });
        const settings = path.join(route.folder, "settings.cjs");
        await writeFile(settings, settingsFile);
        await writeFile(path.join(route.folder, "flows.json"), JSON.stringify(flows(route)));
        return {
          command: process.execPath,
          args: [main, "--userDir", route.folder, "--settings", settings, "flows.json"],
        };
      },
    };
  },
};

/** No editor and no dashboard, nothing asked of the network, no projects. */
const settingsFile = `module.exports = {
  uiHost: "127.0.0.1",
  uiPort: 0,
  disableEditor: true,
  httpAdminRoot: false,
  httpNodeRoot: false,
  telemetry: { enabled: false },
  logging: { console: { level: "warn", metrics: false, audit: false } },
};
`;

/** The nodes of Node-RED's own palette, as its editor exports them. */
export function flows({ source, destination, filters, qos, window }: Route): readonly object[] {
  // An identifier that equals another field of the node is a dependency on itself for Node-RED.
  const broker = (name: string, { port }: BrokerSide) => ({
    id: `${name}-broker`,
    type: "mqtt-broker",
    name,
    broker: "127.0.0.1",
    port: String(port),
    clientid: `node-red-${name}`,
    autoConnect: true,
    usetls: false,
    protocolVersion: "5",
    keepalive: "60",
    cleansession: false,
    sessionExpiry: "3600",
    userProps: "",
    receiveMaximum: String(window),
  });
  // Node-RED takes a node without a place on the canvas for one that only holds a configuration.
  const place = { z: "tab", x: 100, y: 100 };
  const inputs = filters.map((topic, index) => ({
    id: `in-${index}`,
    type: "mqtt in",
    ...place,
    topic,
    qos: String(qos),
    datatype: "buffer",
    broker: "source-broker",
    nl: false,
    rap: true,
    rh: 0,
    inputs: 0,
    wires: [["out"]],
  }));
  // Topic, QoS and retain are left open, so that the message's own are taken.
  const output = {
    id: "out",
    type: "mqtt out",
    ...place,
    topic: "",
    qos: "",
    retain: "",
    broker: "destination-broker",
  };
  return [
    { id: "tab", type: "tab", label: "bridge", disabled: false },
    broker("source", source),
    broker("destination", destination),
    ...inputs,
    { ...output, wires: [] },
  ];
}
