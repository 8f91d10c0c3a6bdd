import { readStartSync } from "./bounded-file.ts";
import { documentLimits } from "./contract/config/limits.ts";
import { ConfigError, describeError, type Problem } from "./contract/errors.ts";

/**
 * Reads a configuration, no further than a document may be long: one that is longer is given in part, and refused by
 * `parseRelayConfig` then. Reads at once: a file that is read asynchronously would start the pool of threads, whose size the
 * relay sets after this.
 * @throws {ConfigError} when it can't be read, or is not UTF-8
 */
export function readDocument(file: string): string {
  const bytes = readStart(file);
  // A byte order mark is left to the parser.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    // What was cut may end within a character.
    return decoder.decode(bytes, { stream: bytes.length > documentLimits.bytes });
  } catch (cause) {
    const problem = "is not UTF-8, so that its topics could become other ones";
    throw refusal(file, { path: "file", problem, remedy: "save it as UTF-8" }, cause);
  }
}

/** What is read beyond the limit, in bytes: one character of it stays when the last one is cut. */
const longestCharacter = 4;

function readStart(file: string): Buffer {
  try {
    return readStartSync(file, documentLimits.bytes + longestCharacter);
  } catch (cause) {
    const problem = `can't be read (${describeError(cause)})`;
    throw refusal(file, { path: "file", problem, remedy: "give the path of a configuration" }, cause);
  }
}

function refusal(file: string, problem: Problem, cause: unknown): ConfigError {
  return new ConfigError(file, [problem], { cause });
}
