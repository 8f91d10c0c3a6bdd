/*
 * The query of a client group, evaluated for one client. Azure's own parser decides what a query is; this one reads the
 * documented part of the language and says "undecided" of the rest, so that no check refuses what Azure would take.
 * @see Event Grid, MQTT client groups
 */

/** What a client group's query can ask of a client. */
export interface QueriedClient {
  readonly authenticationName: string;
  readonly attributes: { readonly [name: string]: unknown };
}

/** Whether a client is in a group; `undefined` where the query says more than can be read here. */
export type Membership = boolean | undefined;

/** The group that every client of a namespace is in. */
export const allClients = "$all";

/** Longer queries are undecided: each token may nest one level deeper. */
const maxTokens = 1000;

/** Tells whether a client falls under a query such as `attributes.type IN ['relay'] and authenticationName <> 'x'`. Never throws. */
export function matchesClientQuery(query: string, client: QueriedClient): Membership {
  const tokens = tokenize(query);
  if (tokens === undefined || tokens.length > maxTokens) return undefined;
  const reader = new QueryReader(tokens, client);
  const membership = reader.readEither();
  return reader.isAtEnd() ? membership : undefined;
}

/** Splits a query into words, texts in quotes, numbers and signs; `undefined` when something else is in it. */
function tokenize(query: string): string[] | undefined {
  const token = /\s*(?:('[^']*'|"[^"]*")|(<>|!=|<=|>=|[=<>()[\],])|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w.-]*))/y;
  const tokens: string[] = [];
  const text = query.trimEnd();
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null) return undefined;
    tokens.push(found[0].trim());
  }
  return tokens;
}

type Value = string | number | boolean;

/** A map, since an object has words of its own, such as "constructor". */
const comparisons = new Map<string, (a: Value, b: Value) => Membership>([
  ["=", (a, b) => a === b],
  ["<>", (a, b) => a !== b],
  ["!=", (a, b) => a !== b],
  ["<", ordered((a, b) => a < b)],
  [">", ordered((a, b) => a > b)],
  ["<=", ordered((a, b) => a <= b)],
  [">=", ordered((a, b) => a >= b)],
]);

/** Order is documented for whole numbers alone. */
function ordered(compare: (a: number, b: number) => boolean) {
  return (a: Value, b: Value): Membership =>
    typeof a === "number" && typeof b === "number" ? compare(a, b) : undefined;
}

/** What a comparison says of an attribute that the client has not: nothing is equal to it, of the rest Azure says nothing. */
function compareMissing(operator: string): Membership {
  return operator === "=" ? false : undefined;
}

/** Reads from left to right; whatever it can't read is undecided, and then so is what depends on it. */
class QueryReader {
  private at = 0;
  private readonly tokens: readonly string[];
  private readonly client: QueriedClient;

  constructor(tokens: readonly string[], client: QueriedClient) {
    this.tokens = tokens;
    this.client = client;
  }

  isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  readEither(): Membership {
    let result = this.readBoth();
    while (this.take("or")) {
      const other = this.readBoth();
      result = result === true || other === true ? true : bothKnown(result, other, false);
    }
    return result;
  }

  private readBoth(): Membership {
    let result = this.readCondition();
    while (this.take("and")) {
      const other = this.readCondition();
      result = result === false || other === false ? false : bothKnown(result, other, true);
    }
    return result;
  }

  private readCondition(): Membership {
    if (this.take("(")) {
      const inner = this.readEither();
      return this.take(")") ? inner : undefined;
    }
    const value = this.readReference();
    if (this.take("in")) {
      const wanted = this.readList();
      return wanted === undefined || value === unreadable ? undefined : isOneOf(value, wanted);
    }
    const operator = this.tokens[this.at] ?? "";
    const compare = comparisons.get(operator);
    if (compare === undefined) return undefined;
    this.at += 1;
    const other = this.readValue();
    if (other === undefined || value === unreadable) return undefined;
    if (value === undefined) return compareMissing(operator);
    // Whether Azure takes the text "5" for the number 5 is not documented.
    return typeof value === typeof other ? compare(value, other) : undefined;
  }

  /** The client's value; `undefined` when the client has none. */
  private readReference(): Value | undefined | typeof unreadable {
    const name = this.tokens[this.at] ?? "";
    this.at += 1;
    if (name.toLowerCase() === "authenticationname") return this.client.authenticationName;
    const attribute = /^attributes\.(.+)$/i.exec(name)?.[1];
    if (attribute === undefined) return unreadable;
    const { attributes } = this.client;
    const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    return value === undefined || isValue(value) ? value : unreadable;
  }

  private readList(): Value[] | undefined {
    if (!this.take("[")) return undefined;
    const values: Value[] = [];
    do {
      const value = this.readValue();
      if (value === undefined) return undefined;
      values.push(value);
    } while (this.take(","));
    return this.take("]") ? values : undefined;
  }

  private readValue(): Value | undefined {
    const token = this.tokens[this.at];
    if (token === undefined) return undefined;
    this.at += 1;
    if (/^['"]/.test(token)) return token.slice(1, -1);
    if (/^-?\d/.test(token)) return Number(token);
    return token === "true" || token === "false" ? token === "true" : undefined;
  }

  private take(word: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== word) return false;
    this.at += 1;
    return true;
  }
}

const unreadable = Symbol("a value that is not compared here");

function isOneOf(value: Value | undefined, wanted: readonly Value[]): Membership {
  if (value === undefined) return false;
  if (wanted.includes(value)) return true;
  return wanted.every((one) => typeof one === typeof value) ? false : undefined;
}

function isValue(value: unknown): value is Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function bothKnown(a: Membership, b: Membership, known: boolean): Membership {
  return a === undefined || b === undefined ? undefined : known;
}
