import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { createTemporaryFolder } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");

/** A project of someone else's that has the package installed. */
export interface Consumer {
  readonly folder: string;
  /** Where the package is in it. */
  readonly packageFolder: string;
  readonly manifest: PackageManifest;
  /** Writes a file of the project. */
  write(file: string, text: string): void;
}

export interface PackageManifest {
  readonly dependencies?: { readonly [name: string]: string };
  readonly peerDependencies: { readonly [name: string]: string };
  readonly engines: { readonly node: string };
}

/** Builds the package as `npm run build` does, into a folder of its own, which it gives. */
export function buildPackage(): string {
  const folder = createTemporaryFolder("built");
  try {
    execFileSync(process.execPath, ["--no-warnings", path.join(root, "build/build.ts"), folder], { stdio: "pipe" });
    return folder;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: Buffer; readonly stderr: Buffer };
    throw new Error(`the build failed:\n${stdout.toString()}${stderr.toString()}`, { cause: error });
  }
}

/** Packs what was built; gives the path of the archive in a folder. */
export function packPackage(built: string, folder: string): string {
  const npm = ["pack", built, "--pack-destination", folder, "--json", "--loglevel=error"];
  const [packed] = JSON.parse(execFileSync("npm", npm, { encoding: "utf8" })) as { filename: string }[];
  return path.join(folder, packed!.filename);
}

/** Copies the plugin, and installs what it asks for as Pulumi does, without a registry. Gives its folder. */
export function installPlugin(built: string): string {
  const folder = createTemporaryFolder("plugin");
  cpSync(path.join(built, "plugin"), folder, { recursive: true });
  execFileSync("npm", ["install", "--offline", "--no-audit", "--loglevel=error"], { cwd: folder, stdio: "pipe" });
  return folder;
}

/** Packs what was built and unpacks it as npm would, with just the packages that it declares. */
export function installPackage(built: string): Consumer {
  const folder = createTemporaryFolder("consumer");
  const modules = path.join(folder, "node_modules");
  const packageFolder = path.join(modules, "mqtt-dataflow");
  mkdirSync(packageFolder, { recursive: true });
  execFileSync("tar", ["-xzf", packPackage(built, folder), "-C", packageFolder, "--strip-components=1"]);
  const manifest = JSON.parse(readFileSync(path.join(packageFolder, "package.json"), "utf8")) as PackageManifest;
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const name of Object.keys(declared)) link(modules, name);
  return {
    folder,
    packageFolder,
    manifest,
    write: (file, text) => {
      writeFileSync(path.join(folder, file), text);
    },
  };
}

/** Links a package of this project's into another's folder of packages. */
export function link(modules: string, name: string): void {
  const target = path.join(modules, name);
  mkdirSync(path.dirname(target), { recursive: true });
  symlinkSync(path.join(root, "node_modules", name), target);
}

/** Type-checks a project; gives what the compiler says, empty when all is well. */
export function typeCheck(folder: string): string {
  try {
    const compiler = path.join(root, "node_modules/typescript/lib/tsc.js");
    execFileSync(process.execPath, [compiler, "--noEmit", "-p", folder], { encoding: "utf8", stdio: "pipe" });
    return "";
  } catch (error) {
    return String((error as { readonly stdout?: unknown }).stdout);
  }
}
