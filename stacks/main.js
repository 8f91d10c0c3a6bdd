import { RunError } from "@pulumi/pulumi";

/*
 * Where Pulumi starts the program. Plain JavaScript: a Node.js that can't read TypeScript would end with a stack here, before
 * anything could tell why.
 */

/**
 * Runs the program; gives the outputs of the stack. A default export, since Pulumi calls that and waits for it.
 * @throws {RunError} in one line when this Node.js is too old
 */
export default async function main() {
  // Set from Node.js 22.18 on without a flag.
  if (!process.features.typescript) {
    throw new RunError(
      `Node.js ${process.version} can't run this program, which is in TypeScript; put Node.js 22.18 or newer first on the ` +
        "PATH, such as the one in node_modules/.bin",
    );
  }
  return { ...(await import("./index.ts")) };
}
