import { opendir } from "node:fs/promises";
import path from "node:path";

import { readBoundedFile, type FileBound } from "../bounded-file.ts";
import { ConnectionError, describeError } from "../contract/errors.ts";

/**
 * The mounted files of Secrets, ConfigMaps and tokens. Read anew at each call: Kubernetes swaps them in place. Each has a
 * largest size, {@link fileBounds}: who fills the volume does not decide how much memory that takes.
 */
export interface Mounts {
  /**
   * A certificate or key.
   * @throws {ConnectionError} when the key can't be read, is empty or too large
   */
  readonly readSecret: (secret: string, key: string) => Promise<Buffer>;
  /**
   * What CONNECT carries: a user name, a password or a token.
   * @throws {ConnectionError} when the key can't be read, is empty or too large
   */
  readonly readLogin: (secret: string, key: string) => Promise<Buffer>;
  /** As {@link readSecret}, for a key that may have nothing in it. */
  readonly readOptionalSecret: (secret: string, key: string) => Promise<Buffer>;
  /** Names of the keys that a Secret has; empty when it is not mounted. @throws {ConnectionError} when there are very many */
  readonly listSecret: (secret: string) => Promise<string[]>;
  /** Every file of a ConfigMap that is not empty. @throws {ConnectionError} when there is none, or together they are too large */
  readonly readConfigMap: (configMap: string) => Promise<MountedFile[]>;
  /** @throws {ConnectionError} when the token can't be read, is empty or too large */
  readonly readToken: (endpoint: string) => Promise<Buffer>;
  /** Folder of a Secret, whose change says that its keys may have changed. */
  readonly secretFolder: (secret: string) => string;
  /** Folder of all tokens. */
  readonly tokenFolder: string;
}

/** A file and its content. */
export interface MountedFile {
  readonly name: string;
  readonly text: string;
}

/** Largest sizes of mounted files. */
export const fileBounds = {
  /** @see Kubernetes, Secrets, "Size limit" */
  secret: { bytes: 1_048_576, reason: "all that a Secret can hold" },
  /** All keys together. @see Kubernetes, ConfigMaps */
  configMap: { bytes: 1_048_576, reason: "all that a ConfigMap can hold" },
  /** User name, password and authentication data, with the line break at the end. @see MQTT 5.0 §1.5.4, §1.5.6 */
  login: { bytes: 65_535, reason: "all that CONNECT can carry" },
} as const satisfies Readonly<Record<string, FileBound>>;

/** Most files of a folder. A ConfigMap has no room for so many certificates. */
const maxFiles = 4096;

/** Finds the files under `mountPath`: `secrets/<name>/<key>`, `configmaps/<name>/<key>`, `tokens/<endpoint>`. */
export function createMounts(mountPath: string): Mounts {
  const tokenFolder = path.join(mountPath, "tokens");
  const secretPath = (secret: string) => path.join(mountPath, "secrets", secret);
  const readKey = (secret: string, key: string, bound: FileBound, reader = readNonEmpty) =>
    reader(path.join(secretPath(secret), key), bound, `mount the Secret "${secret}" with the key "${key}"`);
  return {
    readSecret: (secret, key) => readKey(secret, key, fileBounds.secret),
    readLogin: (secret, key) => readKey(secret, key, fileBounds.login),
    readOptionalSecret: (secret, key) => readKey(secret, key, fileBounds.secret, read),
    listSecret: (secret) => listFiles(secretPath(secret)),
    readConfigMap: (configMap) => readConfigMap(path.join(mountPath, "configmaps", configMap), configMap),
    readToken: async (endpoint) => {
      const remedy = `mount a projected service account token at it`;
      const file = path.join(tokenFolder, endpoint);
      return Buffer.from((await readNonEmpty(file, fileBounds.login, remedy)).toString("utf8").trim());
    },
    secretFolder: secretPath,
    tokenFolder,
  };
}

async function readConfigMap(folder: string, configMap: string): Promise<MountedFile[]> {
  const remedy = `mount the ConfigMap "${configMap}" with a CA certificate in PEM`;
  const names = await listFiles(folder);
  if (names.length === 0) fail(`${folder} has no files`, remedy);
  const files: MountedFile[] = [];
  let leftBytes: number = fileBounds.configMap.bytes;
  // One after the other, so that all of them together are held to the size of one ConfigMap.
  for (const name of names) {
    const content = await read(path.join(folder, name), fileBounds.configMap, remedy);
    leftBytes -= content.length;
    if (leftBytes < 0) {
      const { bytes, reason } = fileBounds.configMap;
      fail(`${folder}: its files have more than ${bytes} bytes in all, which is ${reason}`, remedy);
    }
    files.push({ name, text: content.toString() });
  }
  const filled = files.filter(({ text }) => text.trim() !== "");
  return filled.length > 0 ? filled : fail(`${folder} has only empty files`, remedy);
}

/** Files of a folder in order of name, without the `..data` links that Kubernetes swaps. */
async function listFiles(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (!name.startsWith("..")) names.push(name);
      if (names.length > maxFiles) break;
    }
  } catch {
    // A folder that is missing is one without files: the caller says what should be there.
  }
  if (names.length > maxFiles)
    fail(`${folder}: has more than ${maxFiles} files`, "mount one Secret or ConfigMap there, and nothing else");
  return names.sort();
}

async function read(file: string, bound: FileBound, remedy: string): Promise<Buffer> {
  try {
    return await readBoundedFile(file, bound);
  } catch (cause) {
    return fail(describeError(cause), remedy, cause);
  }
}

async function readNonEmpty(file: string, bound: FileBound, remedy: string): Promise<Buffer> {
  const content = await read(file, bound, remedy);
  // Kubernetes writes a new file before it fills it; an empty one is not there yet.
  return content.toString("latin1").trim() === "" ? fail(`${file} is empty`, remedy) : content;
}

function fail(problem: string, remedy: string, cause?: unknown): never {
  throw new ConnectionError(`${problem}; ${remedy}`, { retry: "soon" }, { cause });
}
