import { bothWays } from "./both-ways.ts";
import { fanOut } from "./fan-out.ts";
import { idle } from "./idle.ts";
import { keptSessionScenario } from "./kept-session.ts";
import { latencyScenarios } from "./latency.ts";
import { saturationScenarios } from "./saturation.ts";
import type { Scenario } from "./scenario.ts";
import { stallScenarios } from "./stall.ts";

/** Every scenario, in the order in which they run and stand on the page. */
export const allScenarios: readonly Scenario[] = [
  ...saturationScenarios,
  ...latencyScenarios,
  idle,
  ...stallScenarios,
  fanOut,
  bothWays,
  keptSessionScenario,
];
