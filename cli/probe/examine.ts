import type { RelayConfig } from "../../runtime/contract/config.ts";
import { createSite, usedEndpoints } from "../client/site.ts";
import type { ClockSign } from "../doctor/clock.ts";
import { examineEndpoint, type EndpointOptions } from "../doctor/endpoint.ts";
import type { Report } from "../doctor/finding.ts";
import { checkClock } from "../doctor/machine.ts";
import type { ProbePlan } from "./plan.ts";
import type { ProbeResult } from "./result.ts";
import type { RunOptions } from "./run.ts";

/** A test that was made. */
export interface Tested {
  readonly plan: ProbePlan;
  readonly result: ProbeResult;
}

/**
 * Looks for the cause: examines the endpoints of the tested dataflows with the code of `doctor`, and hands over what is wrong.
 * Where a message has stopped, it tries the rights too: it subscribes to the filters for a moment, and, where the test has
 * published, publishes to the topic that the message should have come under.
 */
export async function examineTested(
  config: RelayConfig,
  tested: readonly Tested[],
  options: RunOptions,
  report: Report,
): Promise<void> {
  const names = new Set(tested.map(({ result }) => result.dataflow));
  const { status: _, ...relay } = config.relay;
  const dataflows = Object.fromEntries(Object.entries(config.dataflows).filter(([name]) => names.has(name)));
  const site = createSite({ ...config, relay, dataflows }, options);
  const keep: Report = (finding) => {
    if (finding.state === "problem" || finding.state === "warning") report(finding);
  };
  const signs: ClockSign[] = [];
  for (const name of usedEndpoints(site.context.config)) {
    const { clock } = await examineEndpoint(name, site, optionsFor(name, tested, options), keep);
    if (clock !== undefined) signs.push(clock);
  }
  checkClock(signs, keep);
  for (const { result } of tested) reportDisk(result, report);
}

function optionsFor(name: string, tested: readonly Tested[], { topicSpaces }: RunOptions): EndpointOptions {
  const here = tested.filter(({ plan: { parts } }) =>
    [parts.source.endpointRef, parts.destination.endpointRef].includes(name),
  );
  const toHere = here.filter(({ plan }) => plan.parts.destination.endpointRef === name);
  const topics = new Map<string, string[]>();
  for (const { result } of toHere) {
    const { dataflow, arrivesAs, how, outcome } = result;
    if (outcome !== "stopped" || how !== "published" || arrivesAs === undefined) continue;
    topics.set(arrivesAs, [...(topics.get(arrivesAs) ?? []), dataflow]);
  }
  const hasAccepted = toHere.some(({ result }) => result.outcome === "delivered");
  return {
    topicSpaces,
    subscribes: here.some(({ result }) => result.outcome === "stopped"),
    publishes: topics.size > 0,
    trial: { topics, hasAccepted },
  };
}

/** The disk is the relay's, which may be on another machine: its own words tell. */
const spoolTrouble = /^the relay is not ready: (spool can't be .*)$/;

function reportDisk({ dataflow, stop }: ProbeResult, report: Report): void {
  const text = spoolTrouble.exec(stop?.why ?? "")?.[1];
  if (text === undefined) return;
  report({
    about: `dataflow ${dataflow}`,
    check: "disk",
    state: "problem",
    cause: text.includes("full") ? "disk-full" : "disk-unusable",
    text: `the relay says: ${text}`,
    remedy:
      "free some room on the relay's volume, or give it a larger one; doctor, where the relay runs, says how much",
  });
}
