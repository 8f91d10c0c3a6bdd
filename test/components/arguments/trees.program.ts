import * as components from "../../../components/index.ts";
import { deploy, type Registered } from "../mocks.ts";
import { unknownNames } from "./named-arguments.ts";
import { keysOf, makeTree, unset, wrongKeys } from "./trees.ts";

/*
 * Declares components with arguments that are right but for a few places, and prints what did not end in a refusal that a
 * user can read, and what refusals name that the component does not have. Runs in a process of its own: what an output is refused for is a rejection that nobody awaits.
 *
 * Run: `node test/components/arguments/trees.program.ts [trees] [first seed]`
 */
const [trees = 300, firstSeed = 1] = process.argv.slice(2).map(Number);

function unsetNames(resources: readonly Registered[]): string[] {
  const names = resources.flatMap(({ name, inputs }) => {
    const metadata = inputs["metadata"] as { readonly name?: unknown } | undefined;
    return [name, metadata?.name, inputs["dataflowEndpointName"], inputs["namespaceName"]];
  });
  return names.filter((one): one is string => typeof one === "string" && unset.test(one));
}

interface Outcome {
  readonly seed: number;
  readonly component: string;
  readonly found: string;
}

let late: unknown[] = [];
process.on("unhandledRejection", (error) => late.push(error));

const refusalText = /^(error serializing property "\w+": )*\S+ has \d+ problems?:\n {2}\S/;

function isReadable(error: unknown): boolean {
  const { message, hideStack } = error as { readonly message: string; readonly hideStack?: boolean };
  return hideStack === true && refusalText.test(message);
}

/** What the problems of a refusal name that the component does not have. Keys of a tree may be anything, paths with them too. */
function unknownNamesOf(component: string, { message }: Error): string[] {
  const problems = message.split("\n").slice(1);
  return problems.flatMap((line) => {
    const [, at = "", problem = "", remedy = ""] = /^ {2}(\S+): (.*?); (.*)$/.exec(line) ?? [];
    // A name with a dot in it can't be told from two steps of a path.
    const isOdd =
      at.includes("..") || /[^\w.[\]-]/.test(at) || wrongKeys.some((key) => key.includes(".") && at.includes(key));
    if (problem.startsWith("is not a known field") || isOdd) return [];
    return unknownNames(component, { path: at, problem, remedy }).map((name) => `${line} names "${name}"`);
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function tryTree(seed: number): Promise<Outcome[]> {
  const { component, args, random } = makeTree(seed);
  const Component = components[component as keyof typeof components] as new (name: string, args: never) => unknown;
  late = [];
  const found: string[] = [];
  try {
    const { resources } = await deploy(() => new Component("oslo", args as never), { preview: random() < 0.5 });
    // A user may name a topic space "null".
    if (!/undefined|null/.test(keysOf(args)))
      found.push(...unsetNames(resources).map((name) => `a resource is named "${name}"`));
  } catch (error) {
    if (isReadable(error)) found.push(...unknownNamesOf(component, error as Error));
    else found.push(describe(error));
  }
  await new Promise((resolve) => setImmediate(resolve));
  found.push(...late.filter((error) => !isReadable(error)).map(describe));
  return found.map((one) => ({ seed, component, found: one }));
}

const outcomes: Outcome[] = [];
for (let seed = firstSeed; seed < firstSeed + trees; seed++) outcomes.push(...(await tryTree(seed)));
process.stdout.write(JSON.stringify({ trees, outcomes }));
