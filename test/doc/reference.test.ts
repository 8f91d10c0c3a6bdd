import { readFileSync } from "node:fs";
import path from "node:path";

import { renderConfigReference } from "../../runtime/contract/config/reference.ts";

test("doc/reference/configuration.md is what the schema says", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/reference/configuration.md"), "utf8");

  if (stored !== renderConfigReference()) {
    throw new Error("doc/reference/configuration.md: differs from the schema; run `npm run docs`");
  }
});
