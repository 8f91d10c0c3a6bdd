import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse, stringify } from "yaml";

import { buildPackage, packPackage } from "../build/package-scene.ts";
import { gitHubToken, startGitHub, type GitHubStandIn } from "../cli/comment/github-stand-in.ts";
import type { Workflow } from "../pipelines/pipeline-files.ts";
import { runWorkflow, type JobResult } from "../pipelines/run-workflow.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { installPulumi, type PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";

/*
 * Someone's repository that uses the package and its workflows: a branch is changed, and every script of the workflow runs
 * as GitHub's runner would run it, from the edit to the comment. Pulumi's engine is real; Azure, GitHub and what the actions
 * install stand in.
 */

const root = path.join(import.meta.dirname, "../..");
const example = path.join(root, "examples/typescript/site");
const telemetry = "sites/${site}/telemetry/\\${inputTopic}";

const settings = {
  "site:site": "oslo",
  "site:relayImage": "registry.example/mqtt-dataflow-relay:1.0.0",
  "site:resourceGroupName": "rg-oslo",
  "site:oidcIssuerUrl": "https://oidc.example/oslo",
};

describeWithParts(["pulumi", "kube-apiserver", "etcd"], ([pulumi]) => {
  let installation: PulumiInstallation;
  let gitHub: GitHubStandIn;
  let repository: string;
  let workflows: string;
  let runId = 500;

  beforeAll(async () => {
    const programs = createTemporaryFolder("programs");
    writeFileSync(path.join(programs, "pulumi"), `#!/bin/sh\nexec "${pulumi}" "$@"\n`, { mode: 0o755 });
    installation = await installPulumi({
      pulumi,
      kubeconfig: process.env[kubeconfigVariable] ?? "",
      programs: [programs, path.dirname(process.execPath)],
    });
    gitHub = await startGitHub();
    repository = makeRepository();
    workflows = path.join(repository, ".github/workflows");
    for (const stack of ["dev", "prod"]) {
      await installation.succeed(repository, "stack", "init", stack, "--secrets-provider=passphrase");
      const file = path.join(repository, `Pulumi.${stack}.yaml`);
      const { encryptionsalt } = parse(readFileSync(file, "utf8")) as { encryptionsalt: string };
      writeFileSync(file, stringify({ encryptionsalt, config: settings }));
    }
    await installation.succeed(repository, "up", "--stack", "dev", "--yes", "--skip-preview");
  });

  afterAll(async () => {
    installation.stop();
    await gitHub.close();
    removeTemporaryFolders();
  });

  /** What doc/pipelines.md has its reader do: a program, the package, and the workflows out of it. */
  function makeRepository(): string {
    const folder = createTemporaryFolder("repository");
    cpSync(example, folder, { recursive: true, filter: (file) => !/node_modules|package-lock/.test(file) });
    const archive = packPackage(buildPackage(), folder);
    const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { dependencies: object };
    const dependencies = { ...manifest.dependencies, "mqtt-dataflow": `file:${path.basename(archive)}` };
    writeFileSync(path.join(folder, "package.json"), JSON.stringify({ ...manifest, dependencies }));
    const npm = ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", npm, { cwd: folder, stdio: "pipe" });
    mkdirSync(path.join(folder, ".github"));
    cpSync(path.join(folder, "node_modules/mqtt-dataflow/pipelines/github"), path.join(folder, ".github"), {
      recursive: true,
    });
    return folder;
  }

  interface Event {
    /** Repository that the branch is in. */
    readonly head?: string;
    /** Steps of the first environment that break, by what they are: an action. */
    readonly failing?: string;
  }

  /** A push to the branch of pull request 12: the workflow runs on the repository as it stands. */
  async function push(
    file: string,
    { head = "example/plant", failing }: Event = {},
  ): Promise<Record<string, JobResult>> {
    runId++;
    const folder = createTemporaryFolder("runner");
    const event = path.join(folder, "event.json");
    writeFileSync(event, JSON.stringify({ pull_request: { number: 12, head: { sha: `${runId}`.repeat(13) } } }));
    const nothing = () => undefined;
    return runWorkflow(parse(readFileSync(path.join(workflows, file), "utf8")) as Workflow, {
      folder,
      environment: {
        ...installation.environment,
        npm_config_prefer_offline: "true",
        npm_config_audit: "false",
        GITHUB_ACTIONS: "true",
        GITHUB_API_URL: gitHub.url,
        GITHUB_GRAPHQL_URL: `${gitHub.url}/graphql`,
        GITHUB_SERVER_URL: "https://github.example",
        GITHUB_REPOSITORY: "example/plant",
        GITHUB_RUN_ID: `${runId}`,
        GITHUB_RUN_ATTEMPT: "1",
        GITHUB_EVENT_PATH: event,
      },
      values: {
        "github.token": gitHubToken,
        "github.repository": "example/plant",
        "github.event.pull_request.head.repo.full_name": head,
        "vars.AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001",
        "vars.AZURE_PREVIEW_CLIENT_ID": "00000000-0000-0000-0000-000000000002",
        "vars.PULUMI_BACKEND_URL": installation.environment["PULUMI_BACKEND_URL"]!,
      },
      actions: {
        "actions/checkout": (workingCopy) =>
          cpSync(repository, workingCopy, { recursive: true, filter: (name) => !name.includes("node_modules") }),
        "actions/setup-node": nothing,
        "pulumi/actions": nothing,
        "Azure/login": (workingCopy) => {
          if (failing === "login" && workingCopy.endsWith("-dev")) throw new Error("AADSTS700213: no matching record");
        },
      },
    });
  }

  function edit(text: string, edited: string): void {
    const program = path.join(repository, "index.ts");
    const source = readFileSync(program, "utf8");
    expect(source).toContain(text);
    writeFileSync(program, source.replace(text, edited));
  }

  /** Results by job, and what failed where it is not as expected. */
  function resultsOf(run: Readonly<Record<string, JobResult>>): Record<string, string> {
    return Object.fromEntries(Object.entries(run).map(([job, { result }]) => [job, result]));
  }

  function printed(run: Readonly<Record<string, JobResult>>): string {
    const steps = Object.entries(run).flatMap(([job, result]) => result.steps.map((step) => ({ job, ...step })));
    return steps.map(({ job, name, code, output }) => `${job}: ${name}: exit code ${code}\n${output}`).join("\n");
  }

  test("an edit of a topic becomes one comment that says so, and a check that passes", async () => {
    edit(telemetry, telemetry.replace("telemetry", "telemetry/v2"));

    const run = await push("preview.yml");

    const results = resultsOf(run);
    if (Object.values(results).some((result) => result !== "success")) throw new Error(printed(run));
    expect(gitHub.comments).toHaveLength(1);
    const [{ body }] = gitHub.comments as [(typeof gitHub.comments)[number]];
    expect(body).toMatch(/^<!-- mqtt-dataflow comment=review run=501\.1 -->\n\n/);
    expect(body).toContain("sites/oslo/telemetry/v2/${inputTopic}");
    expect(body).toContain("dev");
    expect(body).toContain("prod");
    expect(readFileSync(run["review"]!.summaryFile, "utf8")).toContain("telemetry/v2");
  });

  test("the next push edits the comment, and a declaration that is refused fails the check with its remedy", async () => {
    edit("retain: MqttRetain.Never", "retain: MqttRetain.Keep, keepAliveSeconds: 70000");

    const run = await push("preview.yml");

    expect(resultsOf(run)).toEqual({ "preview dev": "failure", "preview prod": "failure", review: "failure" });
    expect(gitHub.comments).toMatchObject([{ id: 1, body: expect.stringContaining("run=502.1") }]);
    expect(gitHub.comments[0]!.body).toContain("give a whole number from 0 to");
    expect(run["review"]!.steps.at(-1)).toMatchObject({ name: "Fail where it can't be deployed", code: 1 });
  });
});
