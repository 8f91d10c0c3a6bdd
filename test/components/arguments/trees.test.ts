import { execFileSync } from "node:child_process";
import path from "node:path";

/** 20,000 take 15 s: `node test/components/arguments/trees.program.ts 20000`. */
const trees = 1500;

test(`of ${trees} trees of arguments that are wrong in a few places, none ends in an error of JavaScript or leaves "undefined" in a name`, () => {
  const program = path.join(import.meta.dirname, "trees.program.ts");

  const output = execFileSync(process.execPath, ["--no-warnings", program, String(trees)], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
  });

  // The warnings of Pulumi's SDK stand before it.
  expect(JSON.parse(output.slice(output.lastIndexOf('{"trees"')))).toEqual({ trees, outcomes: [] });
});
