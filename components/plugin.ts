import * as pulumi from "@pulumi/pulumi";

import schema from "../schema.json" with { type: "json" };
import * as exported from "./index.ts";
import { ComponentProvider } from "./plugin/provider.ts";
import type { Components } from "./plugin/provider.ts";
import { Refusals } from "./plugin/refusals.ts";
import { refuseAsPlugin } from "./refuse.ts";

/*
 * The plugin's process: programs in Python, YAML, Go, C# and Java get their components from it. The build puts it into
 * the package with the schema beside it; Pulumi starts it as the package's `main`.
 */
const refusals = new Refusals();
refuseAsPlugin((message) => refusals.create(message));
// Whatever else is exported is of no type in the schema.
const provider = new ComponentProvider(JSON.stringify(schema), exported as unknown as Components, refusals);
void pulumi.provider.main(provider, process.argv.slice(2));
hideFromHost("unhandledRejection");
hideFromHost("uncaughtException");

/** Keeps from the host, which would log it with a stack, what the engine has been told already or can't hear any more. */
function hideFromHost(event: "unhandledRejection" | "uncaughtException"): void {
  const listeners = process.listeners(event as "uncaughtException");
  process.removeAllListeners(event);
  process.on(event, (error: Error, origin: NodeJS.UncaughtExceptionOrigin) => {
    if (refusals.isAnswered(error) || isEngineGone(error)) return;
    for (const listener of listeners) listener(error, origin);
  });
}

/** After a refusal the engine ends, while the component's other resources still wait for it. */
function isEngineGone(error: unknown): boolean {
  const unavailable = 14; // gRPC's status UNAVAILABLE
  return (error as { readonly code?: unknown } | undefined)?.code === unavailable;
}
