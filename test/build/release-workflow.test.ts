import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");
const text = readFileSync(path.join(root, ".github/workflows/release.yml"), "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly needs?: readonly string[];
  readonly steps: readonly Step[];
}

const workflow = parse(text) as { readonly permissions: object; readonly jobs: Readonly<Record<string, Job>> };
const jobs = Object.entries(workflow.jobs);
const steps = jobs.flatMap(([, job]) => job.steps);
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

afterAll(removeTemporaryFolders);

describe("the release's workflow", () => {
  test("gives nothing to a job that does not ask for it, and lets nothing write that builds", () => {
    expect(workflow.permissions).toEqual({});
    for (const job of ["files", "image"]) expect(workflow.jobs[job]?.permissions).toEqual({ contents: "read" });
  });

  test("publishes nothing before everything is built, and only in the environment that asks for approval", () => {
    const publishing = jobs.filter(([, { permissions }]) => Object.values(permissions).includes("write"));

    expect(publishing.map(([name]) => name)).toEqual(["publish-image", "publish-npm", "publish-release"]);
    for (const [, job] of publishing) {
      expect(job.environment).toBe("release");
      expect(job.needs).not.toEqual([]);
    }
    expect(workflow.jobs["publish-npm"]?.needs).toEqual(["files", "image"]);
  });

  test("has no stored secret", () => {
    expect(text).not.toMatch(/secrets\s*[.[]/);
  });

  test("pins every action by its commit, and says which version that is", () => {
    const uses = text.match(/uses: .*$/gm) ?? [];

    expect(uses.length).toBe(steps.filter((step) => step.uses !== undefined).length);
    for (const line of uses) expect(line).toMatch(/^uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("keeps no credentials in a checkout", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);

    for (const checkout of checkouts) expect(checkout.with).toEqual({ "persist-credentials": false });
  });

  test("runs commands of this project, and puts nothing of an event into a shell", () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));

    for (const command of commands) {
      expect(command).not.toContain("${{");
      const [program = "", first = "", second = ""] = command.split(" ");
      if (program === "npm" && first === "run") expect(manifest.scripts).toHaveProperty([second]);
      else if (program !== "npm") expect(() => accessSync(path.join(root, program), constants.X_OK)).not.toThrow();
    }
  });
});

