import type { Finding, PropertyChange, ResourceChange, SecretChange, StackReview } from "../review.ts";
import { dataflowBlock } from "./dataflow-table.ts";
import { code, fence, literal, prose, row } from "./escape.ts";
import type { Block } from "./page.ts";

/** The sections of one stack, the most important first; those that have nothing to say are left out. */
export function sectionsOf(stack: StackReview): Block[] {
  const problems = findingBlocks(stack.findings);
  const isBlocked = stack.verdict === "blocked";
  const blocks = [
    ...(isBlocked ? problems : []),
    ...(stack.isDrift ? [driftBlock(stack)] : []),
    dataflowBlock(stack.dataflows, stack.isDrift),
    accessBlock(stack),
    topicSpaceBlock(stack),
    listBlock(
      "What it costs while it happens",
      stack.costs.map(({ text, needsAttention }) => `${needsAttention ? "⚠️ " : ""}${prose(text)}`),
    ),
    listBlock("Secrets and certificates", stack.secrets.map(secretText)),
    ...(isBlocked ? [] : problems),
    listBlock("Notes", stack.notes.map(prose)),
    diffBlock(stack),
  ];
  return blocks.filter(({ rows }) => rows.length > 0);
}

/** What somebody changed by hand, each place: as it is declared, and as it was found. */
function driftBlock({ resources }: StackReview): Block {
  const rows = resources.flatMap(({ name, type, operation, properties }) => {
    const kind = type.split(":").at(-1) ?? type;
    if (properties.length === 0) return [row([`${literal(kind)} ${code(name)}`, "", "", literal(operation)])];
    return properties.map(({ path, before = "", after = "" }) =>
      row([
        `${literal(kind)} ${code(name)}`,
        code(path),
        before === "" ? "" : code(before),
        after === "" ? "" : code(after),
      ]),
    );
  });
  const head = row(["resource", "property", "in the state", "found"]);
  return { open: ["", "#### What was changed by hand", "", head, row(["---", "---", "---", "---"])], rows, close: [] };
}

function listBlock(heading: string, items: readonly string[]): Block {
  return { open: ["", `#### ${heading}`, ""], rows: items.map((item) => `- ${item}`), close: [] };
}

function accessBlock({ access }: StackReview): Block {
  return {
    open: ["", "#### Who may do what", "", row(["", "who", "role", "where"]), row(["---", "---", "---", "---"])],
    rows: access.map(({ change, holder, role, scope, reach }) =>
      row([
        change === "revoked" ? "**taken away**" : "granted",
        prose(holder),
        literal(role),
        `${reach === "wider" ? "⚠️ " : ""}${prose(scope)}`,
      ]),
    ),
    close: [],
  };
}

function topicSpaceBlock({ topicSpaces, access }: StackReview): Block {
  const templates = (texts: readonly string[]) => texts.map(code).join(", ");
  const heading = access.length === 0 ? ["", "#### Who may do what", ""] : [""];
  const rows = topicSpaces.map(({ change, name, before, after }) => {
    if (change === "added") return `- The topic space ${code(name)} comes, with the topics ${templates(after)}.`;
    if (change === "removed") return `- The topic space ${code(name)} goes, with the topics ${templates(before)}.`;
    return `- ⚠️ The topic space ${code(name)} has other topics: ${templates(before)} → ${templates(after)}. Whoever has a role there reaches these.`;
  });
  return { open: heading, rows, close: [] };
}

function secretText({ change, kind, name, keys }: SecretChange): string {
  const which = keys.length === 0 ? "" : `: ${keys.map(code).join(", ")}`;
  return `${literal(kind)} ${code(name)} is ${change}${which}`;
}

const headings = {
  error: "Errors",
  violation: "Policy violations",
  advisory: "Advice of policies",
  warning: "Warnings",
} as const;

function findingBlocks(findings: readonly Finding[]): Block[] {
  return (["error", "violation", "advisory", "warning"] as const).map((kind) => ({
    open: ["", `#### ${headings[kind]}`, ""],
    rows: findings.filter((finding) => finding.kind === kind).map(findingText),
    close: [],
  }));
}

const maxLines = 60;

/** The words of the preview: in one line as a sentence, in several as they were printed. */
function findingText({ resource, policy, message }: Finding): string {
  const where = [...(policy === undefined ? [] : [code(policy)]), ...(resource === "" ? [] : [prose(resource)])].join(
    " at ",
  );
  const prefix = where === "" ? "" : `${where}: `;
  const lines = message.split("\n");
  if (lines.length === 1) return `- ${prefix}${literal(message)}`;
  const shown = lines.slice(0, maxLines).map((line) => line.slice(0, 1000));
  const rest = lines.length - shown.length;
  const { open, close } = fence(shown);
  const block = [open, ...shown, ...(rest > 0 ? [`and ${rest} more lines`] : []), close].map((line) => `  ${line}`);
  return [`- ${where === "" ? "The preview says" : where}:`, "", ...block].join("\n");
}

const marks = { create: "+", update: "!", replace: "!", delete: "-", import: "+" } as const;

function diffBlock(stack: StackReview): Block {
  const { operations, resources } = stack;
  const lines = resources.flatMap(resourceLines);
  const counts = [
    ["to create", operations.create],
    ["to update", operations.update],
    ["to replace", operations.replace],
    ["to delete", operations.delete],
    ["unchanged", operations.same],
  ] as const;
  const said = counts.flatMap(([word, number]) => (number === 0 ? [] : [`${number} ${word}`])).join(", ");
  const { open, close } = fence(lines, "diff");
  return {
    open: ["", "<details>", `<summary>The engine's own diff: ${said}</summary>`, "", open],
    rows: lines,
    close: [close, "", "</details>"],
  };
}

/** In the form that both hosts colour: the mark of added and removed lines stands at their start. */
function resourceLines({ operation, type, name, isProtected, isUnknownOnly, properties }: ResourceChange): string[] {
  const lock = isProtected ? " 🔒" : "";
  const heading = `${marks[operation]} ${type} ${name} (${operation})${lock}`;
  if (isUnknownOnly) return [`${heading}: only by values that are not known yet`];
  return [heading, ...properties.flatMap(propertyLines)];
}

function propertyLines({ path, replaces, before, after }: PropertyChange): string[] {
  const why = replaces ? " (asks for the replacement)" : "";
  return [
    ...(before === undefined ? [] : [`-     ${path}: ${before}${why}`]),
    ...(after === undefined ? [] : [`+     ${path}: ${after}${before === undefined ? why : ""}`]),
  ].map((line) => line.replaceAll("\n", " "));
}
