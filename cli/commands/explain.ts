import { Command, Option } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { readConfiguration } from "../../runtime/read-configuration.ts";
import { ExitCode } from "../../runtime/run.ts";
import { explain, type Explanation } from "../explain/explain.ts";
import type { UserProperty } from "../explain/sample-message.ts";
import { explanationLines } from "../explain/text.ts";
import { findTopicSpaces } from "../explain/topic-spaces.ts";
import { say, sayJson, type Session } from "../session.ts";
import { configOption, jsonOption, readWhole, topicSpacesOption } from "./options.ts";

const purpose = `Says what becomes of a message with this topic: which dataflows take it and by which filter, how it arrives, which right each broker has to give, and where it goes on from there; or why it goes nowhere, with the nearest filter. Connects to nothing.

Topic spaces of Event Grid are named where the file has them (a template of Azure Resource Manager), or another file that --topic-spaces names: what az eventgrid namespace topic-space list prints, or a program of Pulumi in YAML.`;

const exitCodes = `
Exit codes: 0 it is delivered; 1 it goes nowhere, or can't be delivered; 2 the command line or the file is wrong.

Example: mqtt-dataflow explain plant/line4/temperature --config relay.yaml --from edge`;

/** As much as one packet of MQTT has. @see MQTT 5.0 §2.1.4 */
const mostBytes = 268_000_000;

/** The command `explain`. */
export function explainCommand(session: Session) {
  return new Command("explain")
    .summary("say what becomes of a message with a topic")
    .description(purpose)
    .argument("<topic>", "the topic that the message is published with")
    .addOption(configOption())
    .option("--from <endpoint>", "the endpoint at whose broker it is published; omitted: at any")
    .addOption(new Option("--qos <level>", "QoS that it is published with").choices(["0", "1"] as const).default("1"))
    .option("--retain", "it is published as a retained message")
    .option("--user-property <name=value>", "a user property of it; may be given several times", collectProperty)
    .option("--content-type <text>", "its content type")
    .option("--bytes <number>", "bytes of its payload", readWhole(0, mostBytes), 0)
    .addOption(topicSpacesOption())
    .addOption(profileOption())
    .addOption(dataflowOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action((topic, given) => {
      const { config } = readConfiguration(given.config, { profile: given.profile, dataflows: given.dataflow });
      const explanation = explain(config, {
        message: {
          topic,
          qos: given.qos === "0" ? 0 : 1,
          retain: given.retain === true,
          userProperties: given.userProperty ?? [],
          contentType: given.contentType,
          payload: Buffer.alloc(given.bytes),
        },
        from: given.from,
        topicSpaces: [given.config, ...(given.topicSpaces ?? [])].flatMap(findTopicSpaces),
      });
      tell(session, explanation, given.json === true);
    });
}

function tell(session: Session, explanation: Explanation, isJson: boolean): void {
  const { problem, taken } = explanation;
  if (isJson) sayJson(session, { version: 1, ...explanation });
  else if (problem === undefined) say(session, ...explanationLines(explanation).map(printable));
  else session.errors.write(`${printable(problem)}\n`);
  const isDelivered = taken.length > 0 && taken.every(({ outcome }) => outcome.kind === "delivered");
  if (problem !== undefined) session.exitCode = ExitCode.badConfiguration;
  else if (!isDelivered) session.exitCode = ExitCode.failed;
}

function collectProperty(value: string, earlier: readonly UserProperty[] | undefined): readonly UserProperty[] {
  const at = value.indexOf("=");
  if (at < 1) throw new WrongValue(`is "${value}"`, "give <name>=<value>");
  return [...(earlier ?? []), [value.slice(0, at), value.slice(at + 1)]];
}
