import os from "node:os";

/** How much memory the process may use, and who says so. */
export interface MemoryLimit {
  readonly bytes: number;
  readonly from: "configuration" | "container" | "machine";
}

/** What the operating system says of memory. */
export interface MachineMemory {
  /** Limit of the container; 0 or more than the machine has where there is none. */
  readonly constrainedBytes: number;
  readonly totalBytes: number;
}

/** Part of a machine's memory that a relay takes that nobody has given a limit: others run there too. */
const machineShare = 1 / 2;

/**
 * Finds the limit: the smaller one of what the configuration says and what the container has. Beyond the container's the kernel
 * kills the process, whatever the configuration says.
 */
export function findMemoryLimit(configuredBytes: number | undefined, machine = readMachineMemory()): MemoryLimit {
  const { constrainedBytes, totalBytes } = machine;
  const isConstrained = constrainedBytes > 0 && constrainedBytes < totalBytes;
  if (configuredBytes !== undefined && !(isConstrained && constrainedBytes < configuredBytes))
    return { bytes: configuredBytes, from: "configuration" };
  if (isConstrained) return { bytes: constrainedBytes, from: "container" };
  return { bytes: Math.floor(totalBytes * machineShare), from: "machine" };
}

function readMachineMemory(): MachineMemory {
  return { constrainedBytes: process.constrainedMemory(), totalBytes: os.totalmem() };
}
