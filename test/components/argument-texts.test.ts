import { declaredPath } from "../../components/render.ts";
import { listConfigFields } from "../../runtime/contract/config/reference.ts";
import { argumentSchema } from "../../components/arguments/schema.ts";
import type { PropertySchema, PropertySchemas } from "../../components/arguments/schema.ts";

interface Described extends PropertySchema {
  readonly description?: string;
}

const { resources, types } = argumentSchema();
const relay = resources["mqtt-dataflow:index:Relay"]!.inputProperties;
const endpoints = ["LocalEndpoint", "EventGridEndpoint", "CustomEndpoint"].map(
  (name) => resources[`mqtt-dataflow:index:${name}`]!.inputProperties,
);

/** The arguments that a path of a declaration leads to; none where it leads to no field of its own. */
function argumentsOf(path: string): Described[] {
  const [part, , ...names] = path.split(".");
  if (part === "endpoints") return endpoints.flatMap((properties) => walk(properties, names) ?? []);
  if (part === "dataflows") return [walk(types["mqtt-dataflow:index:Dataflow"]!.properties!, names) ?? []].flat();
  return [walk(relay, path.split(".")) ?? []].flat();
}

function walk(properties: PropertySchemas, [name = "", ...rest]: readonly string[]): Described | undefined {
  const property = properties[name.replace("[]", "")];
  if (rest.length === 0 || property === undefined) return property;
  const type = types[(property.$ref ?? property.items?.$ref ?? "").replace("#/types/", "")];
  return type?.properties === undefined ? undefined : walk(type.properties, rest);
}

/** Fields of the configuration that are arguments under a name that somebody can set. */
const fields = listConfigFields().flatMap(({ path, ...field }) => {
  const declared = declaredPath(path.replace("<name>", "one").replaceAll("[]", "[0]")).replaceAll("[0]", "[]");
  const texts = argumentsOf(declared).map(({ description = "" }) => description.replaceAll("\n", " "));
  return texts.length === 0 ? [] : [{ declared, texts, ...field }];
});

test("most fields of the configuration are arguments", () => {
  expect(fields.length).toBeGreaterThan(35);
});

/** Narrower than what the relay takes: its pod is not allowed to listen on a port below 1024. */
const narrower: { readonly [declared: string]: string } = { metricsPort: "1024 to 65535" };

const bounded = fields.filter(({ notes }) => /^\d+ to \d+$/.test(notes.bounds ?? ""));

test.each(bounded.map(({ declared, texts, notes }) => [declared, narrower[declared] ?? notes.bounds!, texts] as const))(
  "the text of %s has the bounds that the relay's configuration takes, %s",
  (_, bounds, texts) => {
    expect(texts.filter((text) => !text.includes(bounds))).toEqual([]);
  },
);

const defaulted = fields.filter((field) => typeof field.default !== "object" && field.default !== undefined);

// Which kind of endpoint has a default is for the components: what only one of them has is said there.
test.each(defaulted.map(({ declared, texts, ...field }) => [declared, field.default, texts] as const))(
  "a text of %s has the default that the relay's configuration fills in, %p",
  (_, value, texts) => {
    expect(texts.join("\n")).toContain(value === "" ? "empty" : JSON.stringify(value));
  },
);
