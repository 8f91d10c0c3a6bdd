import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { expandAzure } from "./expand-azure.ts";

const root = path.join(import.meta.dirname, "../..");

/** Where the pipelines are that users take. */
export const templates = { github: path.join(root, "pipelines/github"), azure: path.join(root, "pipelines/azure") };
/** Those of this project. */
export const ownWorkflows = path.join(root, ".github/workflows");

export interface WorkflowStep {
  readonly name?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export interface WorkflowJob {
  readonly if?: string;
  readonly needs?: string;
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: { readonly environment: readonly string[] } };
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly WorkflowStep[];
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, WorkflowJob>>;
}

export interface NamedWorkflow {
  /** As `pipelines/github/workflows/preview.yml`. */
  readonly name: string;
  readonly text: string;
  readonly workflow: Workflow;
}

/** Reads the workflows of GitHub in a folder. */
export function readWorkflows(folder: string): NamedWorkflow[] {
  return yamlFiles(folder).map((file) => {
    const text = readFileSync(file, "utf8");
    return { name: path.relative(root, file), text, workflow: parse(text) as Workflow };
  });
}

export interface AzureStep {
  readonly bash?: string;
  readonly task?: string;
  readonly checkout?: string;
  readonly publish?: string;
  readonly artifact?: string;
  readonly download?: string;
  readonly patterns?: string;
  readonly displayName?: string;
  readonly condition?: string;
  readonly inputs?: Readonly<Record<string, string | boolean>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly persistCredentials?: boolean;
}

export interface AzureJob {
  readonly job?: string;
  readonly deployment?: string;
  readonly environment?: string;
  readonly condition?: string;
  readonly timeoutInMinutes?: number;
  readonly steps?: readonly AzureStep[];
  readonly strategy?: { readonly runOnce: { readonly deploy: { readonly steps: readonly AzureStep[] } } };
}

export interface AzurePipeline {
  readonly trigger?: unknown;
  readonly pr?: unknown;
  readonly stages: readonly {
    readonly stage: string;
    readonly dependsOn?: string;
    readonly condition?: string;
    readonly jobs: readonly AzureJob[];
  }[];
}

/** Reads the pipelines of Azure Pipelines as the service runs them, with every template put in. */
export function readAzurePipelines(): {
  readonly name: string;
  readonly text: string;
  readonly pipeline: AzurePipeline;
}[] {
  return yamlFiles(templates.azure).map((file) => ({
    name: path.relative(root, file),
    text: readFileSync(file, "utf8"),
    pipeline: expandAzure(file) as unknown as AzurePipeline,
  }));
}

export function stepsOf({ steps, strategy }: AzureJob): readonly AzureStep[] {
  return steps ?? strategy?.runOnce.deploy.steps ?? [];
}

/** The lines for a shell that a step has. */
export function scriptOf({ bash, inputs }: AzureStep): string | undefined {
  const inline = inputs?.["inlineScript"];
  return bash ?? (typeof inline === "string" ? inline : undefined);
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yml"))
    .map((name) => path.join(folder, name));
}
