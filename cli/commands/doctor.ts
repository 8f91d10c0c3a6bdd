import { Command } from "@commander-js/extra-typings";

import { WrongValue } from "../../runtime/command-line/check-line.ts";
import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { parseHost, type HostAddress } from "../../runtime/contract/config/endpoint.ts";
import { readConfiguration } from "../../runtime/read-configuration.ts";
import { ExitCode, parseConnectTo } from "../../runtime/run.ts";
import { reserveLookUpThreads } from "../../runtime/transport/look-up.ts";
import type { Finding } from "../doctor/finding.ts";
import { runDoctor, type DoctorOptions } from "../doctor/run.ts";
import { tellFinding } from "../doctor/tell.ts";
import { summaryLine } from "../doctor/text.ts";
import { findTopicSpaces } from "../explain/topic-spaces.ts";
import { endProgress, say, sayJson, showProgress, type Session } from "../session.ts";
import { configOption, connectToOption, jsonOption, mountsOption, readWhole, topicSpacesOption } from "./options.ts";

const purpose = `Examines what a relay with this configuration needs, step by step, with the relay's own code: memory, disk and clock of this machine; then for each endpoint its credentials, name, port, proxy, TLS, CONNECT, limits, and the right to each topic filter. Each finding says what to do, and where Azure logs it.

It disturbs nothing: it connects with client identifiers of its own (one session more for each endpoint), subscribes to each filter for a moment and without its share, and publishes nothing unless --publish says so. Run it where the relay runs: with its mounted files, its network and its volume.`;

const exitCodes = `
Exit codes: 0 nothing is wrong, though there may be warnings; 1 there is a problem; 2 the command line or the file is wrong.

Example: mqtt-dataflow doctor --config relay.yaml --mounts /etc/mqtt-dataflow`;

/** Names that are looked up at the same time: one after the other, with some to spare. */
const hostNames = 4;

/** The command `doctor`. */
export function doctorCommand(session: Session) {
  return new Command("doctor")
    .summary("examine what the relay needs: machine, credentials, network, brokers and rights")
    .description(purpose)
    .addOption(configOption())
    .addOption(mountsOption())
    .option("--spool <dir>", "folder of the disk queue; omitted: the configuration's")
    .addOption(profileOption())
    .addOption(dataflowOption())
    .option("--publish", "publish one small marked message to a topic of each dataflow, to try the right to")
    .option("--messages-per-second <n>", "load of each dataflow, to compare with limits", readWhole(1, 1_000_000))
    .option("--bytes-per-message <n>", "bytes of a message on average", readWhole(0, 268_000_000))
    .option("--time-server <host>", "NTP server to compare this machine's clock with", readTimeServer)
    .addOption(topicSpacesOption())
    .addOption(connectToOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action(async (given) => {
      reserveLookUpThreads(hostNames);
      const { config } = readConfiguration(given.config, { profile: given.profile, dataflows: given.dataflow });
      const { messagesPerSecond, bytesPerMessage } = given;
      const options = {
        mountPath: given.mounts,
        spoolPath: given.spool,
        connectTo: parseConnectTo(given.connectTo ?? []),
        publishes: given.publish === true,
        load: messagesPerSecond === undefined ? undefined : { messagesPerSecond, bytesPerMessage },
        timeServer: given.timeServer,
        topicSpaces: [given.config, ...(given.topicSpaces ?? [])].flatMap(findTopicSpaces),
      };
      await examine(session, config, options, given.json === true);
    });
}

async function examine(session: Session, config: RelayConfig, options: DoctorOptions, isJson: boolean): Promise<void> {
  const findings: Finding[] = [];
  await runDoctor(config, options, (finding) => {
    findings.push(finding);
    endProgress(session);
    // Each one as it is made: that shows how far it has come.
    if (!isJson) tellFinding(session, finding);
    showProgress(session, `looking on behind ${finding.about}, ${finding.check}`);
  });
  endProgress(session);
  conclude(session, findings, isJson);
}

function conclude(session: Session, findings: readonly Finding[], isJson: boolean): void {
  if (isJson) sayJson(session, { version: 1, findings });
  else say(session, summaryLine(findings));
  if (findings.some(({ state }) => state === "problem")) session.exitCode = ExitCode.failed;
}

/** Port of NTP. @see RFC 5905 */
const ntpPort = 123;

function readTimeServer(value: string): HostAddress {
  const address = parseHost(/:[0-9]+$/.test(value) ? value : `${value}:${ntpPort}`);
  if (address !== undefined && address.path === undefined) return address;
  throw new WrongValue(`is "${value}"`, 'give a host name, or "<host>:<port>"');
}
