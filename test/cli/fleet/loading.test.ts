import { execFileSync } from "node:child_process";
import path from "node:path";

const project = path.join(import.meta.dirname, "../../..");

/** How many files of Pulumi's SDK a process has loaded after a module. */
function countLoaded(module: string): number {
  const program = `
    import { createRequire } from "node:module";
    await import(${JSON.stringify(path.join(project, module))});
    const files = Object.keys(createRequire(import.meta.url).cache);
    console.log(files.filter((file) => file.includes("@pulumi")).length);`;
  const args = ["--no-warnings", "--input-type=module", "-e", program];
  return Number(execFileSync(process.execPath, args, { cwd: project, encoding: "utf8" }));
}

test("the command line loads nothing of Pulumi until a command needs it", () => {
  expect(countLoaded("cli/program.ts")).toBe(0);
  // The count sees what is loaded.
  expect(countLoaded("node_modules/@pulumi/pulumi/automation/index.js")).toBeGreaterThan(10);
});
