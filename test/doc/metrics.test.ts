import { readFileSync } from "node:fs";
import path from "node:path";

import { renderMetrics } from "../../doc/operate/metrics-page.ts";

test("doc/operate/metrics.md is what the tables of metrics say", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/operate/metrics.md"), "utf8");

  if (stored !== renderMetrics()) throw new Error("doc/operate/metrics.md: differs; run `npm run docs`");
});
