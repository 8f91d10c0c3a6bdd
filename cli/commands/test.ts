import { Command } from "@commander-js/extra-typings";

import { profileOption } from "../../runtime/command-line/options.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { formatProblem, type Problem } from "../../runtime/contract/errors.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { readConfiguration } from "../../runtime/read-configuration.ts";
import { ExitCode, parseConnectTo } from "../../runtime/run.ts";
import { reserveLookUpThreads } from "../../runtime/transport/look-up.ts";
import type { Finding } from "../doctor/finding.ts";
import { tellFinding } from "../doctor/tell.ts";
import { findTopicSpaces, type DeclaredTopicSpace } from "../explain/topic-spaces.ts";
import { planProbes, type ProbePlan } from "../probe/plan.ts";
import type { ProbeResult } from "../probe/result.ts";
import { runProbes } from "../probe/run.ts";
import { probeLines } from "../probe/text.ts";
import { endProgress, say, sayJson, showProgress, type Session } from "../session.ts";
import { configOption, connectToOption, jsonOption, mountsOption, readWhole, topicSpacesOption } from "./options.ts";

const purpose = `Sends one marked message through each DATAFLOW and the live brokers, and says hop by hop where it was seen and when: published, at the source, accepted by the relay, at the destination; or where it stops, and why. Without DATAFLOW it tests all that are enabled.

It publishes only where you say so: with --yes to a topic that no machine uses (wildcards become mqtt-dataflow-test), with --topic to a topic of yours. Whoever reads the topic gets the message, and so does whatever acts on it. With --listen, or where it may not publish, it watches messages of others instead.

Then it examines the endpoints as doctor does and names what is wrong there. Where a message has stopped it tries the rights too: it subscribes to the dataflow's filters for a moment, and publishes to the topic under which the message should have arrived, unless it only listens. What only the relay's machine shows, it can't see: run doctor there.

It connects as the relay does, with client identifiers of its own; its sessions end with it, and what it published expires.`;

const exitCodes = `
Exit codes: 0 each was delivered; 1 one stops, or nothing is known of it; 2 the command line or the file is wrong, or it was not told what to publish.

Example: mqtt-dataflow test upward --config relay.yaml --yes`;

/** Names that are looked up at the same time: one after the other, with some to spare. */
const hostNames = 4;
const defaultSeconds = 20;

/** The command `test`. */
export function testCommand(session: Session) {
  return new Command("test")
    .summary("send a marked message through dataflows, and say where it gets to")
    .description(purpose)
    .argument("[dataflow...]", "names of dataflows; omitted: all that are enabled")
    .addOption(configOption())
    .addOption(mountsOption())
    .option("--yes", "publish to topics that no machine uses")
    .option("--topic <topic>", "publish to this topic, which one dataflow takes")
    .option("--listen", "publish nothing, and watch messages of others")
    .option("--timeout <seconds>", "time for a message to arrive", readWhole(1, 3600), defaultSeconds)
    .option("--relay <url>", "where the relay serves probes and metrics; omitted: on this machine")
    .addOption(profileOption())
    .addOption(topicSpacesOption())
    .addOption(connectToOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action(async (names, given) => {
      reserveLookUpThreads(hostNames);
      const { config } = readConfiguration(given.config, { profile: given.profile });
      const { plans, problems } = planProbes(config, names, given.topic);
      const listens = given.listen === true;
      const isTold = listens || given.yes === true || given.topic !== undefined;
      const all = [...problems, ...(isTold ? [] : plans.map(tellFirst))];
      if (all.length > 0) {
        session.errors.write(`${all.map(formatProblem).join("\n")}\n`);
        session.exitCode = ExitCode.badConfiguration;
        return;
      }
      const topicSpaces = [given.config, ...(given.topicSpaces ?? [])].flatMap(findTopicSpaces);
      await runTest(session, config, plans, { ...given, listens, topicSpaces });
    });
}

/** What the command line says of how it is done. */
interface Given {
  readonly mounts?: string | undefined;
  readonly connectTo?: readonly string[] | undefined;
  readonly timeout: number;
  readonly relay?: string | undefined;
  readonly listens: boolean;
  readonly json?: true | undefined;
  readonly topicSpaces: readonly DeclaredTopicSpace[];
}

async function runTest(
  session: Session,
  config: RelayConfig,
  plans: readonly ProbePlan[],
  { mounts, connectTo = [], timeout, relay, listens, json, topicSpaces }: Given,
): Promise<void> {
  const port = config.profile.diagnostics.metrics.prometheusPort;
  const options = {
    mountPath: mounts,
    connectTo: parseConnectTo(connectTo),
    timeoutMs: timeout * 1000,
    topicSpaces,
    relayUrl: relay?.replace(/\/$/, "") ?? `http://127.0.0.1:${port}`,
    listens,
  };
  const results: ProbeResult[] = [];
  const showWait = () => {
    const next = plans[results.length];
    const isLast = next === undefined;
    showProgress(session, isLast ? "looking for causes" : `testing ${next.dataflow}, for ${timeout} s at most`);
  };
  showWait();
  const onResult = (result: ProbeResult) => {
    results.push(result);
    endProgress(session);
    if (json !== true) say(session, ...probeLines(result).map(printable));
    showWait();
  };
  const findings: Finding[] = [];
  await runProbes(config, plans, options, { onResult, onFinding: (finding) => findings.push(finding) });
  endProgress(session);
  if (json === true) sayJson(session, { version: 1, results, findings });
  else tellFindings(session, results, findings);
  if (results.some(({ outcome }) => outcome !== "delivered")) session.exitCode = ExitCode.failed;
}

function tellFindings(session: Session, results: readonly ProbeResult[], findings: readonly Finding[]): void {
  if (findings.length > 0) {
    say(session, "", "What is wrong at the endpoints, as doctor sees it:");
    for (const finding of findings) tellFinding(session, finding);
  } else if (results.some(({ outcome }) => outcome !== "delivered")) {
    const elsewhere = "run doctor where the relay runs: it looks at disk, memory and clock too";
    say(session, "", `Nothing is wrong at the endpoints, as seen from here; ${elsewhere}`);
  }
}

/** Says what would be published, to whoever has not said that it may be. */
function tellFirst({ dataflow, topic, outcome, onward, parts }: ProbePlan): Problem {
  const { source, destination } = parts;
  if (topic === undefined) {
    const problem = "takes only topics that machines use, and none was given to publish to";
    return { path: dataflow, problem, remedy: "give --topic with one where a test does no harm, or --listen" };
  }
  const to =
    outcome?.kind === "delivered" ? ` and arrive at ${destination.endpointRef} as ${outcome.message.topic}` : "";
  const further = onward.length === 0 ? "" : `, which ${onward.join(", ")} takes on`;
  const problem = `would get a message at ${source.endpointRef} under ${topic}${to}${further}`;
  return { path: dataflow, problem, remedy: "give --yes to publish it, --topic to choose another, or --listen" };
}
