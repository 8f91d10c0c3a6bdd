import * as pulumi from "@pulumi/pulumi";

import { formatProblem } from "../../runtime/contract/errors.ts";
import { findLeftQueues } from "../checks/left-queues.ts";
import type { DiskQueues } from "../checks/left-queues.ts";
import { configKey } from "./files.ts";
import { beforeUpdate, textAt } from "./hooks.ts";

/** Warns, before the relay's configuration changes, of what then stays on a disk; only the configuration before tells. */
export function warnOfLeftQueues(relay: pulumi.Resource, name: string): pulumi.ResourceHook[] {
  return beforeUpdate(`${name}-queues`, ({ oldInputs, newInputs }) => {
    const [before, after] = [oldInputs, newInputs].map((inputs) => textAt(inputs, "data", configKey));
    if (before === undefined || after === undefined) return;
    const left = findLeftQueues(JSON.parse(before) as DiskQueues, JSON.parse(after) as DiskQueues);
    for (const problem of left) void pulumi.log.warn(formatProblem(problem), relay);
  });
}
