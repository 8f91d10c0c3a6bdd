import { scenarios } from "./scenarios.ts";
import { createSite } from "./site.ts";

/*
 * node test/links/main.ts SCENARIO LINK FOLDER
 *
 * Runs one scenario, in the namespaces that it was started in (see namespaces.ts), and prints what came of it as a line
 * "result {…}". All that it started ends with it, since it is the first process of its namespace.
 */

const [name = "", program = "", folder = ""] = process.argv.slice(2);
const scenario = scenarios[name];
if (scenario === undefined) throw new Error(`no scenario "${name}"; there are ${Object.keys(scenarios).join(", ")}`);
const site = await createSite(program, folder);
const outcome = await scenario(site);
process.stdout.write(`result ${JSON.stringify(outcome)}\n`, () => process.exit(0));
