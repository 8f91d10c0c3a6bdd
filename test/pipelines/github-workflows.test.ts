import { cpSync, mkdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import path from "node:path";

import { describeWithPart, describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { ownWorkflows, readWorkflows, templates } from "./pipeline-files.ts";

const templateFolder = path.join(templates.github, "workflows");
const forUsers = readWorkflows(templateFolder);
const workflows = [...forUsers, ...readWorkflows(ownWorkflows)];
const named = workflows.map((each) => [each.name, each] as const);
const jobs = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).map(([job, value]) => [`${name}: ${job}`, value] as const),
);

afterAll(removeTemporaryFolders);

describe.each(named)("%s", (_, { text, workflow }) => {
  test("gives its jobs no permission that they don't name", () => {
    expect(workflow.permissions).toEqual({});
  });

  test("names each action by the digest of a commit, with its version beside it", () => {
    const uses = text.split("\n").filter((line) => /^\s*(- )?uses: (?!\.\/)/.test(line));

    expect(
      uses.filter((line) => !/uses: [\w-]+\/[\w-]+(\/[\w-]+)*@[0-9a-f]{40} # v\d+\.\d+\.\d+(,.*)?$/.test(line)),
    ).toEqual([]);
  });

  test("never runs for a pull request with the rights of the main branch", () => {
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    expect(Object.keys(workflow.on)).not.toContain("workflow_run");
  });

  test("uses one commit of each action", () => {
    const used = workflows.flatMap((each) => [...each.text.matchAll(/uses: ([\w-]+\/[\w-]+)@(\w+)/g)]);
    const commits = Map.groupBy(used, ([, action]) => action);

    for (const matches of commits.values()) expect(new Set(matches.map(([, , commit]) => commit)).size).toBe(1);
  });
});

describe.each(jobs)("%s", (_, job) => {
  const steps = job.steps ?? [];

  test("ends by itself, and says what it may", () => {
    expect(job.permissions).toBeDefined();
    expect(job["timeout-minutes"] ?? (job.uses === undefined ? undefined : 0)).toBeDefined();
  });

  test("leaves no token in the working copy", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@") === true);

    expect(checkouts.filter((step) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test("puts no expression into a script, where its text would be run", () => {
    expect(steps.filter(({ run }) => run?.includes("${{") === true)).toEqual([]);
  });
});

describe("the workflows for users", () => {
  test("store no secret: logins are by tokens of the job", () => {
    expect(forUsers.filter(({ text }) => /secrets\.|secrets:/.test(text))).toEqual([]);
  });

  test("never run two of a kind at once on the same thing", () => {
    const called = forUsers.filter(({ workflow }) => "workflow_call" in workflow.on);
    const others = forUsers.filter((each) => !called.includes(each));

    expect(others.filter(({ workflow }) => workflow.concurrency === undefined)).toEqual([]);
  });

  test.each(forUsers.map((each) => [each.name, each.workflow] as const))(
    "%s: a job that may log in at Azure may write nothing at GitHub",
    (_, workflow) => {
      for (const { permissions = {} } of Object.values(workflow.jobs)) {
        const writes = Object.entries(permissions).filter(([, right]) => right === "write");
        if (permissions["id-token"] === "write") expect(writes).toEqual([["id-token", "write"]]);
      }
    },
  );

  test("let a pull request from a fork have no credentials, and fail its check", () => {
    const { jobs: previewJobs } = forUsers.find(({ name }) => name.endsWith("/preview.yml"))!.workflow;

    expect(previewJobs["preview"]!.if).toBe("github.event.pull_request.head.repo.full_name == github.repository");
    // A check that is skipped counts as passed.
    expect(previewJobs["review"]!.if).toBe("always()");
    expect(previewJobs["review"]!.steps![0]).toMatchObject({
      if: "github.event.pull_request.head.repo.full_name != github.repository",
      run: expect.stringMatching(/\nexit 1\n$/),
    });
  });

  test("deploy with the environment whose approval counts, and compare without one, which would ask for it", () => {
    const environments = forUsers.flatMap(({ workflow }) =>
      Object.values(workflow.jobs).map(({ environment }) => environment),
    );

    expect(environments.filter((environment) => environment !== undefined)).toEqual(["${{ inputs.environment }}"]);
  });
});

/** Someone's repository that has the workflows. */
function makeRepository(): string {
  const folder = createTemporaryFolder("repository");
  mkdirSync(path.join(folder, ".git"));
  cpSync(templateFolder, path.join(folder, ".github/workflows"), { recursive: true });
  cpSync(path.join(templates.github, "dependabot.yml"), path.join(folder, ".github/dependabot.yml"));
  return folder;
}

/** What a linter says about workflows: nothing is right. */
function lint(program: string, args: readonly string[], folder: string): string {
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  return status === 0 ? "" : `${stdout}${stderr}`;
}

describeWithParts(["actionlint", "shellcheck"], ([actionlint, shellcheck]) => {
  const args = ["-shellcheck", shellcheck, "-pyflakes", ""];

  test("finds nothing in the workflows for users", () => {
    expect(lint(actionlint, args, makeRepository())).toBe("");
  });

  test("finds nothing in the workflows of this project", () => {
    expect(lint(actionlint, args, path.join(ownWorkflows, "../.."))).toBe("");
  });
});

describeWithPart("zizmor", (zizmor) => {
  const args = ["--offline", "--quiet", "--no-progress", "--persona=regular"];

  test("finds nothing in the workflows for users", () => {
    expect(lint(zizmor, [...args, "."], makeRepository())).toBe("");
  });

  test("finds nothing in the workflows of this project", () => {
    expect(lint(zizmor, [...args, ".github"], path.join(ownWorkflows, "../.."))).toBe("");
  });
});
