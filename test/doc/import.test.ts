import { readFileSync } from "node:fs";
import path from "node:path";

import { bridgeOptions } from "../../cli/import/bridge-options.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../doc/import.md"), "utf8");
const words = { mapped: "yes", changed: "close to it", notMapped: "no" } as const;

test("doc/import.md has every option of a bridge with what the command says of it", () => {
  const rows = page.split("\n").flatMap((line) => {
    const [, names, kind, text] = /^\| (`.*?`)\s+\| (yes|close to it|no)\s+\| (.*?)\s*\|$/.exec(line) ?? [];
    return names === undefined ? [] : [[names, kind, text]];
  });

  expect(rows).toEqual(
    bridgeOptions.map(({ names, kind, text }) => [names.map((name) => `\`${name}\``).join(", "), words[kind], text]),
  );
});
