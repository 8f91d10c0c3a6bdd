import type * as automationApi from "@pulumi/pulumi/automation/index.js";
import type { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";

import { describeError } from "../../runtime/contract/errors.ts";
import type { Engine, EngineEvent, Operation, StackFacts, StackRun, Watch } from "./engine.ts";
import { failureReasons } from "./failure.ts";
import type { Fleet, Site } from "./sites.ts";

type Automation = typeof automationApi;

/** Resources of clusters that whoever runs the engine can't reach. @see doc/operations.md */
const inCluster = ["**$kubernetes:**"];

/**
 * Pulumi's Automation API, which only this file loads: nothing else of the command line needs it.
 * @throws {Error} when there is no `pulumi` on the PATH, or one that is too old
 */
export async function openEngine({ programFolder }: Pick<Fleet, "programFolder">): Promise<Engine> {
  const automation = await import("@pulumi/pulumi/automation/index.js");
  const pulumiCommand = await findPulumi(automation);
  const open = (site?: Site) => openWorkspace(automation, pulumiCommand, programFolder, site);
  return {
    listStacks: async () => {
      const stacks = await (await open()).listStacks();
      return new Map(
        stacks.map(({ name, lastUpdate, resourceCount, updateInProgress }): [string, StackFacts] => [
          name.slice(name.lastIndexOf("/") + 1),
          { lastUpdate, resourceCount, isUpdating: updateInProgress === true },
        ]),
      );
    },
    createStack: async (site) => {
      await automation.Stack.create(site.stack, await open(site));
    },
    run: async (operation, site, watch) => {
      const select = async () => automation.Stack.select(site.stack, withoutSelecting(await open(site)));
      return runStack(automation, select, operation, site, watch);
    },
  };
}

async function runStack(
  { ConcurrentUpdateError }: Automation,
  select: () => Promise<Stack>,
  operation: Operation,
  site: Site,
  watch: Watch,
): Promise<StackRun> {
  const startedMs = performance.now();
  const events: EngineEvent[] = [];
  const onEvent = (event: EngineEvent) => {
    events.push(event);
    watch.onEvent(event);
  };
  const secondsSince = () => (performance.now() - startedMs) / 1000;
  try {
    await start(await select(), operation, site, { ...watch, onEvent });
    return { outcome: "done", reasons: [], events, seconds: secondsSince() };
  } catch (cause) {
    const isLocked = cause instanceof ConcurrentUpdateError;
    const outcome = isLocked ? "locked" : watch.cancel.aborted ? "cancelled" : "failed";
    return { outcome, reasons: failureReasons(outcome, site, events, cause), events, seconds: secondsSince() };
  }
}

async function findPulumi({ PulumiCommand }: Automation): Promise<PulumiCommand> {
  try {
    return await PulumiCommand.get();
  } catch (cause) {
    const isMissing = describeError(cause).includes("ENOENT");
    const problem = isMissing ? "is not on the PATH" : `can't be used (${describeError(cause).split("\n")[0] ?? ""})`;
    throw new Error(`pulumi: ${problem}; install Pulumi 3.200 or newer and log in to the backend of your stacks`, {
      cause,
    });
  }
}

/** One a site, since each may have a kubeconfig of its own, which the program's provider takes from there. */
function openWorkspace(
  { LocalWorkspace }: Automation,
  pulumiCommand: PulumiCommand,
  workDir: string,
  site: Site | undefined,
): Promise<LocalWorkspace> {
  const envVars = {
    // Nobody is there to be asked.
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(site?.kubeconfig === undefined ? {} : { KUBECONFIG: site.kubeconfig }),
  };
  return LocalWorkspace.create({ pulumiCommand, workDir, envVars });
}

/**
 * Every command is told its stack, so none has to be selected: that would be one more process a site, and the user's own
 * choice in the program's folder would be another one afterwards.
 */
function withoutSelecting(workspace: LocalWorkspace): LocalWorkspace {
  workspace.selectStack = () => Promise.resolve();
  return workspace;
}

async function start(stack: Stack, operation: Operation, site: Site, { onEvent, cancel }: Watch): Promise<void> {
  const shared = { onEvent, signal: cancel, color: "never" as const, suppressOutputs: true, suppressProgress: true };
  switch (operation) {
    case "preview":
      await stack.preview(shared);
      return;
    case "up":
      await stack.up(shared);
      return;
    case "drift":
      await stack.previewRefresh({ ...shared, ...(site.manifests === undefined ? {} : { exclude: inCluster }) });
      return;
  }
}
