import { evaluateStack } from "../../../cli/demo/evaluate-stack.ts";

/*
 * Runs in a process of its own: the stack program is a module, which runs once. Prints what came of it as JSON.
 */

const [stackFile = "", environment = ""] = process.argv.slice(2);
const answers = {
  hostname: "oslo.westeurope-1.ts.eventgrid.azure.net",
  platform: JSON.parse(process.env["PLATFORM_FACTS"] ?? "{}") as Record<string, unknown>,
};
const result = await evaluateStack(stackFile, environment, answers).catch((error: unknown) => ({
  refusal: (error as Error).message,
}));
process.stdout.write(JSON.stringify(result));
