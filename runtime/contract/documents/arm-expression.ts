/** What stands in a text for each part that is only known when Azure deploys a template. No MQTT text may hold it. */
export const unknownPart = "\u0000";

/** Parameters and variables of a template. */
export interface ArmScope {
  /** @returns a value that may hold {@link unknownPart} */
  readonly parameter: (name: string) => unknown;
  readonly variable: (name: string) => unknown;
}

/** Longest expression that Azure takes, in characters. @see Azure Resource Manager, Template limits */
const maxExpression = 24_576;
/** Calls within each other. */
const maxDepth = 64;
/** Longest text that an expression makes, in characters: longer than any topic. */
const maxText = 65_536;
/** Values within each other that an expression makes: variables that name others twice would double with each. */
const maxWeight = 10_000;

/** Tells whether a text of a template is an expression: `[parameters('host')]`; `[[` writes a text that starts with `[`. */
export function isArmExpression(text: string): boolean {
  return text.startsWith("[") && text.endsWith("]") && !text.startsWith("[[") && text.length <= maxExpression;
}

/**
 * Evaluates an expression of a template as far as it can be known before Azure deploys it. What can't be known, a function
 * such as `reference` or a parameter without a default, is {@link unknownPart}, alone or within a text. Never throws.
 * @see Azure Resource Manager, Syntax and expressions in templates
 */
export function evaluateArm(text: string, scope: ArmScope): unknown {
  const reader = new Reader(text.slice(1, -1), scope);
  try {
    const value = reader.read(0);
    return reader.isAtEnd() ? value : unknownPart;
  } catch (cause) {
    if (cause instanceof SyntaxError) return unknownPart;
    throw cause;
  }
}

/** Tells whether something in a value can't be known. */
export function isUnknown(value: unknown): boolean {
  return typeof value === "string" && value.includes(unknownPart);
}

const token = /\s*(?:(?<text>'(?:[^']|'')*')|(?<number>-?\d+)|(?<name>[A-Za-z_][\w.]*)|(?<mark>[()[\],.]))/y;

class Reader {
  readonly #source: string;
  readonly #scope: ArmScope;
  #at = 0;

  constructor(source: string, scope: ArmScope) {
    this.#source = source;
    this.#scope = scope;
  }

  isAtEnd(): boolean {
    return this.#source.slice(this.#at).trim() === "";
  }

