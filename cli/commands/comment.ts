import { setTimeout } from "node:timers/promises";

import { Command, Option } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { services } from "../comment/ci-target.ts";
import type { Surroundings } from "../comment/run-comment.ts";
import { say, type Session } from "../session.ts";

const purpose = `Writes a Markdown file into one comment on the pull request that the job runs for.

The comment is found again by a hidden line and edited in place, so that a pull request has one however often the job runs. Reads the variables of GitHub Actions (with GITHUB_TOKEN) or of Azure Pipelines (with SYSTEM_ACCESSTOKEN), and takes the proxy that HTTPS_PROXY names (doc/pipelines.md).`;

const exitCodes = `
Exit codes: 0 the comment is there; 1 the service refused; 2 an option, a variable or the file is missing.`;

/** The command `comment`. */
export function commentCommand(session: Session) {
  return new Command("comment")
    .summary("write a file into the one comment of a pull request")
    .description(purpose)
    .addOption(fileOption())
    .addOption(serviceOption())
    .option("--key <name>", "which comment it is, where a pull request has several", "review")
    .addOption(new Option("--pull-request <number>", "the pull request, outside of its job").argParser(readNumber))
    .addHelpText("after", exitCodes)
    .action(async (options) => {
      // What speaks HTTP takes time to load, which nothing else here needs.
      const { runComment } = await import("../comment/run-comment.ts");
      session.exitCode = await runComment(options, surroundingsOf(session));
    });
}

export function fileOption() {
  return new Option("--file <file>", "the Markdown to post").makeOptionMandatory();
}

export function serviceOption() {
  return new Option("--on <service>", "where it goes; by itself that of the job's variables").choices(services);
}

export function surroundingsOf(session: Session): Surroundings {
  return {
    environment: process.env,
    print: (line) => say(session, line),
    printError: (line) => session.errors.write(`${line}\n`),
    wait: async (ms) => {
      await setTimeout(ms);
    },
  };
}

/** @throws {WrongValue} */
function readNumber(value: string): number {
  if (/^[1-9]\d{0,9}$/.test(value)) return Number(value);
  throw new WrongValue(`is "${value}"`, "give the number of a pull request, such as 12");
}
