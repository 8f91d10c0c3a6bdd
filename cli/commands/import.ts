import { Command } from "@commander-js/extra-typings";

import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { parseHost } from "../../runtime/contract/config/endpoint.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { readConfiguration } from "../../runtime/read-configuration.ts";
import { readDocument } from "../../runtime/read-document.ts";
import { importMosquitto, importParsed } from "../import/import-configuration.ts";
import { findingLines } from "../import/text.ts";
import { filesOf, nextSteps, writeFiles } from "../import/write-files.ts";
import { say, sayJson, type Session } from "../session.ts";
import { jsonOption, readWhole } from "./options.ts";

const purpose = `Turns bridges of mosquitto, or dataflows of Azure IoT Operations, into a Pulumi program in TypeScript and the relay's configuration.

FILE whose name ends with .conf is a mosquitto.conf with \`connection\` sections. Any other is JSON or YAML, or a folder of such files, in any form that \`check\` takes. Every option is listed: what it became, or why it became nothing (doc/import.md).

No secret is copied: the program asks for passwords and keys as settings of the stack. Without --output nothing is written.`;

const exitCodes = `
Exit codes: 0 imported, perhaps with options that could not be; 2 the command line or the file is wrong.

Example: mqtt-dataflow import mosquitto.conf --site oslo --output oslo`;

/** The command `import`. */
export function importCommand(session: Session) {
  return new Command("import")
    .summary("turn bridges of mosquitto or AIO's dataflows into a program and a configuration")
    .description(purpose)
    .argument("<file>", "the path of a mosquitto.conf, of a configuration, or of a folder of them")
    .option("--output <dir>", "folder to write index.ts, relay.json, package.json and Pulumi.yaml to")
    .option("--force", "overwrite files of the folder")
    .option("--site <name>", "name of the site, which client identifiers begin with", readSite, "site")
    .option("--local <host:port>", "mosquitto.conf: where the relay reaches the broker that had the bridges", readHost)
    .option(
      "--levels <n>",
      "mosquitto.conf: levels that stay of a topic whose beginning is cut off, at most",
      readWhole(1, 16),
      6,
    )
    .addOption(profileOption())
    .addOption(dataflowOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action((file, { output, force, site, local, levels, profile, dataflow: dataflows, json }) => {
      const imported = file.endsWith(".conf")
        ? importMosquitto(readDocument(file), { file, site, local, levels })
        : importParsed(readConfiguration(file, { profile, dataflows }), { file, site });
      if (output !== undefined) writeFiles(output, filesOf(imported, site), force === true);
      if (json === true) {
        sayJson(session, { version: 1, ...imported });
        return;
      }
      say(session, ...findingLines(imported.findings).map(printable));
      if (output === undefined) say(session, "Nothing was written; give --output <dir>.");
      else say(session, ...nextSteps(output, imported).map(printable));
    });
}

function readSite(value: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,30}$/.test(value)) return value;
  throw new WrongValue(`is "${value}"`, 'give 1 to 31 lower-case letters, digits and "-"');
}

function readHost(value: string): string {
  if (parseHost(value) !== undefined) return value;
  throw new WrongValue(`is "${value}"`, 'give it as "<host>:<port>", such as "mosquitto.plant:1883"');
}
