import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { parseRelayConfig } from "../../runtime/contract/config.ts";

const projectRoot = path.join(import.meta.dirname, "../..");

interface Example {
  readonly where: string;
  readonly text: string;
}

/** Every `json` block of a page that is a whole configuration: it has the key "endpoints". */
function findExamples(file: string): Example[] {
  const page = readFileSync(path.join(projectRoot, file), "utf8");
  return [...page.matchAll(/^(?<indent> *)```json\n(?<text>.*?)^ *```/gms)]
    .filter(({ groups }) => /"endpoints"\s*:/.test(groups?.["text"] ?? ""))
    .map(({ index, groups }) => ({
      where: `${file}:${page.slice(0, index).split("\n").length}`,
      text: groups?.["text"] ?? "",
    }));
}

const pages = [
  "README.md",
  ...readdirSync(path.join(projectRoot, "doc"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join("doc", file)),
].filter((file) => existsSync(path.join(projectRoot, file)));

const examples = pages.flatMap(findExamples);

test("the reference page begins with an example", () => {
  expect(examples.map(({ where }) => where.split(":")[0])).toContain(path.join("doc", "reference", "configuration.md"));
});

test.each(examples.map((example) => [example.where, example] as const))(
  "the example at %s parses",
  (where, { text }) => {
    expect(() => parseRelayConfig(text, { where })).not.toThrow();
  },
);
