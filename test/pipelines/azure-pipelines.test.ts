import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { describeWithPart } from "../support/real-parts.ts";
import { expandAzure } from "./expand-azure.ts";
import { readAzurePipelines, scriptOf, stepsOf, templates } from "./pipeline-files.ts";

const pipelines = readAzurePipelines();
const jobs = pipelines.flatMap(({ name, pipeline }) =>
  pipeline.stages.flatMap(({ stage, jobs: ofStage }) =>
    ofStage.map((job) => [`${name}: ${stage}, ${job.job ?? job.deployment ?? ""}`, job] as const),
  ),
);
const scripts = jobs.flatMap(([name, job]) =>
  stepsOf(job).flatMap((step) => {
    const script = scriptOf(step);
    return script === undefined ? [] : [[`${name}, ${step.displayName ?? ""}`, script, step] as const];
  }),
);
const find = (file: string) => pipelines.find(({ name }) => name.endsWith(file))!.pipeline;

test("every pipeline is there, with a job for each environment", () => {
  const counts = pipelines.map(({ name, pipeline }) => [
    path.basename(name),
    pipeline.stages.flatMap((each) => each.jobs).length,
  ]);

  expect(Object.fromEntries(counts)).toEqual({ "preview.yml": 3, "deploy.yml": 2, "drift.yml": 3 });
});

test("another environment is one more word", () => {
  const file = path.join(templates.azure, "preview.yml");
  const { stages } = expandAzure(file, { environments: ["dev", "test", "prod"] }) as {
    stages: { jobs: { job: string }[] }[];
  };

  expect(stages[0]!.jobs.map(({ job }) => job)).toEqual(["dev", "test", "prod"]);
});

test("no pipeline starts for a push or a pull request that it is not for", () => {
  expect(pipelines.map(({ name, pipeline }) => [path.basename(name), pipeline.trigger, pipeline.pr])).toEqual([
    ["deploy.yml", { batch: true, branches: { include: ["main"] } }, "none"],
    ["drift.yml", "none", "none"],
    ["preview.yml", "none", "none"],
  ]);
});

describe.each(jobs)("%s", (_, job) => {
  test("ends by itself, and leaves no token in the working copy", () => {
    expect(job.timeoutInMinutes).toBeLessThanOrEqual(60);
    for (const step of stepsOf(job)) if (step.checkout !== undefined) expect(step.persistCredentials).toBe(false);
  });

  test("has the token of Azure DevOps only in a step that posts, and no step that posts has a login at Azure", () => {
    for (const step of stepsOf(job)) {
      const posts = /mqtt-dataflow (comment|drift-issue) /.test(scriptOf(step) ?? "");
      expect(step.env?.["SYSTEM_ACCESSTOKEN"]).toBe(posts ? "$(System.AccessToken)" : undefined);
      if (posts) expect(stepsOf(job).map(({ task }) => task)).not.toContain("AzureCLI@2");
    }
  });
});

test.each(scripts)("%s: has no macro, whose text would be run, and stops at the first failure", (_, script) => {
  expect(script).not.toMatch(/\$\([\w.]+\)/);
  expect(script.trim().includes("\n") ? script.split("\n")[0] : "one line").toMatch(
    /^set -euo pipefail$|^one line$|^echo /,
  );
});

test("a fork is compared with nothing, and its check fails", () => {
  const [preview, review] = find("preview.yml").stages;

  for (const { condition } of preview!.jobs) {
    expect(condition).toBe("and(succeeded(), ne(variables['System.PullRequest.IsFork'], 'True'))");
  }
  expect(stepsOf(review!.jobs[0]!)[0]).toMatchObject({
    condition: "eq(variables['System.PullRequest.IsFork'], 'True')",
    bash: expect.stringMatching(/\nexit 1\n$/),
  });
  expect(review!.condition).toBe("not(canceled())");
});

test("deployments wait for the approvals of their environment, one after the other", () => {
  const { stages } = find("deploy.yml");

  expect(stages.map(({ stage, dependsOn, jobs: [job] }) => [stage, dependsOn, job?.environment])).toEqual([
    ["dev", undefined, "dev"],
    ["prod", undefined, "prod"],
  ]);
});

test("no file names a secret", () => {
  const files = [
    ...pipelines.map(({ name }) => name),
    ...["set-up", "compare", "gather"].map((name) => `pipelines/azure/steps/${name}.yml`),
  ];
  const texts = files.map((name) => readFileSync(path.join(templates.azure, "../..", name), "utf8"));

  expect(texts.filter((text) => /password|secret:|_KEY\b|PASSPHRASE/i.test(text))).toEqual([]);
});

describeWithPart("shellcheck", (shellcheck) => {
  test.each(scripts)("finds nothing in %s", (_, script) => {
    // AzureCLI@2 sets the variables of the service connection.
    const input = `#!/usr/bin/env bash\n# shellcheck disable=SC2154\n${script}`;

    const { stdout } = spawnSync(shellcheck, ["-"], { input, encoding: "utf8" });

    expect(stdout).toBe("");
  });
});
