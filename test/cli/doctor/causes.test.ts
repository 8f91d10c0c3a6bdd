import { readFileSync } from "node:fs";
import path from "node:path";

import { causes } from "../../../cli/doctor/causes.ts";

test("doc/doctor.md lists every cause with its meaning", () => {
  const page = readFileSync(path.join(import.meta.dirname, "../../../doc/doctor.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)].map(([, cause, meaning]) => [cause, meaning]);

  expect(Object.fromEntries(rows.filter(([cause]) => cause !== undefined && cause in causes))).toEqual(causes);
});
