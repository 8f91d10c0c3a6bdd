import { readdirSync, statSync } from "node:fs";
import path from "node:path";

import { coversFilter } from "../../runtime/contract/topic/covers-filter.ts";
import { readText } from "../../runtime/contract/documents/parse-text.ts";
import { matchesTopicFilter } from "../../runtime/contract/topic/filter.ts";
import { templateFilter } from "../../runtime/contract/topic/topic-space-template.ts";
import { readDocument } from "../../runtime/read-document.ts";

/** A topic space as some file declares it. */
export interface DeclaredTopicSpace {
  readonly name: string;
  readonly topicTemplates: readonly string[];
}

/** Deepest object that is looked into. */
const maxDepth = 64;

/**
 * Finds topic spaces in a file, or in the files of a folder: whatever has a list `topicTemplates` is one. That is so in
 * templates of Azure Resource Manager, in what `az eventgrid namespace topic-space list` prints, in programs of Pulumi in YAML,
 * and in the emulator's file. What can't be read holds none.
 */
export function findTopicSpaces(where: string): DeclaredTopicSpace[] {
  const spaces = new Map<string, DeclaredTopicSpace>();
  for (const file of listFiles(where)) {
    for (const value of readValues(file)) {
      collect(value, "", 0, (space) => {
        spaces.set(`${space.name} ${space.topicTemplates.join(" ")}`, space);
      });
    }
  }
  return [...spaces.values()];
}

/** The topic spaces of which one template takes in a whole topic filter, as a subscriber needs it. */
export function spacesForFilter(spaces: readonly DeclaredTopicSpace[], filter: string): DeclaredTopicSpace[] {
  return spaces.filter(({ topicTemplates }) =>
    topicTemplates.some((template) => coversFilter(templateFilter(template), filter)),
  );
}

/** The topic spaces that a topic is in, as a publisher needs it. */
export function spacesForTopic(spaces: readonly DeclaredTopicSpace[], topic: string): DeclaredTopicSpace[] {
  return spaces.filter(({ topicTemplates }) =>
    topicTemplates.some((template) => matchesTopicFilter(templateFilter(template), topic)),
  );
}

function collect(value: unknown, key: string, depth: number, add: (space: DeclaredTopicSpace) => void): void {
  if (typeof value !== "object" || value === null || depth > maxDepth) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, key, depth + 1, add);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const inner = fields["properties"];
  const templates = fields["topicTemplates"] ?? (isObject(inner) ? inner["topicTemplates"] : undefined);
  if (Array.isArray(templates) && templates.every((template) => typeof template === "string")) {
    add({ name: nameOf(fields, key), topicTemplates: templates });
    return;
  }
  for (const [name, item] of Object.entries(fields)) collect(item, name, depth + 1, add);
}

/** Its own name, without that of its namespace; else the key that it stands under. */
function nameOf(fields: Readonly<Record<string, unknown>>, key: string): string {
  for (const field of ["topicSpaceName", "name"]) {
    const name = fields[field];
    if (typeof name === "string") return name.replace(/^.*\//, "");
  }
  return key;
}

function readValues(file: string): unknown[] {
  try {
    const read = readText(readDocument(file), file);
    return "problem" in read ? [] : read.map(({ value }) => value);
  } catch {
    return []; // whoever reads the configuration says so
  }
}

function listFiles(where: string): string[] {
  try {
    if (!statSync(where).isDirectory()) return [where];
    return readdirSync(where)
      .filter((name) => /^[^.].*\.(?:json|ya?ml)$/i.test(name))
      .sort()
      .map((name) => path.join(where, name));
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
