import { readFileSync } from "node:fs";
import path from "node:path";

import { renderLogEvents } from "../../doc/operate/log-events-page.ts";

test("doc/operate/log-events.md is what the table of events says", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/operate/log-events.md"), "utf8");

  if (stored !== renderLogEvents()) throw new Error("doc/operate/log-events.md: differs; run `npm run docs`");
});
