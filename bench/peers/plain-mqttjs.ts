import { createRequire } from "node:module";

import { installProgram } from "./bundled-program.ts";
import type { Peer } from "./peer.ts";

export const plainMqttjs: Peer = {
  name: "plain-mqttjs",
  title: "plain mqtt.js",
  remark: "acknowledges to the source at once, before the destination has the message",
  install: (cacheFolder) => {
    const { version } = createRequire(import.meta.filename)("mqtt/package.json") as { version: string };
    return installProgram(cacheFolder, "plain-mqttjs-main.ts", version);
  },
};
