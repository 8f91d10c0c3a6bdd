import { unwatchFile, watchFile } from "node:fs";

import { ConfigError } from "../../runtime/contract/errors.ts";
import { readEmulation } from "./read.ts";
import type { EmulationFile } from "./schema.ts";

/** Milliseconds between two looks at the file: asking finds out about editors that put a new file in its place. */
const lookEveryMs = 300;

/** Hears of the faults and limits of a file that is edited. */
export interface FileListener {
  readonly changed: (file: EmulationFile) => void;
  /** Told in lines: what keeps the change from being taken. */
  readonly problem: (text: string) => void;
}

/** Reads a file again each time that it changes. @returns what ends it */
export function watchEmulation(file: string, first: EmulationFile, listener: FileListener): () => void {
  const look = (): void => {
    try {
      const next = readEmulation(file);
      const other = otherThanFaults(first, next);
      if (other.length > 0) {
        const fields = other.join(", ");
        listener.problem(
          `${file}: ${fields} changed, which only a new start takes up; faults and limits are taken up now`,
        );
      }
      listener.changed(next);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      listener.problem(`${error.message}\nWhat held before still holds.`);
    }
  };
  watchFile(file, { interval: lookEveryMs }, look);
  return () => {
    unwatchFile(file, look);
  };
}

function otherThanFaults(first: EmulationFile, next: EmulationFile): string[] {
  const fields = Object.keys({ ...first, ...next }) as (keyof EmulationFile)[];
  return fields.filter(
    (field) => field !== "faults" && field !== "limits" && JSON.stringify(first[field]) !== JSON.stringify(next[field]),
  );
}
