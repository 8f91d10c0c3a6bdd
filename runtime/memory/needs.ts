import type { RelayConfig } from "../contract/config.ts";
import type { Problem } from "../contract/errors.ts";
import { needsDisk } from "../disk/dataflow-disk.ts";
import type { MemoryNeeds, MemoryShortage } from "./plan.ts";

const mebibyte = 1024 * 1024;

/** Who of a configuration needs memory. */
export function memoryNeeds({ dataflows }: Pick<RelayConfig, "dataflows">): MemoryNeeds {
  const enabled = Object.entries(dataflows).filter(([, { mode }]) => mode === "Enabled");
  return {
    dataflows: enabled.map(([name, { relay }]) => ({ name, maxInflightBytes: relay.maxInflightBytes })),
    usesDisk: enabled.some(([, { relay }]) => needsDisk(relay)),
  };
}

/** Says that there is too little, and how much is enough. */
export function memoryShortage(dataflows: number, limitBytes: number, { neededBytes }: MemoryShortage): Problem {
  const needed = Math.ceil(neededBytes / mebibyte);
  return {
    path: "relay.maxMemoryBytes",
    problem: `leaves ${Math.floor(limitBytes / mebibyte)} MiB, too little for ${dataflows} dataflows`,
    remedy: `give the container, or this setting, ${needed} MiB (${needed * mebibyte} bytes) or more, or spread the dataflows over more relays`,
  };
}
