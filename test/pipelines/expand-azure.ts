import { readFileSync } from "node:fs";
import path from "node:path";

import { parse } from "yaml";

/** Values of a template's parameters. */
export type Parameters = Readonly<Record<string, unknown>>;

interface Declaration {
  readonly name: string;
  readonly type: string;
  readonly default?: unknown;
}

/**
 * Expands a pipeline of Azure Pipelines as the service does before it runs one: `template:`, `${{ each }}`, `${{ if }}` and
 * `${{ parameters.x }}`, in the forms that this project's pipelines use. Any other expression is an error.
 * @returns the document without any expression of the kind `${{ }}`
 */
export function expandAzure(file: string, given: Parameters = {}): Record<string, unknown> {
  const document = parse(readFileSync(file, "utf8")) as Record<string, unknown> & { parameters?: Declaration[] };
  const { parameters: declared = [], ...rest } = document;
  const unknown = Object.keys(given).filter((name) => !declared.some((parameter) => parameter.name === name));
  const missing = declared.filter((parameter) => !(parameter.name in given) && parameter.default === undefined);
  if (unknown.length > 0) throw new Error(`${file}: has no parameters ${unknown.join(", ")}`);
  if (missing.length > 0) throw new Error(`${file}: is not given ${missing.map(({ name }) => name).join(", ")}`);
  const parameters = Object.fromEntries(declared.map(({ name, default: value }) => [name, given[name] ?? value]));
  return new Expansion(path.dirname(file)).expand(rest, { parameters }) as Record<string, unknown>;
}

type Scope = Readonly<Record<string, unknown>>;

const expression = /\$\{\{\s*(.*?)\s*\}\}/g;

class Expansion {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  expand(node: unknown, scope: Scope): unknown {
    if (typeof node === "string") return expandText(node, scope);
    if (Array.isArray(node)) return node.flatMap((item) => this.#expandItem(item, scope));
    if (typeof node !== "object" || node === null) return node;
    const entries = Object.entries(node).map(([key, value]) => [key, this.expand(value, scope)]);
    return Object.fromEntries(entries) as unknown;
  }

  /** An item of a list may stand for several: of a template, of a loop, or of a condition. */
  #expandItem(item: unknown, scope: Scope): unknown[] {
    const [key, value] = single(item);
    const each = /^\$\{\{ each (\w+) in (.+) \}\}$/.exec(key);
    if (each !== null) {
      const [, name = "", list = ""] = each;
      const values = evaluate(list, scope) as readonly unknown[];
      return values.flatMap((current) => this.expand(value, { ...scope, [name]: current }) as unknown[]);
    }
    const condition = /^\$\{\{ if (.+) \}\}$/.exec(key)?.[1];
    if (condition !== undefined)
      return isTrue(evaluate(condition, scope)) ? (this.expand(value, scope) as unknown[]) : [];
    if (isTemplate(item)) return this.#expandTemplate(item, scope);
    return [this.expand(item, scope)];
  }

  #expandTemplate(item: { readonly template: string; readonly parameters?: object }, scope: Scope): unknown[] {
    const given = this.expand(item.parameters ?? {}, scope) as Parameters;
    const [items] = Object.values(expandAzure(path.join(this.#folder, item.template), given));
    return items as unknown[];
  }
}

/** As Azure Pipelines casts a value to a boolean. */
function isTrue(value: unknown): boolean {
  return value !== false && value !== "";
}

function isTemplate(item: unknown): item is { readonly template: string; readonly parameters?: object } {
  return typeof item === "object" && item !== null && "template" in item;
}

/** Key and value of an object that has one key. */
function single(item: unknown): [string, unknown] {
  const entries = typeof item === "object" && item !== null ? Object.entries(item) : [];
  return entries.length === 1 ? entries[0]! : ["", undefined];
}

/** A text that is one expression as a whole becomes its value, whatever that is. */
function expandText(text: string, scope: Scope): unknown {
  const whole = /^\$\{\{\s*([^}]*?)\s*\}\}$/.exec(text)?.[1];
  if (whole !== undefined) return evaluate(whole, scope);
  return text.replace(expression, (_, inner: string) => String(evaluate(inner, scope)));
}

/** `environment`, or `parameters.environments`. */
function evaluate(text: string, scope: Scope): unknown {
  const value = text.split(".").reduce<unknown>((found, key) => (found as Scope | undefined)?.[key], scope);
  if (value === undefined) throw new Error(`no value of the expression ${text}`);
  return value;
}
