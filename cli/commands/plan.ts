import { Command, Option } from "@commander-js/extra-typings";

import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { readConfiguration } from "../../runtime/read-configuration.ts";
import { planMermaid } from "../plan/mermaid.ts";
import { planSite } from "../plan/site-plan.ts";
import { planSvg } from "../plan/svg.ts";
import { planTables } from "../plan/table.ts";
import { say, sayJson, type Session } from "../session.ts";
import { configOption, jsonOption, readWhole } from "./options.ts";

const purpose = `Shows the dataflows of a configuration: as tables of dataflows, endpoints with identities and roles, client identifiers and sessions; or as a picture. Connects to nothing.`;

const exitCodes = `
Exit codes: 0 shown; 2 the command line or the file is wrong.

Example: mqtt-dataflow plan --config relay.yaml --format svg > plan.svg`;

/** The command `plan`. */
export function planCommand(session: Session) {
  return new Command("plan")
    .summary("show the dataflows as tables or as a picture")
    .description(purpose)
    .addOption(configOption())
    .addOption(
      new Option("--format <name>", "how it is shown").choices(["table", "mermaid", "svg"] as const).default("table"),
    )
    .option("--session-limit <n>", "sessions that the namespace allows one identity", readWhole(1, 100))
    .addOption(profileOption())
    .addOption(dataflowOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action(({ config: file, profile, dataflow: dataflows, format, json, sessionLimit }) => {
      const { config } = readConfiguration(file, { profile, dataflows });
      const plan = planSite(config, sessionLimit);
      if (json === true) sayJson(session, { version: 1, ...plan });
      else if (format === "svg") say(session, planSvg(plan));
      else if (format === "mermaid") say(session, planMermaid(plan));
      else say(session, ...planTables(plan).map(printable));
    });
}
