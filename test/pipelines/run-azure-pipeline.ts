import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

import { scriptOf, stepsOf, type AzureJob, type AzurePipeline, type AzureStep } from "./pipeline-files.ts";
import { runScript, type JobResult, type StepResult } from "./run-workflow.ts";

/** What an agent of Azure Pipelines has, as far as the pipelines for users need it. */
export interface AgentOptions {
  /** Folder for the working copies of the jobs and for artifacts. */
  readonly folder: string;
  /** Environment variables of every step. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values of macros in `env:`, as `System.AccessToken`; another macro is an error. */
  readonly variables: Readonly<Record<string, string>>;
  readonly isFork: boolean;
  readonly checkout: (workingCopy: string) => void;
}

/** Runs a pipeline's jobs one after the other, and every script in them. */
export async function runAzurePipeline(
  { stages }: AzurePipeline,
  options: AgentOptions,
): Promise<Record<string, JobResult>> {
  const results: Record<string, JobResult> = {};
  for (const { stage, jobs, condition } of stages) {
    const isGoingWell = Object.values(results).every(({ result }) => result === "success");
    const isStageWanted = isWanted(condition, options, isGoingWell);
    for (const job of jobs) {
      const id = `${stage} ${job.job ?? job.deployment ?? ""}`;
      const isJobWanted = isStageWanted && isWanted(job.condition, options, true);
      results[id] = isJobWanted ? await runJob(id, job, options) : { result: "skipped", steps: [], summaryFile: "" };
    }
  }
  return results;
}

/** Whether a stage, a job or a step runs, by its condition; without one it does while all is well. */
function isWanted(condition: string | undefined, { isFork }: AgentOptions, isGoingWell: boolean): boolean {
  switch (condition) {
    case undefined:
      return isGoingWell;
    case "not(canceled())":
    case "succeededOrFailed()":
      return true;
    case "eq(variables['System.PullRequest.IsFork'], 'True')":
      return isFork;
    case "and(succeeded(), ne(variables['System.PullRequest.IsFork'], 'True'))":
      return isGoingWell && !isFork;
    default:
      throw new Error(`condition: ${condition}: not known here`);
  }
}

async function runJob(id: string, job: AzureJob, options: AgentOptions): Promise<JobResult> {
  const workspace = path.join(options.folder, id.replaceAll(" ", "-"));
  const workingCopy = path.join(workspace, "s");
  mkdirSync(workingCopy, { recursive: true });
  const environment = { ...options.environment, PIPELINE_WORKSPACE: workspace };
  const steps: StepResult[] = [];
  for (const step of stepsOf(job)) {
    const isGoingWell = steps.every(({ code }) => code === 0);
    if (!isWanted(step.condition, options, isGoingWell)) continue;
    steps.push(await runStep(step, workingCopy, { ...options, environment }));
  }
  const result = steps.every(({ code }) => code === 0) ? "success" : "failure";
  return { result, steps, summaryFile: path.join(workingCopy, "review.md") };
}

/** What AzureCLI@2 gives its script of a service connection, with `addSpnToEnvironment`. */
const connection = { servicePrincipalId: "client-id", tenantId: "tenant-id", idToken: "token-of-the-connection" };

async function runStep(step: AzureStep, workingCopy: string, options: AgentOptions): Promise<StepResult> {
  const name = step.displayName ?? step.task ?? "";
  const script = scriptOf(step);
  if (script !== undefined) {
    const entries = Object.entries(step.env ?? {}).map(([key, value]) => [key, fill(value, options.variables)]);
    const ofTask = step.task === "AzureCLI@2" ? connection : {};
    const env = { ...options.environment, ...ofTask, ...(Object.fromEntries(entries) as Record<string, string>) };
    return runScript(name, script, workingCopy, { folder: options.folder, env });
  }
  const artifacts = path.join(options.folder, "artifacts");
  if (step.checkout === "self") options.checkout(workingCopy);
  else if (step.publish !== undefined) {
    const artifact = path.join(artifacts, fill(step.artifact ?? "", options.variables));
    cpSync(path.join(workingCopy, step.publish), artifact, { recursive: true });
  } else if (step.download !== undefined) download(artifacts, path.join(workingCopy, ".."), step);
  else if (step.task !== "UseNode@1") throw new Error(`${name}: not known here`);
  return { name, code: 0, output: "" };
}

function download(artifacts: string, workspace: string, { patterns = "" }: AzureStep): void {
  const prefix = /^(.*)\*\/\*\.json$/.exec(patterns)?.[1];
  if (prefix === undefined) throw new Error(`${patterns}: not known here`);
  for (const artifact of existsSync(artifacts) ? readdirSync(artifacts) : []) {
    if (artifact.startsWith(prefix))
      cpSync(path.join(artifacts, artifact), path.join(workspace, artifact), { recursive: true });
  }
}

function fill(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\(([\w.]+)\)/g, (macro, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`${macro}: has no value here`);
    return value;
  });
}
