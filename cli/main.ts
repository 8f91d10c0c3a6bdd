import { buildProgram } from "./program.ts";
import { startProgram } from "./start.ts";

/** `npm start -- --config FILE` is the relay alone: npm puts `demo` in front of it. */
function withoutDemo(args: readonly string[]): readonly string[] {
  const isRelay = args[0] === "demo" && args.some((arg) => arg === "--config" || arg.startsWith("--config="));
  return isRelay ? ["run", ...args.slice(1)] : args;
}

await startProgram(buildProgram, withoutDemo(process.argv.slice(2)));
