import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

const root = path.join(import.meta.dirname, "../..");

/** Runs the program's entry as Pulumi does, and gives whether Pulumi hides the stack of what it ends with, and the text. */
function endOf(...flags: readonly string[]): string {
  const script = `
    import { RunError } from "@pulumi/pulumi";
    const { default: main } = await import("./stacks/main.js");
    await main().catch((error) => console.log(RunError.isInstance(error), error.message));
  `;
  const args = [...flags, "--no-warnings", "--input-type=module", "--eval", script];
  return execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
}

test("Pulumi starts a file that every Node.js can read", () => {
  const { main } = parse(readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as { readonly main: string };

  expect(main).toBe("stacks/main.js");
});

test("a Node.js that reads no TypeScript gets one line: which it is, and which is needed", () => {
  const text = endOf("--no-experimental-strip-types");

  expect(text).toBe(
    `true Node.js ${process.version} can't run this program, which is in TypeScript; put Node.js 22.18 or newer first ` +
      "on the PATH, such as the one in node_modules/.bin\n",
  );
});

test("another one goes on to the program, which asks for its settings", () => {
  expect(endOf()).not.toContain("can't run this program");
});
