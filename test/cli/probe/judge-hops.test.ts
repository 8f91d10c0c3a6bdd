import { judgeHops, type Evidence } from "../../../cli/probe/judge-hops.ts";
import { planProbes, type ProbePlan } from "../../../cli/probe/plan.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";

function planOf(): ProbePlan {
  const endpoints = { edge: plainEndpoint(1883), plant: plainEndpoint(1884) };
  const dataflows = { upward: buildDataflow(["edge", ["a/+"]], ["plant", "b/${inputTopic.2}"]) };
  const text = JSON.stringify(buildConfig({ endpoints, dataflows }));
  const { config } = parseRelayConfig(text, { where: "relay.json" });
  return planProbes(config, [], undefined).plans[0]!;
}

const published = { afterMs: 3 };
const seen = { afterMs: 4 };

/** What is known, and after which hop the message stops, with the reason. */
const cases: readonly (readonly [what: string, Partial<Evidence>, after: string | undefined, why: RegExp])[] = [
  ["the destination has it", { published, source: seen, destination: seen }, undefined, /^$/],
  [
    "the source refuses it",
    { published: { refusal: "0x97 Quota exceeded; wait" } },
    "start",
    /^edge does not take it: 0x97/,
  ],
  [
    "the relay is not ready",
    { published, source: seen, relay: { received: 0, delivered: 0, unready: "destination plant refused" } },
    "source",
    /^the relay is not ready: destination plant refused$/,
  ],
  [
    "the relay has received nothing, though others see it",
    { published, source: seen, relay: { received: 0, delivered: 0 } },
    "source",
    /^the relay has received nothing of this dataflow/,
  ],
  [
    "neither the relay nor this command sees it",
    { published, source: {}, relay: { received: 0, delivered: 0 } },
    "published",
    /passes it neither to the relay nor to another subscriber$/,
  ],
  [
    "the relay holds it",
    { published, source: seen, relay: { received: 1, delivered: 0 } },
    "source",
    /^the relay has received it, and plant has acknowledged nothing$/,
  ],
  [
    "the destination has acknowledged it, and shows it to nobody",
    { published, source: seen, destination: {}, relay: { received: 1, delivered: 1 } },
    "accepted",
    /^plant has acknowledged messages of this dataflow and shows this identity none/,
  ],
  ["nobody sees it, and no relay answers", { published, source: {} }, "published", /passes it to no subscriber/],
];

test.each(cases)("where %s", (_what, evidence, after, why) => {
  const { outcome, stop } = judgeHops(planOf(), { how: "published", timeoutMs: 1000, ...evidence });

  expect(outcome).toBe(after === undefined ? "delivered" : "stopped");
  expect(stop?.after).toBe(after);
  expect(stop?.why ?? "").toMatch(why);
});

test("nothing is claimed where the relay has delivered and the destination can't be looked at", () => {
  const blind = { blind: "may not subscribe to b/x" };
  const relay = { received: 1, delivered: 1 };
  const result = judgeHops(planOf(), { how: "published", published, source: seen, destination: blind, relay });

  expect(result.outcome).toBe("unknown");
  expect(result.hops.map(({ hop, state }) => `${hop} ${state}`)).toEqual([
    "published seen",
    "source seen",
    "accepted seen",
    "destination unknown",
  ]);
});
