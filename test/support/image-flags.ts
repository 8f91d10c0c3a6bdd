import { readFile } from "node:fs/promises";
import path from "node:path";

const dockerfile = path.join(import.meta.dirname, "../../runtime/Dockerfile");

/** The flags that the image starts Node.js with, as its Dockerfile has them: `["--max-semi-space-size=2", …]`. */
export async function readImageFlags(): Promise<string[]> {
  const entryPoint = /^ENTRYPOINT (?<list>\[.*\])$/m.exec(await readFile(dockerfile, "utf8"))?.groups?.["list"];
  const [program, ...flags] = JSON.parse(entryPoint ?? "[]") as string[];
  if (program !== "node" || flags.pop() !== "/app/relay.mjs")
    throw new Error(`${dockerfile}: has no ENTRYPOINT ["node", …, "/app/relay.mjs"]; correct it`);
  return flags;
}
