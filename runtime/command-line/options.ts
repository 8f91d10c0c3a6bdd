import { isIP } from "node:net";

import { Option } from "@commander-js/extra-typings";

import { WrongValue } from "./check-line.ts";

const highestPort = 65_535;

/** Reads an option that may be given several times into a list. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

/** `--profile` and `--dataflow`: what of a document is wanted. The same wherever a configuration is read. */
export function profileOption() {
  return new Option("--profile <name>", "the DataflowProfile whose dataflows are wanted, when the files hold several");
}

/** As {@link profileOption}. */
export function dataflowOption() {
  return new Option("--dataflow <name>", "take just this dataflow; may be given several times").argParser(collect);
}

/** Reads a TCP port, 1 to 65535. @throws {WrongValue} */
export function readPort(value: string): number {
  if (isPort(value) && value !== "0") return Number(value);
  throw new WrongValue(`is "${value}"`, `give a port from 1 to ${highestPort}`);
}

/** Reads a TCP port to listen on; 0 means that nothing listens. @throws {WrongValue} */
export function readPortOrNone(value: string): number {
  if (isPort(value)) return Number(value);
  throw new WrongValue(`is "${value}"`, `give a port from 1 to ${highestPort}, or 0 for none`);
}

/** Reads an IP address of this machine. @throws {WrongValue} */
export function readAddress(value: string): string {
  if (isIP(value) !== 0) return value;
  throw new WrongValue(`is "${value}"`, "give an IP address of this machine, such as 127.0.0.1");
}

function isPort(value: string): boolean {
  return /^[0-9]{1,5}$/.test(value) && Number(value) <= highestPort;
}
