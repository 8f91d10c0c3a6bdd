import * as pulumi from "@pulumi/pulumi";

/** Stands for the program where Pulumi has no monitor, as in tests of single functions. */
const noProgram = {};

/** The programs of a plugin's engine by the address of its monitor. */
const programs = new Map<string, object>();

/**
 * An object that each program has of its own. Pulumi runs several in one process in tests and through its Automation API, each with
 * a client of the engine's monitor; a plugin has a new client for each component, and the same address for all of a program.
 */
export function programOf(): object {
  const monitor = pulumi.runtime.getMonitor() as (Partial<Client> & object) | undefined;
  const address = monitor?.getChannel?.().getTarget();
  if (monitor === undefined || address === undefined) return monitor ?? noProgram;
  const program = programs.get(address) ?? {};
  programs.set(address, program);
  return program;
}

/** The part of a gRPC client that tells where it is connected to. */
interface Client {
  getChannel(): { getTarget(): string };
}
