import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";

import { stringify } from "yaml";

import { requireInstallation, requireProgram, runStep } from "./installation.ts";
import type { Peer, Route } from "./peer.ts";

const version = "v1.10.0";
const packagePath = "github.com/warpstreamlabs/bento";

export const bento: Peer = {
  name: "bento",
  title: "Bento",
  remark: "input mqtt, output mqtt, no processor; MQTT 3.1.1: user properties don't pass",
  install: async (cacheFolder, mayInstall) => {
    const folder = path.join(cacheFolder, `bento-${version}`);
    const command = path.join(folder, "bento");
    if (!existsSync(command)) {
      requireInstallation(mayInstall);
      await build(folder, command);
    }
    return {
      version,
      prepare: async (route) => {
        await mkdir(route.folder, { recursive: true });
        const file = path.join(route.folder, "bento.yaml");
        await writeFile(file, stringify(bentoConfiguration(route)));
        return { command, args: ["-c", file] };
      },
    };
  },
};

/** `go install` first; where the module proxy serves single versions only, the same source built with its own go.sum. */
async function build(folder: string, command: string): Promise<void> {
  const go = requireProgram("go", "install Go 1.22 or later");
  try {
    await runStep([go, "install", `${packagePath}/cmd/bento@${version}`], folder, { GOBIN: folder });
  } catch (cause) {
    console.error(
      `  ${cause instanceof Error ? cause.message : String(cause)}; building the downloaded module instead`,
    );
    const { Dir: source } = JSON.parse(
      await runStep([go, "mod", "download", "-json", `${packagePath}@${version}`], folder),
    ) as { Dir: string };
    await runStep([go, "-C", source, "build", "-trimpath", "-o", `${command}.part`, "./cmd/bento"], folder);
    await rename(`${command}.part`, command);
  }
}

/** @see Bento's documentation, mqtt input and mqtt output */
export function bentoConfiguration({ source, destination, filters, qos, window }: Route): object {
  return {
    http: { enabled: false },
    logger: { level: "WARN" },
    input: {
      mqtt: {
        urls: [`tcp://127.0.0.1:${source.port}`],
        client_id: "bento-source",
        topics: [...filters],
        qos,
        clean_session: false,
      },
    },
    output: {
      mqtt: {
        urls: [`tcp://127.0.0.1:${destination.port}`],
        client_id: "bento-destination",
        topic: "${! @mqtt_topic }",
        qos,
        // 64 when it is left out; the others may have as many on their way as this.
        max_in_flight: window,
      },
    },
  };
}
