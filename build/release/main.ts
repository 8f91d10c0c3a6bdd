import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { layOutImage } from "../image-layout.ts";
import { projectManifest } from "../manifest.ts";
import { writeArchive } from "./archive.ts";
import { describeMaterials, readLockedPackages, type Subject } from "./bill-of-materials.ts";
import { releaseNotes } from "./notes.ts";
import { generateSdks, sdkLanguages } from "./sdks.ts";

/*
 * Makes every file of a release that needs no registry, with its checksums: `npm run release:dry`, into dist/release. The release's workflow
 * does the same and publishes what is there. Two runs of one commit give the same bytes.
 *
 *   --out FOLDER         another folder
 *   --tag vX.Y.Z         fail unless it is the version of package.json
 *   --repository O/N     repository at GitHub that publishes: named in the npm package, and where the SDKs find the plugin
 */
const root = path.join(import.meta.dirname, "../..");

/** Where `pulumi plugin install` looks for a plugin: the archive has the same content on each. */
const pluginPlatforms = [
  "darwin-amd64",
  "darwin-arm64",
  "linux-amd64",
  "linux-arm64",
  "windows-amd64",
  "windows-arm64",
];
/** Most bytes that the image may add to its base. */
const maxImageBytes = 60_000_000;

// npm packs files with the modes that they have: with a strict umask only root could read them where they are installed.
process.umask(0o022);
const { values: options } = parseArgs({
  options: { out: { type: "string" }, tag: { type: "string" }, repository: { type: "string" } },
});
const out = path.resolve(options.out ?? path.join(root, "dist/release"));
const repository = options.repository;
const project = projectManifest();
const { name, version } = project;
const builtSeconds = readCommitSeconds();
const work = mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-release-"));

try {
  checkTag(options.tag);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, "notes.md"), releaseNotes(version));
  const bundles = buildPackages();
  const imageFiles = buildImageFiles();
  buildSdks();
  writeMaterials({ ...bundles, image: imageFiles });
  writeChecksums();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function checkTag(tag: string | undefined): void {
  if (tag === undefined || tag === `v${version}`) return;
  throw new Error(`tag "${tag}": package.json has the version ${version}; tag it as v${version}, or raise the version`);
}

/** Time of the commit, which is in every archive: the time of the build would make each of them another one. */
function readCommitSeconds(): number {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const text = given ?? execFileSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  const seconds = Number(text);
  if (!Number.isSafeInteger(seconds)) throw new Error(`SOURCE_DATE_EPOCH: is "${text}"; give seconds since 1970`);
  return seconds;
}

/** The npm package, the plugin for each platform, and the policy pack. Gives the files of each bundle. */
function buildPackages(): Readonly<Record<string, readonly string[]>> {
  const built = path.join(work, "built");
  const { RELEASE_REPOSITORY: _, ...inherited } = process.env;
  const env = repository === undefined ? inherited : { ...inherited, RELEASE_REPOSITORY: repository };
  execFileSync(process.execPath, ["--no-warnings", path.join(root, "build/build.ts"), built], {
    stdio: "inherit",
    env,
  });
  execFileSync("npm", ["pack", built, "--pack-destination", out, "--loglevel=error"], { stdio: "pipe" });
  for (const platform of pluginPlatforms) {
    const file = path.join(out, `pulumi-resource-${name}-v${version}-${platform}.tar.gz`);
    writeArchive(file, path.join(built, "plugin"), builtSeconds);
  }
  writeArchive(path.join(out, `${name}-policy-${version}.tar.gz`), path.join(built, "policy-pack"), builtSeconds);
  return JSON.parse(readFileSync(path.join(built, "bundles.json"), "utf8")) as Record<string, readonly string[]>;
}

/** What the image adds to its base, laid out in dist/image for the builder, and as an archive. */
function buildImageFiles(): readonly string[] {
  const folder = path.join(work, "image");
  const files = layOutImage(folder);
  const bytes = sizeOf(folder);
  if (bytes > maxImageBytes)
    throw new Error(
      `image: adds ${bytes} bytes to its base, and ${maxImageBytes} are the most; look at what it bundles`,
    );
  writeArchive(path.join(out, `${name}-relay-${version}.tar.gz`), folder, builtSeconds);
  console.log(`image: adds ${(bytes / 1e6).toFixed(1)} MB to its base`);
  return files;
}

function buildSdks(): void {
  const folder = path.join(work, "sdks");
  if (!generateSdks(path.join(work, "built/schema.json"), folder, repository)) {
    const reason = "generate-sdks: not found; get it with: .ci/install-real-parts generate-sdks";
    if (process.env["CI"]) throw new Error(reason);
    console.log(`SDKs left out: ${reason}`);
    return;
  }
  for (const language of sdkLanguages) {
    const title = `${name}-sdk-${language}-${version}`;
    const parent = path.join(work, `sdk-${language}`);
    // In a folder of its own, as pip expects of an archive.
    cpSync(path.join(folder, language), path.join(parent, title), { recursive: true });
    writeArchive(path.join(out, `${title}.tar.gz`), parent, builtSeconds);
  }
}

/** A bill of materials for each bundle, named after what it is of. */
function writeMaterials(bundles: Readonly<Record<string, readonly string[]>>): void {
  const locked = readLockedPackages();
  const subjects: readonly (readonly [bundle: string, name: string, type: Subject["type"]])[] = [
    ["package", name, "library"],
    ["plugin", `pulumi-resource-${name}`, "application"],
    ["policy-pack", `${name}-policy`, "library"],
    ["image", `${name}-relay`, "container"],
  ];
  for (const [bundle, title, type] of subjects) {
    const { description, license } = project;
    const subject = { name: title, version, type, description, license, files: bundles[bundle] ?? [] };
    writeFileSync(path.join(out, `${title}-${version}.cdx.json`), describeMaterials(locked, subject, builtSeconds));
  }
}

/** In the form of `sha256sum --check`, for all that becomes a file of the release; the notes become its text. */
function writeChecksums(): void {
  const files = readdirSync(out)
    .filter((file) => file !== "notes.md")
    .sort();
  const lines = files.map((file) => {
    const content = readFileSync(path.join(out, file));
    console.log(`${String(content.length).padStart(9)} ${file}`);
    return `${createHash("sha256").update(content).digest("hex")}  ${file}\n`;
  });
  writeFileSync(path.join(out, "SHA256SUMS"), lines.join(""));
}

function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
