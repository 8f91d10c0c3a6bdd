import { readFile } from "node:fs/promises";
import path from "node:path";

const dockerfile = path.join(import.meta.dirname, "../../runtime/Dockerfile");

/** What the image adds to the environment, as its Dockerfile has it: `{ NODE_ENV: "production", … }`. Its PATH is left out. */
export async function readImageEnvironment(): Promise<Record<string, string>> {
  const list = /^ENV (?<list>.+)$/m.exec(await readFile(dockerfile, "utf8"))?.groups?.["list"] ?? "";
  const entries = list.split(" ").map((entry) => entry.split("=") as [string, string]);
  const environment = Object.fromEntries(entries.filter(([name]) => name !== "PATH"));
  if (environment["NODE_ENV"] === undefined)
    throw new Error(`${dockerfile}: has no ENV with NODE_ENV in one line; correct it`);
  return environment;
}

/** The flags that the image starts Node.js with, as its Dockerfile has them: `["--max-semi-space-size=2", …]`. */
export async function readImageFlags(): Promise<string[]> {
  const entryPoint = /^ENTRYPOINT (?<list>\[.*\])$/m.exec(await readFile(dockerfile, "utf8"))?.groups?.["list"];
  const [program, ...flags] = JSON.parse(entryPoint ?? "[]") as string[];
  if (program !== "node" || flags.pop() !== "/app/relay.mjs")
    throw new Error(`${dockerfile}: has no ENTRYPOINT ["node", …, "/app/relay.mjs"]; correct it`);
  return flags;
}
