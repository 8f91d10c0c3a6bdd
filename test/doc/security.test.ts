import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "SECURITY.md"), "utf8");
const named = [...page.matchAll(/`(test\/[\w/.-]+\.test\.ts)` "([^"]+)"/g)].map(
  ([, file = "", name = ""]) => [file, name] as const,
);

test.each(named)("%s has the test that SECURITY.md names: %s", (file, name) => {
  expect(existsSync(path.join(root, file))).toBe(true);
  expect(readFileSync(path.join(root, file), "utf8")).toContain(`"${name}"`);
});

test("every line of SECURITY.md's tables names a test", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("|") && !/^\|[\s|-]*$/.test(line));
  const headings = rows.filter((row) => /\| test +\|$/.test(row));

  expect(headings.length).toBe(3);
  expect(rows.filter((row) => !headings.includes(row) && !/`test\/[\w/.-]+\.test\.ts` "/.test(row))).toEqual([]);
});

test("every test in a table is named with its file, in the form that is looked for", () => {
  expect(page.match(/`test\//g)?.length).toBe(named.length);
});
