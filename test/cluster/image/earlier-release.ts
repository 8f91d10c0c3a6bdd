import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";

import { cacheFolder } from "../node/places.ts";

/** The first commit that has recorded what 0.1.0 writes, in `test/releases`. */
export const earlierCommit = "037bbe8726f83fba373ec4b638e723578fb45a96";

/** Where its sources are, once {@link checkOutEarlierRelease} has put them there. */
export const earlierSources = path.join(cacheFolder, "sources", earlierCommit);

const projectFolder = path.join(import.meta.dirname, "../../..");
/** The program that prints the objects of a declaration, by the components of the sources that it is in. */
export const renderProgram = "test/cluster/site/render.ts";

/**
 * Puts the sources of the release before into the cache. They use the libraries of this checkout.
 * @returns their folder
 * @throws when the history of this checkout does not reach that far
 */
export function checkOutEarlierRelease(): string {
  if (!existsSync(earlierSources)) extract();
  const libraries = path.join(earlierSources, "node_modules");
  rmSync(libraries, { force: true });
  symlinkSync(path.join(projectFolder, "node_modules"), libraries);
  mkdirSync(path.dirname(path.join(earlierSources, renderProgram)), { recursive: true });
  copyFileSync(path.join(projectFolder, renderProgram), path.join(earlierSources, renderProgram));
  return earlierSources;
}

/** The folder appears only when it is whole. */
function extract(): void {
  const partial = `${earlierSources}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const archive = readArchive();
  execFileSync("tar", ["--extract", "--directory", partial], { input: archive });
  renameSync(partial, earlierSources);
}

function readArchive(): Buffer {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: projectFolder, maxBuffer: 256 * 1024 * 1024 });
  try {
    if (git("rev-parse", "--is-shallow-repository").toString().trim() === "true")
      git("fetch", "--quiet", "--unshallow");
    return git("archive", earlierCommit);
  } catch (cause) {
    const remedy = "fetch the whole history: git fetch --unshallow";
    throw new Error(`${projectFolder}: has no commit ${earlierCommit}, whose image is upgraded; ${remedy}`, { cause });
  }
}