  /** Reads one value, with the fields and items that are taken of it. */
  read(depth: number): unknown {
    if (depth > maxDepth) throw new SyntaxError("too deep");
    const { text, number, name } = this.#next();
    let value: unknown;
    if (text !== undefined) value = text.slice(1, -1).replaceAll("''", "'");
    else if (number !== undefined) value = Number(number);
    else if (name !== undefined) value = this.#readNamed(name, depth);
    else throw new SyntaxError("a value is missing");
    for (;;) {
      if (this.#take(".")) value = fieldOf(value, this.#next().name);
      else if (this.#take("[")) {
        value = fieldOf(value, this.read(depth + 1));
        this.#expect("]");
      } else return value;
    }
  }

  #readNamed(name: string, depth: number): unknown {
    if (!this.#take("(")) return constants.get(name.toLowerCase()) ?? unknownPart;
    const args: unknown[] = [];
    while (!this.#take(")")) {
      if (args.length > 0) this.#expect(",");
      args.push(this.read(depth + 1));
    }
    const [first] = args;
    const called = name.toLowerCase();
    if (called === "parameters") return limited(this.#scope.parameter(textOf(first)));
    if (called === "variables") return limited(this.#scope.variable(textOf(first)));
    return limited((functions.get(called) ?? unknown)(args));
  }

  #next(): Readonly<Record<string, string | undefined>> {
    token.lastIndex = this.#at;
    const match = token.exec(this.#source);
    if (match === null) throw new SyntaxError("not an expression");
    this.#at = token.lastIndex;
    return match.groups ?? {};
  }

  #take(mark: string): boolean {
    token.lastIndex = this.#at;
    const match = token.exec(this.#source);
    if (match?.groups?.["mark"] !== mark) return false;
    this.#at = token.lastIndex;
    return true;
  }

  #expect(mark: string): void {
    if (!this.#take(mark)) throw new SyntaxError(`${mark} is missing`);
  }
}

const constants = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

const unknown = () => unknownPart;

/** The functions that dataflows of published templates use and that need nothing of Azure. */
const functions = new Map<string, (args: readonly unknown[]) => unknown>([
  ["concat", concat],
  ["format", format],
  ["string", ([value]) => (isUnknown(value) ? unknownPart : textOf(value))],
  ["tolower", ([value]) => textOf(value).toLowerCase()],
  ["toupper", ([value]) => textOf(value).toUpperCase()],
  ["int", ([value]) => (isUnknown(value) || Number.isNaN(Number(value)) ? unknownPart : Number(value))],
  ["bool", ([value]) => (isUnknown(value) ? unknownPart : textOf(value).toLowerCase() === "true")],
  ["true", () => true],
  ["false", () => false],
  ["null", () => null],
  [
    "if",
    ([condition, then, otherwise]) => (typeof condition === "boolean" ? (condition ? then : otherwise) : unknownPart),
  ],
  ["not", ([value]) => (typeof value === "boolean" ? !value : unknownPart)],
  ["and", (args) => (args.includes(false) ? false : args.every((arg) => arg === true) || unknownPart)],
  ["or", (args) => (args.includes(true) ? true : args.every((arg) => arg === false) ? false : unknownPart)],
  ["equals", ([a, b]) => (isUnknown(a) || isUnknown(b) ? unknownPart : JSON.stringify(a) === JSON.stringify(b))],
  ["empty", ([value]) => (isUnknown(value) ? unknownPart : isEmpty(value))],
  ["coalesce", (args) => args.find((arg) => arg !== null && arg !== undefined) ?? null],
  ["createarray", (args) => [...args]],
  ["createobject", createObject],
  ["tryget", ([value, key]) => (isUnknown(value) ? unknownPart : (readField(value, key) ?? null))],
]);

function concat(args: readonly unknown[]): unknown {
  if (!args.some(Array.isArray)) return joined(args.map(textOf));
  const items = args.reduce<number>((total, arg) => total + (Array.isArray(arg) ? arg.length : 1), 0);
  return items > maxWeight ? unknownPart : args.flat();
}

/** `{0}` of .NET, without its formats of numbers and dates. */
function format([template, ...args]: readonly unknown[]): unknown {
  const texts = args.map(textOf);
  const parts = textOf(template).split(/(\{\{|\}\}|\{\d+\})/);
  return joined(
    parts.map((part, index) => {
      if (index % 2 === 0) return part;
      return part === "{{" || part === "}}" ? part.charAt(0) : (texts[Number(part.slice(1, -1))] ?? unknownPart);
    }),
  );
}

/** Puts texts together, unless they are too long: before that, since the parts may be the same long text many times. */
function joined(parts: readonly string[]): string {
  return parts.reduce((total, { length }) => total + length, 0) > maxText ? unknownPart : parts.join("");
}

function createObject(args: readonly unknown[]): unknown {
  const entries: [string, unknown][] = [];
  for (let at = 0; at + 1 < args.length; at += 2) entries.push([textOf(args[at]), args[at + 1]]);
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? unknownPart : JSON.stringify(value);
}

/** Keeps a value as large as any that belongs in a dataflow; a larger one can't be known. */
export function limited(value: unknown): unknown {
  if (typeof value === "string") return value.length > maxText ? unknownPart : value;
  return weightOf(value) > maxWeight ? unknownPart : value;
}

const weights = new WeakMap<object, number>();

/** How many values a value holds, with itself, however often the same one is named. Each object is looked into once. */
export function weightOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const known = weights.get(value);
  if (known !== undefined) return known;
  const weight = Object.values(value).reduce<number>((total, inner) => total + weightOf(inner), 1);
  weights.set(value, weight);
  return weight;
}

function fieldOf(value: unknown, key: unknown): unknown {
  return isUnknown(value) ? unknownPart : (readField(value, key) ?? unknownPart);
}

/** A field, whose name Azure takes in any case; or an item. */
function readField(value: unknown, key: unknown): unknown {
  if (typeof value !== "object" || value === null || (typeof key !== "string" && typeof key !== "number"))
    return undefined;
  let fields = fieldsOf.get(value);
  if (fields === undefined) {
    fields = new Map(Object.entries(value).map(([name, inner]) => [name.toLowerCase(), inner as unknown]));
    fieldsOf.set(value, fields);
  }
  return fields.get(String(key).toLowerCase());
}

/** Fields by their names in lower case, made once for each object. */
const fieldsOf = new WeakMap<object, ReadonlyMap<string, unknown>>();
