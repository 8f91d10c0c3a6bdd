import * as pulumi from "@pulumi/pulumi";

import { isPlugin } from "./refuse.ts";

/** Stands for the program where Pulumi has no monitor, as in tests of single functions. */
const noProgram = {};

/** The programs that a plugin has components for, by the address of their engine's monitor. */
const programs = new Map<string, object>();

/** The part of a gRPC client that tells where it is connected to. */
interface Client {
  getChannel(): { getTarget(): string };
}

/**
 * An object that each program has of its own. Pulumi runs several in one process in tests and through its Automation API, each with
 * a client of the engine's monitor; a plugin has a new client for each component, and one address for all of a program.
 */
export function programOf(
  monitor: object | undefined = pulumi.runtime.getMonitor(),
  isByAddress: boolean = isPlugin(),
): object {
  if (monitor === undefined || !isByAddress) return monitor ?? noProgram;
  const address = (monitor as Client).getChannel().getTarget();
  const program = programs.get(address) ?? {};
  programs.set(address, program);
  return program;
}
