import { readFileSync } from "node:fs";
import path from "node:path";

import { describeCommands, renderCommands, withoutJson } from "../../doc/commands/page.ts";

test("doc/commands.md is what the commands' help says", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/commands.md"), "utf8");

  if (stored !== renderCommands()) throw new Error("doc/commands.md: differs from the commands; run `npm run docs`");
});

test("every command has --json, or a reason why not", () => {
  const without = describeCommands()
    .filter(({ hasJson }) => !hasJson)
    .map(({ name }) => name);

  expect(without).toEqual(Object.keys(withoutJson));
});
