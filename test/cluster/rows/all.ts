import { brokerRows } from "./broker-rows.ts";
import { commandLineRows } from "./command-line-rows.ts";
import { gitOpsRows } from "./git-ops-rows.ts";
import { instanceRows } from "./instance-rows.ts";
import { networkRows } from "./network-rows.ts";
import { podRows } from "./pod-rows.ts";
import { resourceRows } from "./resource-rows.ts";
import type { Row } from "./row.ts";
import { lastRows, steadyRows } from "./steady-rows.ts";
import { upgradeRows } from "./upgrade-rows.ts";

/** Every row, in the order in which they run: each leaves its site as the next one takes it. */
export const rows: readonly Row[] = [
  ...podRows,
  ...instanceRows,
  ...brokerRows,
  ...networkRows,
  ...resourceRows,
  ...gitOpsRows,
  ...commandLineRows,
  ...upgradeRows,
  ...steadyRows,
  // This one is done to all sites.
  ...lastRows,
];
