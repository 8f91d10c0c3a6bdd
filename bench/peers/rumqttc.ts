import type { Peer } from "./peer.ts";
import { installRustProgram, rustPackageVersion } from "./rust-programs.ts";

export const rumqttc: Peer = {
  name: "rumqttc",
  title: "rumqttc",
  remark:
    "a bridge of a hundred lines on rumqttc and tokio (Rust), one thread, MQTT 5; acknowledges to the source after the destination has acknowledged",
  install: async (cacheFolder, mayInstall) => ({
    ...(await installRustProgram("rumqttc-bridge", cacheFolder, mayInstall)),
    version: await rustPackageVersion("rumqttc"),
  }),
};
