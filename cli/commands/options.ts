import { Option } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { collect } from "../../runtime/command-line/options.ts";

/** `--json`: of every command that has a result. */
export function jsonOption() {
  return new Option("--json", "print the result as one JSON document");
}

/** `--config`, as `run` has it. */
export function configOption() {
  return new Option("--config <file>", "the path of a configuration, or of a folder of them").makeOptionMandatory(true);
}

/** `--mounts`, as `run` has it. */
export function mountsOption() {
  return new Option(
    "--mounts <dir>",
    "folder with secrets/<secretRef>/<key>, configmaps/<configMapRef>/<key>, tokens/<endpoint>",
  );
}

/** `--connect-to`, as `run` has it. */
export function connectToOption() {
  return new Option(
    "--connect-to <from=to>",
    "<host>:<port>=<address>:<port>, connect there instead; for development",
  ).argParser(collect);
}

/** `--topic-spaces`: files that say which topics an Event Grid namespace has. */
export function topicSpacesOption() {
  return new Option(
    "--topic-spaces <file>",
    "a file or folder that declares topic spaces; may be given several times",
  ).argParser(collect);
}

/** Reads a whole number within bounds, both inclusive. */
export function readWhole(min: number, max: number): (value: string) => number {
  return (value) => {
    if (/^[0-9]{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw new WrongValue(`is "${value}"`, `give a whole number from ${min} to ${max}`);
  };
}
