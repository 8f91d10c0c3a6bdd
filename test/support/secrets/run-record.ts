import { appendFileSync, mkdirSync } from "node:fs";
import path from "node:path";

/** Variable with the folder in which a run of jest gathers secrets and output; nothing is gathered without it. */
export const recordVariable = "MQTT_DATAFLOW_RUN_RECORD";

/** One secret of a run, as its file has it: a line of JSON each. */
export interface RecordedSecret {
  /** What it is, for a report that must not show it: "password of Secret login". */
  readonly name: string;
  readonly text: string;
}

export const secretsFolder = "secrets";
export const outputFolder = "output";

/** Keys of Secrets whose content anybody may see. */
export const publicKeys = new Set([
  "username",
  "tls.crt",
  "ca.crt",
  "client_cert.pem",
  "client_intermediate_certs.pem",
]);

/** A shorter text can't be told from text that happens to be the same. */
export const leastSecretLength = 8;

/**
 * Notes that a text must not stand in any output of this run. Line breaks at its ends are no part of it; an empty one
 * is no secret.
 * @throws {Error} when it is too short to be searched for
 */
export function registerSecret(name: string, text: string): void {
  const secret = text.trim();
  if (secret === "") return;
  if (secret.length < leastSecretLength)
    throw new Error(`${name}: is too short to be searched for; give the test one of ${leastSecretLength} characters`);
  append(secretsFolder, "secrets.jsonl", `${JSON.stringify({ name, text: secret })}\n`);
}

let sources = 0;

/**
 * Opens a record of what one source puts out, such as standard error of one process.
 * @returns what takes the output, in the pieces in which it comes
 */
export function recordOutput(source: string): (piece: string | Buffer) => void {
  sources++;
  const file = `${String(sources)}-${source.replace(/[^\w.-]+/g, "-")}`;
  return (piece) => {
    append(outputFolder, file, piece);
  };
}

/** Written at once: what a worker has in its memory is gone when the worker is ended. */
function append(kind: string, file: string, text: string | Buffer): void {
  const folder = process.env[recordVariable];
  if (folder === undefined) return;
  // One file of tests after another runs in one process, each with its own copy of this module.
  const own = path.join(folder, kind, `${String(process.pid)}-${instance}`);
  mkdirSync(own, { recursive: true });
  appendFileSync(path.join(own, file), text);
}

const instance = process.hrtime.bigint().toString(36);
