import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { cacheFolder } from "../node/places.ts";
import type { NodeParts } from "../node/programs.ts";
import { checkOutEarlierRelease, earlierCommit } from "./earlier-release.ts";
import { earlierImage, pauseImage, relayImage } from "./names.ts";

/** Archives of images, as `docker save` makes them. */
export interface Images {
  readonly pause: string;
  readonly relay: string;
  /** That of the release before, where it was asked for. */
  readonly earlier?: string;
}

export interface WantedImages {
  readonly earlier: boolean;
}

const projectFolder = path.join(import.meta.dirname, "../../..");
const imagesFolder = path.join(cacheFolder, "images");

/** Debian's release that Node's official image is made of too. */
const debianRelease = "bookworm";
const baseImage = "localhost/mqtt-dataflow-base:1";

/** Holds a pod's namespaces until it is told to end. */
const pauseProgram = `#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
int main(void) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  for (;;) pause();
}
`;

/** Builds the images that are not in the cache, each under a name that its content decides. */
export function buildImages(parts: NodeParts, wanted: WantedImages): Images {
  mkdirSync(imagesFolder, { recursive: true });
  const images = { pause: buildPause(parts), relay: buildRelay(parts) };
  return wanted.earlier ? { ...images, earlier: buildEarlierRelay(parts) } : images;
}

function buildPause(parts: NodeParts): string {
  const archive = archiveOf("pause", pauseProgram);
  return once(archive, (builder) => {
    writeFileSync(path.join(builder.folder, "pause.c"), pauseProgram);
    execFileSync(parts.cc, ["-static", "-Os", "-o", "pause", "pause.c"], { cwd: builder.folder });
    builder.commit(pauseImage, ["pause"], ["--entrypoint", '["/pause"]']);
    builder.save(pauseImage, archive);
  });
}

const nodeInBase = "usr/local/bin/node";

/** The image of `npm run image`, on Debian and the Node.js of this checkout. */
function buildRelay(parts: NodeParts): string {
  execFileSync("npm", ["run", "--silent", "bundle"], { cwd: projectFolder, stdio: ["ignore", "ignore", "inherit"] });
  const list = readFileSync(path.join(projectFolder, "dist/relay.meta.json"), "utf8");
  const bundles = Object.keys((JSON.parse(list) as { outputs: object }).outputs).filter((file) =>
    file.endsWith(".mjs"),
  );
  const files = [...bundles, "build/image-layout.ts", "runtime/Dockerfile", "runtime/build-image.sh"];
  const contents = files.map((file) => readFileSync(path.join(projectFolder, file)));
  return runImageBuild(parts, projectFolder, relayImage, contents);
}

/** The same of an earlier release's sources, which name its content. */
function buildEarlierRelay(parts: NodeParts): string {
  return runImageBuild(parts, checkOutEarlierRelease(), earlierImage, [earlierCommit]);
}

function runImageBuild(
  parts: NodeParts,
  folder: string,
  image: string,
  contents: readonly (string | Buffer)[],
): string {
  const node = realpathSync(path.join(projectFolder, "node_modules/.bin/node"));
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const archive = archiveOf("relay", version, ...contents);
  return once(archive, (builder) => {
    builder.load(buildBase(parts, node, version));
    execFileSync("npm", ["run", "--silent", "image"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...builder.env,
        BUILDER: "buildah",
        IMAGE: image,
        BASE: baseImage,
        NODE_OF_BASE: `/${nodeInBase}`,
        BUILDER_OPTIONS: "--storage-driver vfs",
        BUILD_OPTIONS: "--isolation chroot --pull-never",
      },
    });
    builder.save(image, archive);
  });
}

/** What `node:24-bookworm-slim` is, made of Debian's packages and of npm's Node.js. */
function buildBase(parts: NodeParts, node: string, version: string): string {
  const archive = archiveOf("base", debianRelease, version);
  return once(archive, (builder) => {
    const root = path.join(builder.folder, "root");
    const options = ["--variant=minbase", "--include=libstdc++6", debianRelease, root];
    execFileSync(parts.debootstrap, options, { stdio: ["ignore", "ignore", "inherit"] });
    cpSync(node, path.join(root, nodeInBase));
    builder.commit(baseImage, ["root"], ["--env", "PATH=/usr/local/bin:/usr/bin:/bin"]);
    builder.save(baseImage, archive);
  });
}

function archiveOf(name: string, ...contents: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(content).update("\0");
  return path.join(imagesFolder, `${name}-${hash.digest("hex").slice(0, 16)}.tar`);
}

/** Builds an archive unless it is there; it appears only when it is whole. */
function once(archive: string, build: (builder: Builder) => void): string {
  if (existsSync(archive)) {
    utimesSync(archive, new Date(), new Date());
    return archive;
  }
  process.stderr.write(`images: building ${path.basename(archive)}\n`);
  const builder = new Builder();
  try {
    build(builder);
  } finally {
    builder.close();
  }
  return archive;
}

/** Buildah with a storage of its own, which is removed with it. */
class Builder {
  readonly folder = mkdtempSync(path.join(tmpdir(), "mqtt-dataflow-image-"));
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    const settings = path.join(this.folder, "storage.conf");
    const [root, state] = ["storage", "state"].map((name) => path.join(this.folder, name));
    writeFileSync(settings, `[storage]\ndriver = "vfs"\ngraphroot = "${root}"\nrunroot = "${state}"\n`);
    this.env = { ...process.env, CONTAINERS_STORAGE_CONF: settings };
  }

  /** Makes an image of files or folders of {@link folder}; a folder's content goes to the top. */
  commit(image: string, sources: readonly string[], config: readonly string[]): void {
    const container = this.#buildah("from", "scratch").trim();
    this.#buildah("copy", container, ...sources.map((source) => path.join(this.folder, source)), "/");
    this.#buildah("config", ...config, container);
    this.#buildah("commit", "--quiet", container, image);
  }

  load(archive: string): void {
    this.#buildah("pull", "--quiet", `docker-archive:${archive}`);
  }

  save(image: string, archive: string): void {
    const partial = path.join(this.folder, "image.tar");
    this.#buildah("push", "--quiet", image, `docker-archive:${partial}:${image}`);
    // Another file system, as a rule: it is whole before it has its name.
    cpSync(partial, `${archive}.${process.pid}`);
    renameSync(`${archive}.${process.pid}`, archive);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #buildah(...args: readonly string[]): string {
    return execFileSync("buildah", ["--storage-driver", "vfs", ...args], {
      env: this.env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  }
}
