import { Option } from "@commander-js/extra-typings";

/** `--json`: of every command that has a result. */
export function jsonOption() {
  return new Option("--json", "print the result as one JSON document");
}

/** `--config`, as `run` has it. */
export function configOption() {
  return new Option("--config <file>", "the path of a configuration, or of a folder of them").makeOptionMandatory(true);
}
