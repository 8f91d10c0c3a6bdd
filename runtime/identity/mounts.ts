import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { ConnectionError, describeError } from "../contract/errors.ts";

/** The mounted files of Secrets, ConfigMaps and tokens. Read anew at each call: Kubernetes swaps them in place. */
export interface Mounts {
  /** @throws {ConnectionError} when the key can't be read or is empty */
  readonly readSecret: (secret: string, key: string) => Promise<Buffer>;
  /** Names of the keys that a Secret has; empty when it is not mounted. */
  readonly listSecret: (secret: string) => Promise<string[]>;
  /** Every file of a ConfigMap that is not empty. @throws {ConnectionError} when there is none */
  readonly readConfigMap: (configMap: string) => Promise<MountedFile[]>;
  /** @throws {ConnectionError} when the token can't be read or is empty */
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

/** Finds the files under `mountPath`: `secrets/<name>/<key>`, `configmaps/<name>/<key>`, `tokens/<endpoint>`. */
export function createMounts(mountPath: string): Mounts {
  const tokenFolder = path.join(mountPath, "tokens");
  const secretPath = (secret: string) => path.join(mountPath, "secrets", secret);
  return {
    readSecret: (secret, key) =>
      readNonEmpty(path.join(secretPath(secret), key), `mount the Secret "${secret}" with the key "${key}"`),
    listSecret: (secret) => listFiles(secretPath(secret)),
    readConfigMap: async (configMap) => {
      const folder = path.join(mountPath, "configmaps", configMap);
      const remedy = `mount the ConfigMap "${configMap}" with a CA certificate in PEM`;
      const files = await listFiles(folder);
      if (files.length === 0) throw new ConnectionError(`${folder} has no files; ${remedy}`, { retry: "soon" });
      const texts = await Promise.all(
        files.map(async (file) => (await read(path.join(folder, file), remedy)).toString()),
      );
      const mounted = files.map((name, index) => ({ name, text: texts[index] ?? "" }));
      const filled = mounted.filter(({ text }) => text.trim() !== "");
      if (filled.length > 0) return filled;
      throw new ConnectionError(`${folder} has only empty files; ${remedy}`, { retry: "soon" });
    },
    readToken: async (endpoint) => {
      const remedy = `mount a projected service account token at it`;
      return Buffer.from((await readNonEmpty(path.join(tokenFolder, endpoint), remedy)).toString("utf8").trim());
    },
    secretFolder: secretPath,
    tokenFolder,
  };
}

/** Files of a folder in order of name, without the `..data` links that Kubernetes swaps. */
async function listFiles(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith("..")).sort();
  } catch {
    // A folder that is missing is one without files: the caller says what should be there.
    return [];
  }
}

async function read(file: string, remedy: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ConnectionError(`${describeError(cause)}; ${remedy}`, { retry: "soon" }, { cause });
  }
}

async function readNonEmpty(file: string, remedy: string): Promise<Buffer> {
  const content = await read(file, remedy);
  // Kubernetes writes a new file before it fills it; an empty one is not there yet.
  if (content.toString("latin1").trim() === "")
    throw new ConnectionError(`${file} is empty; ${remedy}`, { retry: "soon" });
  return content;
}
