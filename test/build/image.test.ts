import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { readImageEnvironment, readImageFlags } from "../support/image-flags.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");
const dockerfile = readFileSync(path.join(root, "runtime/Dockerfile"), "utf8");

/** One file of an image in OCI's layout that names others by digest. */
interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

interface Config {
  readonly architecture: string;
  readonly config: {
    readonly User: string;
    readonly Entrypoint: readonly string[];
    readonly Env: readonly string[];
    readonly WorkingDir: string;
    readonly StopSignal: string;
  };
}

afterAll(removeTemporaryFolders);

test("the image's base is distroless, runs as nobody in particular, and is pinned by the digest of its index", () => {
  expect(dockerfile).toMatch(/^ARG BASE=gcr\.io\/distroless\/nodejs24-debian13:nonroot@sha256:[0-9a-f]{64}$/m);
  expect(dockerfile.match(/^FROM .*$/gm)).toEqual(["FROM ${BASE}"]);
});

test("nothing of it runs while it is built: the base has no shell, and another architecture could not be run", () => {
  expect(dockerfile.match(/^(RUN|ADD|SHELL|HEALTHCHECK)\b/gm)).toBeNull();
});

/*
 * On a base that is made here of this machine's Node.js, with its libraries and no shell, as the real one is: that one is in a registry
 * which tests don't ask.
 */
describeWithPart("buildah", (buildah) => {
  let environment: NodeJS.ProcessEnv;
  let built: string;
  let index: Descriptor;

  const run = (args: readonly string[], cwd = root) =>
    execFileSync(buildah, args, { cwd, env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  const build = (): string => {
    const folder = path.join(createTemporaryFolder("image"), "oci");
    const command = path.join(root, "build/release/image.sh");
    execFileSync(command, [folder], { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    return folder;
  };
  const readBlob = (digest: string): unknown =>
    JSON.parse(readFileSync(path.join(built, "blobs", digest.replace(":", "/")), "utf8"));
  const indexOf = (folder: string) => {
    const { manifests } = JSON.parse(readFileSync(path.join(folder, "index.json"), "utf8")) as {
      manifests: Descriptor[];
    };
    return manifests[0]!;
  };

  beforeAll(() => {
    const folder = createTemporaryFolder("base");
    writeFileSync(
      path.join(folder, "storage.conf"),
      `[storage]\ndriver = "vfs"\nrunroot = "${folder}/run"\ngraphroot = "${folder}/graph"\n`,
    );
    environment = {
      ...process.env,
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`,
      CONTAINERS_STORAGE_CONF: path.join(folder, "storage.conf"),
      BUILDAH_ISOLATION: "chroot",
      BASE: "localhost/base:24",
      BUILD_OPTIONS: "--pull=never",
    };
    layOutBase(path.join(folder, "base"));
    writeFileSync(path.join(folder, "Containerfile"), "FROM scratch\nCOPY base/ /\n");
    const platforms = ["--platform", "linux/amd64,linux/arm64", "--manifest", "localhost/base:24"];
    run(["build", "--file", "Containerfile", ...platforms, "."], folder);
    built = build();
    index = indexOf(built);
  });

  const images = () => {
    const { manifests } = readBlob(index.digest) as { manifests: Descriptor[] };
    return manifests.map(({ digest, platform }) => {
      const { config, layers } = readBlob(digest) as { config: Descriptor; layers: Descriptor[] };
      return { platform, config: readBlob(config.digest) as Config, layers };
    });
  };

  test("there is one for amd64 and one for arm64, and each adds one layer of less than 60 MB to the base", () => {
    expect(images().map(({ platform }) => platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux" },
    ]);
    for (const { layers } of images()) {
      expect(layers).toHaveLength(2);
      expect(layers[1]!.size).toBeLessThan(60_000_000);
    }
  });

  test("it runs the relay with its flags, as a user with a number that is not root", async () => {
    for (const { config } of images()) {
      expect(config.config).toMatchObject({
        User: "10001:10001",
        WorkingDir: "/app",
        StopSignal: "SIGTERM",
        Entrypoint: ["node", ...(await readImageFlags()), "/app/relay.mjs"],
      });
      const environment = Object.entries(await readImageEnvironment()).map((entry) => entry.join("="));
      expect(environment).toContain("NODE_ENV=production");
      expect(config.config.Env).toEqual(expect.arrayContaining(environment));
    }
  });

  test("the same commit and base give the same digest", () => {
    expect(indexOf(build()).digest).toBe(index.digest);
  });

  test("the relay and the command start in it, on the Node.js of its base, and the image has no shell", () => {
    const command = path.join(root, "build/release/try-image.sh");

    const output = execFileSync(command, [built], { env: environment, encoding: "utf8" });

    expect(output).toBe(`image: the relay and the command start on Node.js ${process.version}, without a shell\n`);
  });
});

/** What the real base has, as far as it matters: Node.js in /nodejs/bin, its libraries, and no shell. */
function layOutBase(folder: string): void {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/\S+\.so[.\d]*/g) ?? [];
  for (const library of new Set(libraries)) {
    mkdirSync(path.join(folder, path.dirname(library)), { recursive: true });
    copyFileSync(library, path.join(folder, library));
  }
  mkdirSync(path.join(folder, "nodejs/bin"), { recursive: true });
  const node = path.join(folder, "nodejs/bin/node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
}
