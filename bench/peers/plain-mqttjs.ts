import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import type { Peer } from "./peer.ts";

export const plainMqttjs: Peer = {
  name: "plain-mqttjs",
  title: "plain mqtt.js",
  remark: "acknowledges to the source at once, before the destination has the message",
  can: ["tls", "enrich"],
  install: async () => {
    const { version } = createRequire(import.meta.filename)("mqtt/package.json") as { version: string };
    return Promise.resolve({
      version,
      prepare: async (route) => {
        const file = path.join(route.folder, "plain.json");
        await writeFile(file, JSON.stringify(route));
        return { command: process.execPath, args: [path.join(import.meta.dirname, "plain-mqttjs-main.ts"), file] };
      },
    });
  },
};
