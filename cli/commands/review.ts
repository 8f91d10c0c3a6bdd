import { Command, Option } from "@commander-js/extra-typings";

import { failOnValues, reviewFiles } from "../review/command.ts";
import type { Session } from "../session.ts";
import { jsonOption } from "./options.ts";

const purpose = `Says what a preview means: for messages, for access, and what it costs while it happens. Prints Markdown for a pull request, the most important first.

FILE is the engine's event log, which PULUMI_DEBUG_COMMANDS=true pulumi preview --event-log FILE writes, or the output of pulumi preview --json, which leaves policy violations and unchanged resources out. Several files are the previews of several stacks.`;

const exitCodes = `
Exit codes: 0 the change may go out; 1 the verdict is one to fail on; 2 a file can't be read or written.`;

/** The command `review`. */
export function reviewCommand(session: Session) {
  return new Command("review")
    .summary("say what a preview means, as a comment for a pull request")
    .description(purpose)
    .argument("<file...>", "event logs, or outputs of pulumi preview --json")
    .addOption(jsonOption())
    .option("--output-markdown <file>", "write the Markdown to a file too")
    .option("--output-json <file>", "write the JSON to a file too")
    .addOption(
      new Option("--fail-on <verdict>", "the mildest verdict that ends with exit code 1")
        .choices(failOnValues)
        .default("blocked" as const),
    )
    .addHelpText("after", exitCodes)
    .action((files, { json = false, outputMarkdown, outputJson, failOn }) => {
      const options = { isJson: json, markdownFile: outputMarkdown, jsonFile: outputJson, failOn };
      session.exitCode = reviewFiles(files, options, session);
    });
}
