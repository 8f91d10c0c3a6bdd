import { Command } from "@commander-js/extra-typings";

import type { Session } from "../session.ts";
import { fileOption, serviceOption, surroundingsOf } from "./comment.ts";

const purpose = `Keeps one issue about drift: opens or edits it while a stack differs from what was deployed, and closes it when none does.

Takes what "mqtt-dataflow review" wrote of "pulumi refresh --preview-only". At GitHub it is an issue of the repository, at Azure DevOps a work item of the project. Variables, token and proxy are those of "mqtt-dataflow comment" (doc/pipelines.md).`;

const exitCodes = `
Exit codes: 0 the issue is as it has to be, with or without drift; 1 the service refused, or a stack could not be compared;
2 an option, a variable or a file is missing.`;

/** The command `drift-issue`. */
export function driftIssueCommand(session: Session) {
  return new Command("drift-issue")
    .summary("open or close the one issue about drift")
    .description(purpose)
    .addOption(fileOption())
    .requiredOption("--review <file>", "the JSON of the same review")
    .addOption(serviceOption())
    .option("--key <name>", "which issue it is, where there are several", "drift")
    .option("--work-item-type <type>", "at Azure DevOps: Issue, or a type that your process has", "Issue")
    .addHelpText("after", exitCodes)
    .action(async (options) => {
      const { runDriftIssue } = await import("../comment/run-drift-issue.ts");
      session.exitCode = await runDriftIssue(options, surroundingsOf(session));
    });
}
