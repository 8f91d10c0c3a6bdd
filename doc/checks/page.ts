import { checkPlan } from "../../components/bridge/check-plan.ts";
import { planBridge } from "../../components/bridge/plan.ts";
import { rules } from "../../components/checks/rules.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { baseDeclaration, configurationRules, withChange } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";
import { checkExamples } from "./examples.ts";

const allRules: { readonly [name: string]: { readonly title: string; readonly source: string } } = {
  ...configurationRules,
  ...rules,
};

/** What a preview says of an example: the problems of its rule, or its warnings. */
export function problemsOf({ rule, path, isWarning }: CheckExample, change: object): Problem[] {
  const { problems, warnings } = checkPlan(planBridge("oslo", withChange(baseDeclaration, change)));
  const own = rule in rules ? rule : undefined;
  return (isWarning === true ? warnings : problems).filter((problem) => problem.path === path && problem.rule === own);
}

/** Rules that no single declaration breaks: they compare the bridges of one program. */
const betweenBridges = ["federated-credentials", "one-owner"];

/** Renders `doc/checks.md`. The same rules and examples give the same bytes. */
export function renderChecks(): string {
  const names = Object.keys(allRules).sort();
  return [
    "# What preview refuses",
    "",
    "<!-- Generated from components/checks/rules.ts and doc/checks/*-examples.ts: change those, then run `npm run docs`. -->",
    "",
    "`pulumi preview` checks a declaration as a whole and reports every problem at once, before anything is created. Each line ends with",
    "the name of its rule. This page lists the rules, each with a declaration that breaks it and the message of the preview. Values that",
    "are known only during the deployment, such as outputs of another stack, are checked by the same rules as soon as they are known.",
    "Warnings are marked; they do not stop the deployment.",
    "",
    "Rules of the relay's configuration are marked *configuration*: the relay and `mqtt-dataflow check` apply them too.",
    "",
    ...names.flatMap(renderRule),
  ].join("\n");
}

function renderRule(name: string): string[] {
  const { title, source } = allRules[name] ?? { title: "", source: "" };
  const examples = checkExamples.filter(({ rule }) => rule === name);
  const kind = name in configurationRules ? " (*configuration*)" : "";
  const between = betweenBridges.includes(name) ? ["Compared between all bridges of one program.", ""] : [];
  return [
    `## ${name}`,
    "",
    `${title}${kind}. Source: ${source}.`,
    "",
    ...between,
    ...(examples.length === 0 ? [] : ["| declaration | what preview says |", "| --- | --- |"]),
    ...examples.map((example) => `| ${show(example)} | ${say(example)} |`),
    ...(examples.length === 0 ? [] : [""]),
  ];
}

function show({ fails, shown }: CheckExample): string {
  return shown ?? code(JSON.stringify(fails));
}

function say(example: CheckExample): string {
  const warning = example.isWarning === true ? "*warning* " : "";
  const lines = problemsOf(example, example.fails).map(
    ({ path, problem, remedy }) => `${code(path)}: ${escape(problem)}; ${escape(remedy)}`,
  );
  return warning + lines.join("<br>");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** A "|" would end the cell, and a "<" begin a tag. */
function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*").replaceAll("\n", " ");
}
