import type { EmulatedCloud } from "./emulated-cloud.ts";
import type { Link } from "./link.ts";

/** A fault that a visitor of the demo can make, and take back. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** What to look at. */
  readonly explanation: string;
  readonly isOn: boolean;
}

/** The faults of the demo. */
export interface Faults {
  readonly list: () => readonly Fault[];
  /** Makes a fault or takes it back; `false` where there is none of this name. */
  readonly set: (id: string, isOn: boolean) => boolean;
  /** Takes all of them back. */
  readonly clear: () => void;
}

const faults = [
  {
    id: "cut",
    title: "Cut the link to the cloud",
    explanation:
      "What the plant sends goes to the disk and is acknowledged. Mend it, and the disk empties in order. Event Grid keeps 100 commands meanwhile; at one more it ends the session, and they are lost.",
  },
  {
    id: "slow",
    title: "Make the link slow",
    explanation: "24 kB a second and 300 ms each way: latency grows, and so does what waits.",
  },
  {
    id: "role",
    title: "Revoke the publisher role",
    explanation: "Event Grid refuses what the relay publishes. It says so, and keeps the messages.",
  },
] as const;

type FaultId = (typeof faults)[number]["id"];

/** Makes the demo's faults: at the relay's link to the cloud, and in the rights that it has there. */
export function createFaults(link: Pick<Link, "set">, cloud: Pick<EmulatedCloud, "revokePublisher">): Faults {
  const on = new Set<string>();
  const setLink = () => {
    link.set(on.has("cut") ? "cut" : on.has("slow") ? "slow" : "whole");
  };
  const acts: Readonly<Record<FaultId, () => void>> = {
    cut: setLink,
    slow: setLink,
    role: () => {
      cloud.revokePublisher(on.has("role"));
    },
  };
  const set = (id: string, isOn: boolean) => {
    const fault = faults.find((one) => one.id === id);
    if (fault === undefined) return false;
    if (isOn === on.has(id)) return true;
    if (isOn) on.add(id);
    else on.delete(id);
    acts[fault.id]();
    return true;
  };
  return {
    list: () => faults.map((fault) => ({ ...fault, isOn: on.has(fault.id) })),
    set,
    clear: () => {
      for (const { id } of faults) set(id, false);
    },
  };
}
