import { installProgram } from "./bundled-program.ts";
import type { Peer } from "./peer.ts";
import { installRustProgram } from "./rust-programs.ts";

const remark =
  "no bridge but the limit of one: it opens both connections and subscribes; then every byte of the source goes to the " +
  "destination and every byte of the destination, which are its PUBACKs, to the source, with no look at them";

/** The limit with the means that the relay has. */
export const limitNode: Peer = {
  name: "limit-node",
  title: "limit, Node.js",
  remark: `${remark}; one process, each read of up to 64 KiB is one write`,
  install: (cacheFolder) => installProgram(cacheFolder, "limit-main.ts", process.versions.node),
};

/** The limit of the machine. */
export const limitRust: Peer = {
  name: "limit-rust",
  title: "limit, Rust",
  remark: `${remark}; blocking system calls, one thread for each direction, each read of up to 64 KiB is one write; no TLS`,
  install: (cacheFolder, mayInstall) => installRustProgram("limit", cacheFolder, mayInstall),
};
