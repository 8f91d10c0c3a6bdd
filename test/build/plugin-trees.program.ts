import * as pulumi from "@pulumi/pulumi";

import { makeTree } from "../components/arguments/trees.ts";
import { stopProcesses } from "../support/started-process.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { startFakeEngine } from "./fake-engine.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { buildPackage, installPlugin } from "./package-scene.ts";
import { startPlugin } from "./plugin-host.ts";
import type { Inputs, RunningPlugin } from "./plugin-host.ts";

/*
 * Gives the plugin arguments that are right but for a few places, as programs in Python, Go or YAML would, and prints every
 * answer that is neither a component nor a refusal that a user can read.
 *
 * Run: `node test/build/plugin-trees.program.ts [trees] [first seed]`; 20,000 take about five minutes.
 */
const [trees = 300, firstSeed = 1] = process.argv.slice(2).map(Number);

/** Programs that stay open: what a refused component has asked for comes after the refusal. */
const openPrograms = 50;
const programs: FakeEngine[] = [];
/** gRPC's status INVALID_ARGUMENT, which the engine shows without a stack. */
const invalidArgument = 3;
/** How the engine marks a value that is an output. @see Pulumi, resource provider protocol */
const signature = "4dabf18193072939515e22adb298388d";
const outputValue = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const refusalText = /^\S+ has \d+ problems?:\n {2}\S/;
/** What only an error of JavaScript, or a place in our sources, has in it. */
const rawText = /\bat \S+ \(|\.[jt]s:\d+|is not a function|[Cc]annot (?:read|destructure)|\[object/;

/** A value as it would come from another language: there are no functions, symbols or dates, and nothing is `undefined`. */
async function toWire(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) {
    const known = await new Promise((resolve) => value.apply(resolve));
    return { [signature]: outputValue, value: (await toWire(known)) ?? null, secret: await pulumi.isSecret(value) };
  }
  if (value instanceof Promise) return toWire(await value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return Promise.all(Array.from(value, async (each) => (await toWire(each)) ?? null));
  if (typeof value === "object" && value !== null) {
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, each]) => [key, await toWire(each)] as const),
    );
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
  }
  return typeof value === "function" || typeof value === "symbol" ? null : value;
}

/** @returns what is wrong with the plugin's answer to a tree; `undefined` when all is well */
async function tryTree(plugin: RunningPlugin, seed: number): Promise<string | undefined> {
  const { component, args, random } = makeTree(seed);
  const inputs = await toWire(args);
  // The engine sends an object, whatever the program gave.
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs) || signature in inputs) return undefined;
  // A program of its own: components of one program are compared with each other.
  const program = await startFakeEngine();
  try {
    const type = `mqtt-dataflow:index:${component}`;
    await plugin.construct(type, `oslo-${seed}`, inputs as Inputs, random() < 0.5, program.address);
    return undefined;
  } catch (error) {
    const { code, details = "" } = error as { readonly code?: number; readonly details?: string };
    const isReadable = code === invalidArgument && refusalText.test(details) && !rawText.test(details);
    return isReadable ? undefined : `seed ${seed}, ${component}: ${String(error)}`;
  } finally {
    programs.push(program);
    if (programs.length > openPrograms) programs.shift()?.close();
  }
}

const engine = await startFakeEngine();
const plugin = await startPlugin(installPlugin(buildPackage()), engine.address);
const found: string[] = [];
try {
  for (let seed = firstSeed; seed < firstSeed + trees; seed++) {
    const wrong = await tryTree(plugin, seed);
    if (wrong !== undefined) found.push(wrong);
  }
  const { errorLines } = plugin.process;
  const last = `${trees} trees, ${found.length + errorLines.length} answers that no user can read`;
  process.stdout.write([...found, ...errorLines, last, ""].join("\n"));
  process.exitCode = found.length + errorLines.length === 0 ? 0 : 1;
} finally {
  plugin.close();
  for (const { close } of [engine, ...programs]) close();
  await stopProcesses();
  removeTemporaryFolders();
}
