import { availableParallelism } from "node:os";

import { Command, Option } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { collect } from "../../runtime/command-line/options.ts";
import type { FleetTools } from "../fleet/run.ts";
import type { Session } from "../session.ts";
import { jsonOption } from "./options.ts";

const purpose = `Previews and deploys many sites: one file lists them, and each is a stack of one Pulumi program (doc/fleet.md).`;

const exitCodes = {
  preview: "0 all sites were previewed; 1 one could not be, or can't be deployed; 2 the file of sites is wrong.",
  up: "0 all sites are deployed and well; 1 it stopped before; 2 the file of sites is wrong, and nothing was deployed.",
  drift:
    "0 everything is as it was deployed; 1 something isn't, or could not be compared; 2 the file of sites is wrong.",
  status: "0 all relays are well; 1 one isn't, or could not be asked; 2 the file of sites is wrong.",
};

/** Sites at a time that may be asked for; each takes about 400 MB while the engine works on it. */
const mostParallel = 64;
const longestSettleSeconds = 86_400;

/** The command `fleet` with its own commands. */
export function fleetCommand(session: Session) {
  return new Command("fleet")
    .summary("preview, deploy and watch many sites at once")
    .description(purpose)
    .addCommand(previewCommand(session))
    .addCommand(upCommand(session))
    .addCommand(driftCommand(session))
    .addCommand(statusCommand(session));
}

/** What every command on a fleet takes. */
function fleetSubcommand(name: keyof typeof exitCodes, summary: string) {
  return new Command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase() ?? ""}${summary.slice(1)}.`)
    .option("--file <file>", "the file of sites", "fleet.yaml")
    .addOption(new Option("--site <name>", "take just this site; may be given several times").argParser(collect))
    .option("--ring <name>", "take this ring and those before it")
    .addOption(
      new Option("--parallel <count>", "sites at a time").argParser(readCount(mostParallel)).default(defaultParallel()),
    )
    .addOption(jsonOption())
    .addHelpText("after", `\nExit codes: ${exitCodes[name]}`);
}

interface SharedOptions {
  readonly file: string;
  readonly site?: readonly string[] | undefined;
  readonly ring?: string | undefined;
  readonly parallel: number;
  readonly json?: true | undefined;
}

function sharedOf({ file, site = [], ring, parallel, json }: SharedOptions) {
  return { file, sites: site, throughRing: ring, parallel, json: json ?? false };
}

function previewCommand(session: Session) {
  return fleetSubcommand("preview", "preview the sites, and review all of it as one change")
    .option("--create-stacks", "give sites without a stack an empty one")
    .option("--markdown <file>", "write the review to this file, as a comment on a pull request")
    .action(async ({ createStacks = false, markdown, ...shared }) => {
      await run(session, shared.file, async (tools) => {
        const { previewFleet } = await import("../fleet/preview.ts");
        return previewFleet({ ...sharedOf(shared), createStacks, markdown }, session, tools);
      });
    });
}

function upCommand(session: Session) {
  return fleetSubcommand("up", "deploy the sites ring by ring, as long as each relay says that it is well")
    .requiredOption("--yes", "deploy; fleet preview shows what it would do")
    .option("--resume", "go on with the last run where it ended")
    .option("--create-stacks", "give sites without a stack an empty one")
    .option("--markdown <file>", "write the review to this file")
    .addOption(
      new Option("--settle <seconds>", "how long a relay may take until it is well")
        .argParser(readCount(longestSettleSeconds))
        .default(300),
    )
    .option("--allow-attention", "go on where a relay asks for attention")
    .action(async ({ resume = false, createStacks = false, allowAttention = false, settle, markdown, ...shared }) => {
      await run(session, shared.file, async (tools) => {
        const { upFleet } = await import("../fleet/up.ts");
        const patience = { settleSeconds: settle, allowsAttention: allowAttention };
        return upFleet({ ...sharedOf(shared), ...patience, resume, createStacks, markdown }, session, tools);
      });
    });
}

function driftCommand(session: Session) {
  return fleetSubcommand("drift", "compare what was deployed with what is there").action(async (shared) => {
    await run(session, shared.file, async (tools) => {
      const { driftFleet } = await import("../fleet/drift.ts");
      return driftFleet(sharedOf(shared), session, tools);
    });
  });
}

function statusCommand(session: Session) {
  return fleetSubcommand("status", "ask every site's relay how it is").action(async (shared) => {
    await run(session, shared.file, async (tools) => {
      const { statusOfFleet } = await import("../fleet/status.ts");
      return statusOfFleet(sharedOf(shared), session, tools);
    });
  });
}

/** Loads what only these commands need, and runs one in a process group of its own. A file that is no fleet is told at once. */
async function run(session: Session, file: string, work: (tools: FleetTools) => Promise<number>): Promise<void> {
  const { readFleet } = await import("../fleet/sites.ts");
  readFleet(file);
  const { runInOwnGroup } = await import("../fleet/own-group.ts");
  const code = await runInOwnGroup();
  if (code !== undefined) {
    session.exitCode = code;
    return;
  }
  const [{ openEngine }, { kubectlHealth }] = await Promise.all([
    import("../fleet/automation.ts"),
    import("../fleet/kubectl.ts"),
  ]);
  session.exitCode = await work({ openEngine, health: kubectlHealth() });
}

function readCount(most: number): (value: string) => number {
  return (value) => {
    if (/^[1-9]\d{0,5}$/.test(value) && Number(value) <= most) return Number(value);
    throw new WrongValue(`is "${value}"`, `give a whole number from 1 to ${most}`);
  };
}

/** Each takes a processor for seconds, and waits for clouds the rest of the time. */
function defaultParallel(): number {
  return Math.max(2, Math.min(8, availableParallelism() * 2));
}
