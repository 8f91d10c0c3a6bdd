import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { argumentSchema } from "../../components/arguments/schema.ts";
import type { PropertySchema, PropertySchemas } from "../../components/arguments/schema.ts";
import { avmOutputs, avmParameters } from "./avm-namespace.ts";

const root = path.join(import.meta.dirname, "../..");
const [, section = ""] = readFileSync(path.join(root, "doc/specification.md"), "utf8").split(
  "\n## Event Grid namespace, beside Azure Verified Modules\n",
);
const [theirs = "", beyond = ""] = section.split("\nWhat theirs has not:\n");

/** Cells of a table's rows, without its header. */
function rowsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(2).map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

/** What stands between backticks. */
function codesOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

const rows = rowsOf(theirs);
const beyondRows = rowsOf(beyond);
const schema = argumentSchema() as ReturnType<typeof argumentSchema> & {
  readonly resources: { readonly [token: string]: { readonly properties: PropertySchemas } };
};
const token = "mqtt-dataflow:index:EventGridBroker";
const broker = schema.resources[token];

/** Whether the broker has an argument at a path such as `topics.<name>.lock.kind`. */
function isArgument(at: string): boolean {
  const found = at.split(".").reduce<PropertySchema | undefined>(
    (property, name) => {
      if (name === "<name>") return property?.additionalProperties;
      const type = schema.types[property?.$ref?.replace("#/types/", "") ?? ""];
      return (property?.$ref === token ? broker?.inputProperties : type?.properties)?.[name];
    },
    { $ref: token },
  );
  return found !== undefined;
}

test("every parameter and output of theirs has a row, and no row is of something else", () => {
  const named = rows.map(([first = ""]) => first);

  const expected = [...avmParameters.map((name) => `\`${name}\``), ...avmOutputs.map((name) => `output \`${name}\``)];
  expect([...named].sort()).toEqual([...expected].sort());
});

test("every row names an argument or an output that this package has, or says what is always so", () => {
  const wrong = rows.filter(([, argument = ""]) => {
    const codes = codesOf(argument);
    if (argument.startsWith("– (always ") || argument === "– (nothing to switch off)") return false;
    if (argument.startsWith("output ")) return !codes.every((name) => broker?.properties[name] !== undefined);
    return codes.length === 0 || !codes.every(isArgument);
  });

  expect(wrong).toEqual([]);
});

test("every argument of the broker is in one of the two tables", () => {
  const named = [...rows, ...beyondRows.map(([argument = ""]) => ["", argument])].flatMap(([, cell = ""]) =>
    codesOf(cell).map((at) => at.split(".")[0]),
  );

  const missing = Object.keys(broker?.inputProperties ?? {}).filter((name) => !named.includes(name));

  expect(missing).toEqual([]);
});

test("what theirs has not are arguments that this package has", () => {
  expect(beyondRows.flatMap(([argument = ""]) => codesOf(argument)).filter((at) => !isArgument(at))).toEqual([]);
  expect(beyondRows.length).toBeGreaterThanOrEqual(8);
});

test("every row has filled cells, and a test that exists", () => {
  const bad = [...rows.map((row) => [row, 5] as const), ...beyondRows.map((row) => [row, 3] as const)].filter(
    ([row, count]) =>
      row.length !== count ||
      row.includes("") ||
      !(row.at(-1) ?? "").split(", ").every((file) => existsSync(path.join(root, file))),
  );

  expect(bad).toEqual([]);
});

test.each([
  ["topics.<name>.lock.kind", true],
  ["topics.<name>.lock.level", false],
  ["lock", true],
  ["locks", false],
])("whether %p is an argument is seen: %p", (at, expected) => {
  expect(isArgument(at)).toBe(expected);
});
