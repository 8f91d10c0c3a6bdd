import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

import { buildPackage } from "../../build/package-scene.ts";
import { describeWithParts } from "../../support/real-parts.ts";
import { removeTemporaryFolders } from "../../support/temporary-folder.ts";
import type { CommandLine } from "../support/command-line.ts";
import { diagnosticsOf } from "../support/diff-text.ts";
import { installForExamples, prepareExample, programFiles, replaceOnce } from "../support/example-program.ts";
import type { InstalledPackage, Language } from "../support/example-program.ts";
import { installLanguage, languageParts } from "../support/languages.ts";
import { renderMistakes } from "../support/mistakes-page.ts";
import type { Told } from "../support/mistakes-page.ts";
import { mistakes } from "../support/mistakes.ts";
import type { Mistake } from "../support/mistakes.ts";

const languages: readonly Language[] = ["typescript", "yaml", "python"];
const page = path.join(import.meta.dirname, "../../../doc/mistakes.md");

/** A stack, of JavaScript's, Python's or Go's kind. */
const stack = /^\s+at .+[:(]\d+|Traceback|File ".+", line \d+|goroutine \d+|node_modules|error serializing/m;

/**
 * A refusal as the command line prints it. Of Python it leaves out the traceback that Pulumi's SDK adds when the engine, which has told
 * the refusal and ended the program, comes to answer the program after all: sometimes it does, and nothing of this package is in it.
 */
function refusalOf(output: string): string {
  const lines = diagnosticsOf(output).split("\n");
  const start = lines.findIndex((line) => /^\s+(?:error: Program failed with an unhandled|Traceback)/.test(line));
  const own = start < 0 ? [] : lines.slice(start);
  if (own.length > 0) expect(own.join("\n")).toContain("resource monitor shut down");
  expect(own.join("\n")).not.toMatch(/mqtt-dataflow\S*\.[cm]?[jt]s:\d/);
  return lines
    .slice(0, lines.length - own.length)
    .filter((line) => !line.includes("warning: resource plugin")) // the stand-in has one version
    .join("\n")
    .trimEnd();
}

describeWithParts([...languageParts, "kube-apiserver", "etcd"], (parts) => {
  const commandLines = new Map<Language, CommandLine>();
  const folders = new Map<string, string>();
  const told: Told[] = [];
  let installed: InstalledPackage;

  beforeAll(async () => {
    installed = installForExamples(buildPackage());
    for (const language of languages) {
      const commandLine = await installLanguage(language, parts);
      commandLines.set(language, commandLine);
      for (const example of ["custom-broker", "site"]) {
        const site = example === "site" ? "oslo" : "bergen";
        folders.set(
          `${language} ${example}`,
          await prepareExample(commandLine, installed, { language, example, site }),
        );
      }
    }
  });

  afterAll(() => {
    for (const commandLine of commandLines.values()) commandLine.stop();
    removeTemporaryFolders();
  });

  /** Makes the mistake, previews, and takes it back. */
  async function previewWith({ example, edit, setting }: Mistake, language: Language) {
    const folder = folders.get(`${language} ${example}`) ?? "";
    const stackName = example === "site" ? "oslo" : "bergen";
    const files = [programFiles[language], `Pulumi.${stackName}.yaml`].map((name) => path.join(folder, name));
    const before = files.map((file) => [file, readFileSync(file, "utf8")] as const);
    const commandLine = commandLines.get(language)!;
    if (edit !== undefined) replaceOnce(files[0] ?? "", ...edit[language]);
    if (setting !== undefined) {
      const [name, value] = setting;
      const secret = name === "clientKey" ? ["--secret"] : [];
      const { config } = parse(readFileSync(files[1] ?? "", "utf8")) as { config: Record<string, string> };
      const given = name === "clientKey" ? (config["custom-broker:clientCertificate"] ?? "") : value;
      await commandLine.succeed(folder, "config", "set", ...secret, name, "--", given);
    }
    const result = await commandLine.run(folder, "preview", "--stack", stackName, "--suppress-progress");
    for (const [file, text] of before) writeFileSync(file, text);
    return result;
  }

  test.each(mistakes.map((mistake) => [mistake.title, mistake] as const))(
    "%s: it is said once, with what to do, in every language",
    async (_, mistake) => {
      const results = await Promise.all(languages.map((language) => previewWith(mistake, language)));

      expect(results.map(({ code }) => code)).not.toContain(0);
      const texts = results.map(({ output }) => refusalOf(output));
      for (const text of texts) {
        const problems = text.split("\n").filter((line) => /^ +[\w.[\]-]+: .*; /.test(line));
        expect(text).not.toMatch(stack);
        expect(problems).toHaveLength(1);
      }
      // Of TypeScript and YAML there is nothing else either.
      for (const { output } of results.slice(0, 2)) expect(output).not.toMatch(stack);
      const [typescript = "", yaml = "", python = ""] = texts;
      told.push({ mistake, texts: { typescript, yaml, python } });
    },
  );

  test("is on the page, word for word", () => {
    expect(told).toHaveLength(mistakes.length);
    const text = renderMistakes(told);

    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, text);

    expect(readFileSync(page, "utf8")).toBe(text);
  });
});
