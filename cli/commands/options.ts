import { Option } from "@commander-js/extra-typings";

/** `--json`: of every command that has a result. */
export function jsonOption() {
  return new Option("--json", "print the result as one JSON document");
}
