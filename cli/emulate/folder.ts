import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { ConfigError } from "../../runtime/contract/errors.ts";

/** Where the emulator's certificates, keys, tokens and passwords are. */
export interface CredentialFolder {
  /** Absolute path. */
  readonly path: string;
  readonly isTemporary: boolean;
  /** Writes a file that everybody on this machine may read. @returns its absolute path */
  readonly write: (name: string, content: string) => string;
  /** Writes a file that its owner alone may read. @returns its absolute path */
  readonly writeSecret: (name: string, content: string) => string;
  /** Removes the folder when it is a temporary one. */
  readonly close: () => void;
}

/** The file that says that a folder is the emulator's: it writes into no other one. */
const mark = "made-by-mqtt-dataflow-emulate.txt";
const markText = "mqtt-dataflow emulate wrote these files, and replaces them at each start. Keep nothing else here.\n";

/**
 * Opens the folder that was asked for, or a temporary one.
 * @throws {ConfigError} when it holds files of someone else
 */
export function openCredentialFolder(asked: string | undefined): CredentialFolder {
  const folder = asked === undefined ? mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-emulate-")) : path.resolve(asked);
  if (asked !== undefined) prepare(folder, asked);
  mkdirSync(path.join(folder, "clients"), { recursive: true, mode: 0o700 });
  const writeFile = (name: string, content: string, mode: number) => {
    const file = path.join(folder, name);
    // A file that is written over keeps its mode.
    rmSync(file, { force: true });
    writeFileSync(file, content, { mode, flag: "wx" });
    return file;
  };
  writeFile(mark, markText, 0o644);
  return {
    path: folder,
    isTemporary: asked === undefined,
    write: (name, content) => writeFile(name, content, 0o644),
    writeSecret: (name, content) => writeFile(name, content, 0o600),
    close: () => {
      if (asked === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function prepare(folder: string, asked: string): void {
  try {
    const isForeign = existsSync(folder) && readdirSync(folder).length > 0 && !existsSync(path.join(folder, mark));
    if (isForeign) {
      const problem = "holds files that this command did not write, which it might replace";
      throw new ConfigError(asked, [{ path: "--certificates", problem, remedy: "give a new or empty folder" }]);
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const problem = `can't be made (${code})`;
    throw new ConfigError(asked, [{ path: "--certificates", problem, remedy: "give a folder that you may write" }], {
      cause,
    });
  }
}
