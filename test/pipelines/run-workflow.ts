import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { recordOutput } from "../support/secrets/run-record.ts";
import type { Workflow, WorkflowJob, WorkflowStep } from "./pipeline-files.ts";

/** What a runner of GitHub has, as far as the workflows for users need it. */
export interface RunnerOptions {
  /** Folder for the working copies of the jobs and for artifacts. */
  readonly folder: string;
  /** Environment variables of every step. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values of expressions, as `github.token`; another expression is an error. */
  readonly values: Readonly<Record<string, string>>;
  /** What the actions do that fetch the code and install programs, by name: `actions/checkout`. */
  readonly actions: Readonly<Record<string, (workingCopy: string, step: WorkflowStep) => void | Promise<void>>>;
}

export interface StepResult {
  readonly name: string;
  readonly code: number;
  readonly output: string;
}

export interface JobResult {
  readonly result: "success" | "failure" | "skipped";
  readonly steps: readonly StepResult[];
  /** What the job wrote for the page of the run. */
  readonly summaryFile: string;
}

/** Runs a workflow's jobs one after the other, and every script in them with the shell of GitHub's runner. */
export async function runWorkflow(workflow: Workflow, options: RunnerOptions): Promise<Record<string, JobResult>> {
  const results: Record<string, JobResult> = {};
  for (const [name, job] of Object.entries(workflow.jobs)) {
    const environments = job.strategy?.matrix.environment ?? [""];
    for (const environment of environments) {
      const needed = job.needs === undefined ? "success" : resultOf(results, job.needs);
      const values = {
        ...options.values,
        "matrix.environment": environment,
        ...(job.needs === undefined ? {} : { [`needs.${job.needs}.result`]: needed }),
      };
      const id = environment === "" ? name : `${name} ${environment}`;
      results[id] = await runJob(id, job, { ...options, values }, needed, workflow.env ?? {});
    }
  }
  return results;
}

/** One result for all jobs of a matrix. */
function resultOf(results: Readonly<Record<string, JobResult>>, needed: string): JobResult["result"] {
  const found = Object.entries(results).flatMap(([id, { result }]) => (id.split(" ")[0] === needed ? [result] : []));
  return found.find((result) => result !== "success") ?? "success";
}

async function runJob(
  id: string,
  job: WorkflowJob,
  options: RunnerOptions,
  needed: JobResult["result"],
  shared: Readonly<Record<string, string>>,
): Promise<JobResult> {
  const workingCopy = path.join(options.folder, id.replaceAll(" ", "-"));
  const summaryFile = `${workingCopy}.summary.md`;
  if (!isWanted(job.if, options, needed === "success")) return { result: "skipped", steps: [], summaryFile };
  mkdirSync(workingCopy, { recursive: true });
  const environment = { ...options.environment, GITHUB_STEP_SUMMARY: summaryFile, ...shared, ...job.env };
  const steps: StepResult[] = [];
  for (const step of job.steps ?? []) {
    const isGoingWell = steps.every(({ code }) => code === 0);
    if (!isWanted(step.if, options, isGoingWell)) continue;
    steps.push(await runStep(step, workingCopy, { ...options, environment }));
  }
  const result = steps.every(({ code }) => code === 0) ? "success" : "failure";
  return { result, steps, summaryFile };
}

/** Whether a job or a step runs, by its `if`; without one it does while all is well. */
function isWanted(condition: string | undefined, { values }: RunnerOptions, isGoingWell: boolean): boolean {
  const text = (condition ?? "success()").replace(/^\$\{\{\s*|\s*\}\}$/g, "");
  if (text === "success()") return isGoingWell;
  if (text === "always()" || text === "!cancelled()") return true;
  const [, left = "", operator, right = ""] = /^(\S+) (==|!=) (\S+)$/.exec(text) ?? [];
  if (operator === undefined) throw new Error(`if: ${text}: not known here`);
  const isEqual = lookUp(left, values) === lookUp(right, values);
  return isGoingWell && isEqual === (operator === "==");
}

function lookUp(expression: string, values: Readonly<Record<string, string>>): string {
  const value = values[expression];
  if (value === undefined) throw new Error(`${expression}: has no value here`);
  return value;
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => lookUp(expression, values));
}

async function runStep(step: WorkflowStep, workingCopy: string, options: RunnerOptions): Promise<StepResult> {
  const { values } = options;
  if (step.run === undefined) return runAction(step, workingCopy, options);
  const own = { ...options.environment, ...step.env };
  const env = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, fill(value, values)]));
  return runScript(step.name ?? step.run, step.run, workingCopy, { folder: options.folder, env });
}

/**
 * Runs lines with the shell of a runner, from a file, as runners do.
 * @param folder for the file
 */
export async function runScript(
  name: string,
  script: string,
  cwd: string,
  { folder, env }: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): Promise<StepResult> {
  const file = path.join(folder, "script.sh");
  writeFileSync(file, script);
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], { cwd, env });
  child.stdin.end();
  const record = recordOutput(`step ${name}`);
  const pieces: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      pieces.push(piece);
      record(piece);
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { name, code: code ?? 1, output: Buffer.concat(pieces).toString("utf8") };
}

async function runAction(step: WorkflowStep, workingCopy: string, options: RunnerOptions): Promise<StepResult> {
  const name = step.uses?.split("@")[0] ?? "";
  const inputs = Object.entries(step.with ?? {}).map(([key, value]) => [key, fill(String(value), options.values)]);
  const filled = { ...step, with: Object.fromEntries(inputs) as Record<string, string> };
  const artifacts = path.join(options.folder, "artifacts");
  if (name === "actions/upload-artifact") {
    cpSync(path.join(workingCopy, filled.with["path"]!), path.join(artifacts, filled.with["name"]!), {
      recursive: true,
    });
  } else if (name === "actions/download-artifact") {
    const prefix = filled.with["pattern"]!.replace(/\*$/, "");
    const found = existsSync(artifacts) ? readdirSync(artifacts).filter((artifact) => artifact.startsWith(prefix)) : [];
    for (const artifact of found) {
      cpSync(path.join(artifacts, artifact), path.join(workingCopy, filled.with["path"]!), { recursive: true });
    }
  } else {
    const action = options.actions[name];
    if (action === undefined) throw new Error(`${name}: is not known here`);
    try {
      await action(workingCopy, filled);
    } catch (error) {
      return { name, code: 1, output: String(error) };
    }
  }
  return { name, code: 0, output: "" };
}
