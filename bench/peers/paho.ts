import { existsSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import path from "node:path";

import { installedWithRouteFile } from "./bundled-program.ts";
import { hashOfFiles, requireInstallation, requireProgram, runStep } from "./installation.ts";
import type { Peer } from "./peer.ts";

const sources = path.join(import.meta.dirname, "go");
const files = ["go.mod", "go.sum", "main.go"];

export const paho: Peer = {
  name: "paho",
  title: "Paho for Go",
  remark:
    "a bridge of a hundred lines on Eclipse Paho for Go, MQTT 5; acknowledges to the source after the destination has acknowledged",
  install: async (cacheFolder, mayInstall) => {
    const folder = path.join(cacheFolder, `paho-${await hashOfFiles(sources, files)}`);
    const program = path.join(folder, "paho-bridge");
    if (!existsSync(program)) {
      requireInstallation(mayInstall);
      const go = requireProgram("go", "install Go 1.24 or later");
      const args = ["-C", sources, "build", "-p", "1", "-trimpath", "-o", `${program}.part`, "."];
      await runStep([go, ...args], folder, { GOMAXPROCS: "1" });
      await rename(`${program}.part`, program);
    }
    const module = await readFile(path.join(sources, "go.mod"), "utf8");
    const version = /paho\.golang (\S+)/.exec(module)?.[1] ?? "unknown";
    return installedWithRouteFile(version, [program]);
  },
};
