import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { build } from "esbuild";

import type { Peer } from "./peer.ts";

export const plainMqttjs: Peer = {
  name: "plain-mqttjs",
  title: "plain mqtt.js",
  remark: "acknowledges to the source at once, before the destination has the message",
  install: async (cacheFolder) => {
    const bundle = path.join(cacheFolder, "plain-mqttjs.mjs");
    await bundleProgram(bundle);
    const { version } = createRequire(import.meta.filename)("mqtt/package.json") as { version: string };
    return {
      version,
      prepare: async (route) => {
        const file = path.join(route.folder, "plain.json");
        await writeFile(file, JSON.stringify(route));
        return { command: process.execPath, args: [bundle, file] };
      },
    };
  },
};

/** One file of JavaScript, as the relay's image has it. */
async function bundleProgram(outfile: string): Promise<void> {
  await build({
    entryPoints: [path.join(import.meta.dirname, "plain-mqttjs-main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    banner: {
      js: 'import { createRequire as createRequireOfBundle } from "node:module"; const require = createRequireOfBundle(import.meta.url);',
    },
    logLevel: "warning",
  });
}
