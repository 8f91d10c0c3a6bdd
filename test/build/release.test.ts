import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { projectManifest } from "../../build/manifest.ts";
import { releaseNotes } from "../../build/release/notes.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");
const { version } = projectManifest();

/** A package in a bill of materials. */
interface Component {
  readonly name: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string }[];
  readonly licenses: readonly object[];
}

afterAll(removeTemporaryFolders);

/** Makes a release as `npm run release:dry` does, from another folder and with another umask each time. */
function makeRelease(umask: string, ...args: readonly string[]): string {
  const folder = createTemporaryFolder("release");
  const out = path.join(folder, "out");
  const command = `umask ${umask}; exec "$@"`;
  const program = [process.execPath, "--no-warnings", path.join(root, "build/release/main.ts"), "--out", out, ...args];
  execFileSync("sh", ["-c", command, "sh", ...program], { cwd: folder, stdio: "pipe" });
  return out;
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

function listArchive(file: string): string[] {
  return execFileSync("tar", ["-tzf", file], { encoding: "utf8" }).trim().split("\n");
}

function readFrom(archive: string, file: string): string {
  return execFileSync("tar", ["-xzOf", archive, file], { encoding: "utf8", maxBuffer: 16_000_000 });
}

describeWithPart("generate-sdks", () => {
  let out: string;

  beforeAll(() => {
    out = makeRelease("022", "--repository", "example/mqtt-dataflow");
  });

  const componentsOf = (title: string) => {
    const text = readFileSync(path.join(out, `${title}-${version}.cdx.json`), "utf8");
    return (JSON.parse(text) as { components: Component[] }).components;
  };

  test("a release has a file for each way to install it, and a checksum for each file", () => {
    const platforms = ["darwin", "linux", "windows"].flatMap((os) => [`${os}-amd64`, `${os}-arm64`]);
    const files = readdirSync(out).filter((file) => file !== "SHA256SUMS");

    expect(files).toEqual(
      [
        `mqtt-dataflow-${version}.cdx.json`,
        `mqtt-dataflow-${version}.tgz`,
        `mqtt-dataflow-policy-${version}.cdx.json`,
        `mqtt-dataflow-policy-${version}.tar.gz`,
        `mqtt-dataflow-relay-${version}.cdx.json`,
        `mqtt-dataflow-relay-${version}.tar.gz`,
        `mqtt-dataflow-sdk-go-${version}.tar.gz`,
        `mqtt-dataflow-sdk-python-${version}.tar.gz`,
        "notes.md",
        `pulumi-resource-mqtt-dataflow-${version}.cdx.json`,
        ...platforms.map((platform) => `pulumi-resource-mqtt-dataflow-v${version}-${platform}.tar.gz`),
      ].sort(),
    );
    // The notes become the text of the release.
    const sums = files
      .filter((file) => file !== "notes.md")
      .sort()
      .map((file) => `${sha256(path.join(out, file))}  ${file}\n`);
    expect(readFileSync(path.join(out, "SHA256SUMS"), "utf8")).toBe(sums.join(""));
  });

  test("the same commit gives the same bytes, from another folder and with another umask", () => {
    const again = makeRelease("077", "--repository", "example/mqtt-dataflow");

    expect(readFileSync(path.join(again, "SHA256SUMS"), "utf8")).toBe(
      readFileSync(path.join(out, "SHA256SUMS"), "utf8"),
    );
  });

  test("the plugin's archive has the plugin at its top, as `pulumi plugin install` unpacks it", () => {
    const archive = path.join(out, `pulumi-resource-mqtt-dataflow-v${version}-linux-amd64.tar.gz`);

    expect(listArchive(archive)).toEqual(
      expect.arrayContaining(["PulumiPlugin.yaml", "package.json", "plugin.js", "schema.json"]),
    );
  });

  test("the policy pack's archive has the version, its own licence and those of what is in it", () => {
    const archive = path.join(out, `mqtt-dataflow-policy-${version}.tar.gz`);

    expect(listArchive(archive).sort()).toEqual([
      "LICENSE",
      "PulumiPolicy.yaml",
      "README.md",
      "THIRD-PARTY-LICENSES.txt",
      "index.js",
      "package.json",
    ]);
    expect(JSON.parse(readFrom(archive, "package.json"))).toMatchObject({ version });
  });

  test("the npm package names the repository that a provenance statement has to name", () => {
    const archive = path.join(out, `mqtt-dataflow-${version}.tgz`);

    expect(JSON.parse(readFrom(archive, "package/package.json"))).toMatchObject({
      version,
      repository: { url: "git+https://github.com/example/mqtt-dataflow.git" },
    });
  });

  test.each([
    ["python", `mqtt-dataflow-sdk-python-${version}/pulumi_mqtt_dataflow/pulumi-plugin.json`],
    ["go", `mqtt-dataflow-sdk-go-${version}/mqttdataflow/pulumi-plugin.json`],
  ])("the SDK for %s finds the plugin of its own version in the release", (language, file) => {
    const archive = path.join(out, `mqtt-dataflow-sdk-${language}-${version}.tar.gz`);

    expect(JSON.parse(readFrom(archive, file))).toMatchObject({
      version,
      server: "github://api.github.com/example/mqtt-dataflow",
    });
  });

  test("each bill of materials lists what is in the bundle with hash and licence, and nothing that was only used to build it", () => {
    const relay = componentsOf("mqtt-dataflow-relay");

    expect(relay.map(({ name }) => name)).toEqual(expect.arrayContaining(["mqtt", "mqtt-packet", "pino", "ws"]));
    for (const { purl, hashes, licenses } of relay) {
      expect(purl).toMatch(/^pkg:npm\/.+@\d/);
      expect(hashes).toEqual([expect.objectContaining({ alg: "SHA-512" })]);
      expect(licenses).toHaveLength(1);
    }
    expect(relay.map(({ name }) => name)).not.toEqual(expect.arrayContaining(["esbuild"]));
    expect(componentsOf("mqtt-dataflow-policy").map(({ name }) => name)).toEqual(["leven", "valibot"]);
    // The status page is a text in the relay's bundle, and made of packages too.
    for (const title of ["mqtt-dataflow", "mqtt-dataflow-relay"])
      expect(componentsOf(title).map(({ name }) => name)).toEqual(expect.arrayContaining(["preact"]));
  });

  const titles = ["mqtt-dataflow", "mqtt-dataflow-policy", "mqtt-dataflow-relay", "pulumi-resource-mqtt-dataflow"];

  // What of the project's own files is in a bundle, the build looks at itself: test/build/supply-chain.test.ts.
  test("no package that only the emulator needs is in what users install", () => {
    const emulatorOnly = ["@peculiar/x509", "reflect-metadata"];

    for (const title of titles) {
      expect(componentsOf(title).filter(({ name }) => emulatorOnly.includes(name))).toEqual([]);
    }
  });

  test("mqtt.js is where a relay runs, which reports its status with it, and in nothing else that users install", () => {
    const having = titles.filter((title) => componentsOf(title).some(({ name }) => name === "mqtt"));

    expect(having).toEqual(["mqtt-dataflow", "mqtt-dataflow-relay"]);
  });

  test("a tag that is not the version is refused", () => {
    expect(() => makeRelease("022", "--tag", "v9.9.9")).toThrow(`package.json has the version ${version}`);
  });
});

describe("the release notes", () => {
  test("are the section of the version in the changelog", () => {
    expect(
      releaseNotes("1.2.0", "# Changelog\n\n## Unreleased\n\n- a\n\n## 1.2.0 (2026-11-27)\n\n- b\n\n## 1.1.0\n\n- c\n"),
    ).toBe("- b\n");
  });

  test("are asked for where there are none", () => {
    expect(() => releaseNotes("1.2.0", "## 1.2.0\n\n## 1.1.0\n\n- c\n")).toThrow('no section "## 1.2.0" with text');
    expect(() => releaseNotes("2.0.0", "## 1.2.0\n\n- b\n")).toThrow('no section "## 2.0.0"');
  });
});
