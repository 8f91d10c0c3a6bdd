import type { Problem } from "../../runtime/contract/errors.ts";
import { findBridgeOption } from "./bridge-options.ts";

/** One option as it is written. */
export interface ConfLine {
  readonly line: number;
  /** The option's present name, whatever name was written. */
  readonly name: string;
  readonly value: string;
}

/** One `connection` with its options. */
export interface Connection {
  readonly name: string;
  readonly line: number;
  readonly options: readonly ConfLine[];
}

/** A `mosquitto.conf`, as far as bridges are concerned. */
export interface Conf {
  readonly connections: readonly Connection[];
  /** Options of the broker itself, wherever they stand. */
  readonly brokerOptions: readonly ConfLine[];
  /** Options of a bridge before the first `connection`, and the like. */
  readonly problems: readonly Problem[];
}

/** Reads a `mosquitto.conf`. Follows no `include_dir`. */
export function readConf(text: string, file: string): Conf {
  const connections: { name: string; line: number; options: ConfLine[] }[] = [];
  const brokerOptions: ConfLine[] = [];
  const problems: Problem[] = [];
  text.split(/\r\n|\n|\r/).forEach((raw, index) => {
    const line = index + 1;
    const [, written = "", value = ""] = /^\s*(\S+)\s*(.*?)\s*$/.exec(raw) ?? [];
    // mosquitto takes "#" as a comment in the first column alone, and stops at one that is indented.
    if (written === "" || written.startsWith("#")) return;
    const option = findBridgeOption(written);
    const refuse = (problem: string, remedy: string) =>
      problems.push({ path: written, problem, remedy, at: { file, line, column: 1 } });
    const current = connections.at(-1);
    if (option === undefined) brokerOptions.push({ line, name: written, value });
    else if (written === "connection" && value === "") refuse("has no name", "name the connection");
    else if (written === "connection") connections.push({ name: value, line, options: [] });
    else if (current !== undefined) current.options.push({ line, name: option.names[0] ?? written, value });
    // Before the first connection these two are options of the broker, and old ones.
    else if (written === "clientid" || written === "password") brokerOptions.push({ line, name: written, value });
    else refuse("stands before the first connection", "begin the bridge with a line `connection <name>`");
  });
  return { connections, brokerOptions, problems };
}

/** The last value of an option, as mosquitto takes it; `undefined` when it is not there. */
export function lastOf({ options }: Connection, name: string): ConfLine | undefined {
  return options.findLast((option) => option.name === name);
}

/** Whether an option is `true`; `undefined` when it is not there. */
export function flagOf(connection: Connection, name: string): boolean | undefined {
  const value = lastOf(connection, name)?.value.toLowerCase();
  return value === undefined ? undefined : value === "true" || value === "1";
}

/** The certificates that a connection trusts, by the path of a file or a folder. */
export function trustedFile(connection: Connection): ConfLine | undefined {
  return lastOf(connection, "bridge_cafile") ?? lastOf(connection, "bridge_capath");
}

/** Whether mosquitto verifies the remote broker's certificate, and may show one of its own. */
export function usesTls(connection: Connection): boolean {
  return trustedFile(connection) !== undefined || flagOf(connection, "bridge_tls_use_os_certs") === true;
}