describe("what it runs", () => {
  /** A PATH on which these programs only write down how they were called; `answer` is a line of shell that they run. */
  function withPrograms(programs: Readonly<Record<string, string>>) {
    const folder = createTemporaryFolder("programs");
    const calls = path.join(folder, "calls");
    writeFileSync(calls, "");
    for (const [name, answer] of Object.entries(programs)) {
      const script = `#!/usr/bin/env bash\necho "${name} $*" >>"${calls}"\n${answer}\n`;
      writeFileSync(path.join(folder, name), script, { mode: 0o755 });
    }
    const run = (script: string, args: readonly string[], variables: Readonly<Record<string, string>>) =>
      spawnSync(path.join(root, "build/release", script), args, {
        encoding: "utf8",
        env: { PATH: `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`, ...variables },
      });
    return { folder, run, calls: () => readFileSync(calls, "utf8").trim().split("\n") };
  }

  const digest = `sha256:${"a".repeat(64)}`;

  test("the image is signed and described by the digest that was pushed, in lower case", () => {
    const programs = withPrograms({
      cosign: "",
      skopeo: `for a in "$@"; do [ "$f" != 1 ] || echo -n ${digest} >"$a"; [ "$a" = --digestfile ] && f=1 || f=0; done; true`,
    });
    const output = path.join(programs.folder, "output");

    const { status, stderr } = programs.run("publish-image.sh", ["oci", "files"], {
      GITHUB_REF_NAME: "v1.2.3",
      GITHUB_OUTPUT: output,
      IMAGE: "ghcr.io/Example/mqtt-dataflow-relay",
      REGISTRY_USER: "robot",
      REGISTRY_TOKEN: "not shown",
    });

    const name = "ghcr.io/example/mqtt-dataflow-relay";
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(programs.calls().slice(2)).toEqual([
      expect.stringMatching(`^skopeo copy --all --digestfile \\S+ oci:oci:1.2.3 docker://${name}:1.2.3$`),
      `cosign sign --yes --recursive ${name}@${digest}`,
      `cosign attest --yes --type cyclonedx --predicate files/mqtt-dataflow-relay-1.2.3.cdx.json ${name}@${digest}`,
    ]);
    expect(programs.calls().join()).not.toContain("not shown");
    expect(readFileSync(output, "utf8")).toBe(`image=${name}\ndigest=${digest}\n`);
  });

  function layOutFiles(folder: string): string {
    const files = path.join(folder, "files");
    mkdirSync(files);
    writeFileSync(path.join(files, "package.tgz"), "content");
    writeFileSync(path.join(files, "notes.md"), "- what is new\n");
    const sum = createHash("sha256").update("content").digest("hex");
    writeFileSync(path.join(files, "SHA256SUMS"), `${sum}  package.tgz\n`);
    return files;
  }

  const variables = {
    GITHUB_REF_NAME: "v1.2.3",
    GITHUB_REPOSITORY: "Example/mqtt-dataflow",
    IMAGE: "ghcr.io/Example/mqtt-dataflow-relay",
    DIGEST: digest,
  };

  test("the release has the files, their signed checksums, and notes that name the image by digest", () => {
    const programs = withPrograms({
      cosign: "touch SHA256SUMS.sigstore.json",
      gh: 'for a in "$@"; do [ "${n:-0}" != 1 ] || cat "$a" >../notes; [ "$a" = --notes-file ] && n=1 || n=0; done; true',
    });

    const { status, stderr } = programs.run("publish-release.sh", [layOutFiles(programs.folder)], variables);

    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(programs.calls()).toEqual([
      "cosign sign-blob --yes --bundle SHA256SUMS.sigstore.json SHA256SUMS",
      expect.stringMatching(
        /^gh release create v1\.2\.3 --repo Example\/mqtt-dataflow --verify-tag .* \.\/SHA256SUMS \.\/SHA256SUMS\.sigstore\.json \.\/package\.tgz$/,
      ),
    ]);
    expect(readFileSync(path.join(programs.folder, "notes"), "utf8")).toBe(
      `- what is new\n\nImage, for amd64 and arm64: \`ghcr.io/example/mqtt-dataflow-relay@${digest}\`\n`,
    );
  });

  test("a file that is not what was built is not signed and not published", () => {
    const programs = withPrograms({ cosign: "", gh: "" });
    const files = layOutFiles(programs.folder);
    writeFileSync(path.join(files, "package.tgz"), "other content");

    const { status } = programs.run("publish-release.sh", [files], variables);

    expect(status).not.toBe(0);
    expect(programs.calls()).toEqual([""]);
  });

  test("the base has to be signed by who publishes it, at the digest that the Dockerfile pins", () => {
    const programs = withPrograms({ cosign: "exit 1" });

    const { status } = programs.run("verify-base.sh", [], {});

    const [, base = ""] = /^ARG BASE=(.*)$/m.exec(readFileSync(path.join(root, "runtime/Dockerfile"), "utf8")) ?? [];
    expect(status).toBe(1);
    expect(programs.calls()).toEqual([
      expect.stringMatching(
        `^cosign verify ${base} .*--certificate-identity keyless@distroless\\.iam\\.gserviceaccount\\.com`,
      ),
    ]);
  });

  test("every script is written as shellcheck wants it", () => {
    const found = spawnSync("sh", ["-c", "command -v shellcheck"], { encoding: "utf8" }).stdout.trim();
    if (found === "") {
      process.stderr.write("skipped: shellcheck: not found on the PATH; get it with: apt-get install shellcheck\n");
      return;
    }
    const scripts = ["image", "install-cosign", "publish-image", "publish-release", "try-image", "verify-base"];

    expect(() =>
      execFileSync(
        found,
        scripts.map((name) => path.join(root, "build/release", `${name}.sh`)),
        { encoding: "utf8" },
      ),
    ).not.toThrow();
  });
});
