import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { parse, stringify } from "yaml";

import { buildPackage, packPackage } from "../build/package-scene.ts";
import { azureDevOpsToken, startAzureDevOps, type AzureDevOpsStandIn } from "../cli/comment/azure-devops-stand-in.ts";
import { gitHubToken, startGitHub, type GitHubStandIn } from "../cli/comment/github-stand-in.ts";
import { expandAzure } from "../pipelines/expand-azure.ts";
import type { AzurePipeline, Workflow } from "../pipelines/pipeline-files.ts";
import { runAzurePipeline } from "../pipelines/run-azure-pipeline.ts";
import { runWorkflow, type JobResult } from "../pipelines/run-workflow.ts";
import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { openCluster, readKubeconfig } from "./support/kubernetes/client.ts";
import { installPulumi, type PulumiInstallation } from "./support/pulumi.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";

/*
 * Someone's repository that uses the package and its workflows: a branch is changed, and every script of the workflow runs
 * as GitHub's runner would run it, from the edit to the comment. Pulumi's engine is real; Azure, GitHub and what the actions
 * install stand in.
 */

const root = path.join(import.meta.dirname, "../..");
const example = path.join(root, "examples/typescript/site");
const telemetry = "sites/${site}/telemetry/\\${inputTopic}";

/** Of this test alone: all tests have one API server. */
const namespace = "pull-request";

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
  let azure: AzureDevOpsStandIn;
  let workflows: string;
  let runId = 500;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    await createNamespace(openCluster(readKubeconfig(readFileSync(kubeconfig, "utf8"))), namespace);
    const programs = createTemporaryFolder("programs");
    writeFileSync(path.join(programs, "pulumi"), `#!/bin/sh\nexec "${pulumi}" "$@"\n`, { mode: 0o755 });
    installation = await installPulumi({
      pulumi,
      kubeconfig,
      programs: [programs, path.dirname(process.execPath)],
    });
    // Stands for what get.pulumi.com answers: a script that installs.
    writeFileSync(path.join(programs, "curl"), "#!/bin/sh\necho true\n", { mode: 0o755 });
    writeFileSync(path.join(programs, "npm"), npmOnce(), { mode: 0o755 });
    gitHub = await startGitHub();
    azure = await startAzureDevOps();
    repository = makeRepository();
    edit("localEndpoints: { edge: {} }", 'localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "broker-ca" } }');
    edit("relay: { image", `relay: { namespace: "${namespace}", image`);
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
    await azure.close();
    removeTemporaryFolders();
  });

  /**
   * An npm that installs for real the first time. Later jobs have the same lock file, so they get the folder that it names:
   * 140 MB for each job would take longer than everything else.
   */
  function npmOnce(): string {
    const npm = execFileSync("which", ["npm"], { encoding: "utf8" }).trim();
    return [
      "#!/bin/bash",
      'if [ "$*" = "ci --ignore-scripts" ] && mkdir "$HOME/installed" 2>/dev/null; then',
      `  exec "${npm}" "$@"`,
      'elif [ "$*" = "ci --ignore-scripts" ]; then',
      '  exec ln -s "$SHARED_MODULES" node_modules',
      "else",
      `  exec "${npm}" "$@"`,
      "fi",
      "",
    ].join("\n");
  }

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
    /** An action that fails in the jobs of dev. */
    readonly failing?: string;
    readonly environment?: string;
  }

  /** A push to the branch of pull request 12: the workflow runs on the repository as it stands. */
  async function push(
    file: string,
    { head = "example/plant", failing, environment = "" }: Event = {},
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
        ...npmSettings(),
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
        "inputs.environment": environment,
        "github.token": gitHubToken,
        "github.repository": "example/plant",
        "github.event.pull_request.head.repo.full_name": head,
        "vars.AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000001",
        "vars.AZURE_PREVIEW_CLIENT_ID": "00000000-0000-0000-0000-000000000002",
        "vars.AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000003",
        "vars.PULUMI_BACKEND_URL": installation.environment["PULUMI_BACKEND_URL"]!,
      },
      actions: {
        "actions/checkout": checkout,
        "actions/setup-node": nothing,
        "pulumi/actions": nothing,
        "Azure/login": (workingCopy) => {
          if (failing === "Azure/login" && workingCopy.endsWith("-dev"))
            throw new Error("AADSTS700213: no matching record");
        },
      },
    });
  }

  function npmSettings(): Record<string, string> {
    // The scripts have a home of their own, without the settings that npm has on this machine.
    const isOfNpm = (name: string) => /^npm_config_|^NODE_EXTRA_CA_CERTS$/i.test(name);
    const ofMachine = Object.entries(process.env).filter(([name]) => isOfNpm(name)) as [string, string][];
    return {
      npm_config_userconfig: path.join(homedir(), ".npmrc"),
      ...Object.fromEntries(ofMachine),
      SHARED_MODULES: path.join(repository, "node_modules"),
      npm_config_prefer_offline: "true",
      npm_config_audit: "false",
    };
  }

  function checkout(workingCopy: string): void {
    cpSync(repository, workingCopy, { recursive: true, filter: (name) => !name.includes("node_modules") });
  }

  /** The same push in a repository of Azure Repos. */
  function pushToAzure(file: string): Promise<Record<string, JobResult>> {
    runId++;
    const pipelines = path.join(repository, "node_modules/mqtt-dataflow/pipelines/azure");
    return runAzurePipeline(expandAzure(path.join(pipelines, file)) as unknown as AzurePipeline, {
      folder: createTemporaryFolder("agent"),
      isFork: false,
      checkout,
      variables: { "System.AccessToken": azureDevOpsToken, "System.JobAttempt": "1" },
      environment: {
        ...installation.environment,
        ...npmSettings(),
        TF_BUILD: "True",
        SYSTEM_COLLECTIONURI: `${azure.url}/example/`,
        SYSTEM_TEAMPROJECTID: "plant-id",
        SYSTEM_TEAMPROJECT: "plant",
        SYSTEM_PULLREQUEST_PULLREQUESTID: "7",
        BUILD_REPOSITORY_ID: "repository-id",
        BUILD_REPOSITORY_PROVIDER: "TfsGit",
        BUILD_BUILDID: `${runId}`,
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

  /** What the steps printed that failed; nothing when none did. */
  function failures(run: Readonly<Record<string, JobResult>>): string {
    const steps = Object.entries(run).flatMap(([job, result]) => result.steps.map((step) => ({ job, ...step })));
    const failed = steps.filter(({ code }) => code !== 0);
    return failed.map(({ job, name, code, output }) => `${job}: ${name}: exit code ${code}\n${output}`).join("\n");
  }

  test("an edit of a topic becomes one comment that says so, and a check that passes", async () => {
    edit(telemetry, telemetry.replace("telemetry", "telemetry/v2"));

    const run = await push("preview.yml");

    expect(failures(run)).toBe("");
    expect(gitHub.comments).toHaveLength(1);
    const { body } = gitHub.comments[0]!;
    expect(body).toMatch(/^<!-- mqtt-dataflow comment=review run=501\.1 -->\n\n/);
    // Of dev, which is deployed, it says what the topic was.
    expect(body).toContain("sites/oslo/telemetry/${inputTopic}");
    expect(body).toContain("sites/oslo/telemetry/v2/${inputTopic}");
    expect(body).toMatch(/\bdev\b[^]*\bprod\b|\bprod\b[^]*\bdev\b/);
    expect(readFileSync(run["review"]!.summaryFile, "utf8")).toContain("telemetry/v2");
  });

  test("the next push edits the comment, and a declaration that is refused fails the check with its remedy", async () => {
    edit("retain: MqttRetain.Never", "retain: MqttRetain.Never, keepAliveSeconds: 70000");

    const run = await push("preview.yml");

    expect(resultsOf(run)).toEqual({ "preview dev": "failure", "preview prod": "failure", review: "failure" });
    expect(gitHub.comments).toMatchObject([{ id: 1, body: expect.stringContaining("run=502.1") }]);
    expect(gitHub.comments[0]!.body).toContain("give a whole number from 0 to");
    expect(run["review"]!.steps.at(-1)).toMatchObject({ name: "Fail where it can't be deployed", code: 1 });
    edit("retain: MqttRetain.Never, keepAliveSeconds: 70000", "retain: MqttRetain.Never");
  });

  test("a login that fails is in the comment, and fails the check", async () => {
    const run = await push("preview.yml", { failing: "Azure/login" });

    expect(resultsOf(run)).toEqual({ "preview dev": "failure", "preview prod": "success", review: "failure" });
    expect(gitHub.comments).toMatchObject([{ body: expect.stringContaining("The preview never began") }]);
  });

  test("a pull request from a fork runs nothing of its own, and its check fails", async () => {
    const [before] = gitHub.comments.map(({ body }) => body);

    const run = await push("preview.yml", { head: "mallory/plant" });

    expect(resultsOf(run)).toEqual({ "preview dev": "skipped", "preview prod": "skipped", review: "failure" });
    expect(run["review"]!.steps).toMatchObject([
      { name: "Refuse a fork", output: expect.stringContaining("::error::") },
    ]);
    expect(gitHub.comments.map(({ body }) => body)).toEqual([before]);
  });

  test("at Azure DevOps it is the same, in a thread of the pull request", async () => {
    const run = await pushToAzure("preview.yml");

    expect(failures(run)).toBe("");
    expect(azure.threads).toMatchObject([{ status: "closed", content: expect.stringContaining("telemetry/v2") }]);
  });

  test("after the merge it is deployed, and then a preview changes nothing", async () => {
    expect(failures(await push("up.yml", { environment: "dev" }))).toBe("");

    const { output } = await installation.run(repository, "preview", "--stack", "dev", "--expect-no-changes");

    expect(output).toContain("unchanged");
    expect(output).not.toContain("no changes were expected");
  });

  test("drift opens one issue, at GitHub and at Azure DevOps, and its end closes it", async () => {
    const id = installation.arm.ids.find((each) => /\/namespaces\/[^/]+$/.test(each))!;
    const namespaceInAzure = installation.arm.get(id)!;
    installation.arm.set(id, { ...namespaceInAzure, sku: { name: "Standard", capacity: 7 } });
    const nights = [await push("drift.yml"), await pushToAzure("drift.yml")];
    installation.arm.set(id, namespaceInAzure);
    nights.push(await push("drift.yml"));

    expect(nights.map(failures)).toEqual(["", "", ""]);
    expect(gitHub.issues).toMatchObject([{ title: expect.stringContaining("Drift: dev differs"), state: "closed" }]);
    expect(gitHub.issues[0]!.body).toContain("capacity");
    expect(azure.workItems).toMatchObject([{ fields: { "System.State": "To Do" } }]);
  });
});
