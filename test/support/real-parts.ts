import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** Programs that the tests drive for real, by the name of their executable, with the way to get them. */
const realParts = {
  mosquitto: "apt-get install mosquitto",
  mosquitto_pub: "apt-get install mosquitto-clients",
  mosquitto_sub: "apt-get install mosquitto-clients",
  python3: "apt-get install python3",
} as const;

export type RealPart = keyof typeof realParts;

/** Debian keeps servers here, and the PATH of an ordinary user leaves it out. */
const serverFolder = "/usr/sbin";

/**
 * Declares a block of tests that needs a real program, and hands it the program's absolute path.
 * Where the program is missing the block is skipped and one line says why; with the environment variable `CI` set
 * it is a failing test instead, because a build that quietly tests less proves nothing.
 */
export function describeWithPart(
  part: RealPart,
  declareTests: (executable: string) => void,
  find: (name: string) => string | undefined = findExecutable,
): void {
  const executable = find(part);
  if (executable !== undefined) {
    describe(part, () => {
      declareTests(executable);
    });
    return;
  }
  const reason = `${part}: not found on the PATH or in ${serverFolder}; get it with: ${realParts[part]}`;
  if (process.env.CI) {
    test(`${part} is installed`, () => {
      throw new Error(reason);
    });
    return;
  }
  process.stderr.write(`skipped: ${reason}\n`);
  describe.skip(part, () => {
    declareTests(part);
  });
}

/** Finds a program as a shell would, and in {@link serverFolder} too; `undefined` when it is nowhere. */
export function findExecutable(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return [...folders, serverFolder].map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // what cannot be run is as good as absent
  }
}
