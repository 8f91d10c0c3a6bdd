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

/** What Node.js prints of a promise whose refusal is looked at a moment later; Pulumi passes it on. */
const nodeWarning = /PromiseRejectionHandledWarning|Use `node --trace-warnings/;

/** A text of the command line in two parts. */
interface Said {
  /** The refusal, below the resource that it is about. */
  readonly refusal: string;
  /** What is printed besides. */
  readonly rest: string;
}

function readRefusal(output: string): Said {
  // The stand-in for Azure's provider has one version, whatever an SDK asks for.
  const lines = diagnosticsOf(output)
    .split("\n")
    .filter((line) => !line.includes("warning: resource plugin") && !nodeWarning.test(line));
  const start = lines.findIndex((line) => /^ {4}error: .*has \d+ problems?:$/.test(line));
  const length = lines.slice(start + 1).findIndex((line) => !line.startsWith("      "));
  const end = length < 0 ? lines.length : start + 1 + length;
  const heading = lines.slice(0, start).findLastIndex((line) => /^ {0,2}\S/.test(line));
  const rest = lines.filter(
    (line, at) => at !== heading && (at < start || at >= end) && !/^ {0,2}\S+ \(.*\):$/.test(line),
  );
  return { refusal: [lines[heading]?.trim(), ...lines.slice(start, end)].join("\n"), rest: rest.join("\n").trim() };
}

/**
 * Of a Python program that the engine has ended, Pulumi's SDK sometimes prints a stack: where the engine's answer comes after all, or the
 * signal first. Nothing of this package is in it.
 */
function expectPythonsOwn(rest: string): void {
  if (rest === "") return;
  expect(rest).toMatch(/resource monitor shut down|KeyboardInterrupt/);
  expect(rest).not.toMatch(/mqtt-dataflow\S*\.[cm]?[jt]s:\d/);
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
      const [typescript, yaml, python] = results.map(({ output }) => readRefusal(output)) as [Said, Said, Said];
      for (const { refusal } of [typescript, yaml, python]) {
        expect(refusal.split("\n").filter((line) => /^ {6}[\w.[\]-]+: .*; /.test(line))).toHaveLength(1);
        expect(refusal).not.toMatch(stack);
      }
      expect([typescript.rest, yaml.rest]).toEqual(["", ""]);
      expectPythonsOwn(python.rest);
      const texts = { typescript: typescript.refusal, yaml: yaml.refusal, python: python.refusal };
      told.push({ mistake, texts });
    },
  );

  test("is on the page, word for word", () => {
    expect(told).toHaveLength(mistakes.length);
    const text = renderMistakes(told);

    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, text);

    expect(readFileSync(page, "utf8")).toBe(text);
  });
});
