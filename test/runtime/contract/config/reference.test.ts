import {
  exampleConfig,
  listConfigFields,
  renderConfigReference,
} from "../../../../runtime/contract/config/reference.ts";
import { parseDocument } from "./build-document.ts";

const fields = listConfigFields();
const byPath = new Map(fields.map((field) => [field.path, field]));

test.each(fields.map((field) => [field.path, field] as const))(
  "%s has a description and a source",
  (_path, { notes }) => {
    expect(notes.description).toMatch(/^\S.*\.$/);
    expect(notes.source).toMatch(/\S/);
  },
);

test("no field is listed twice", () => {
  expect(byPath.size).toBe(fields.length);
});

test.each([
  [
    "endpoints.<name>.mqttSettings.keepAliveSeconds",
    { type: "whole number, 0 to 65535 s", isRequired: false, default: 60 },
  ],
  ["endpoints.<name>.mqttSettings.qos", { type: "`0`, `1`", isRequired: false, default: 1 }],
  ["endpoints.<name>.mqttSettings.cloudEventAttributes", { isRequired: false, default: undefined }],
  ["endpoints.<name>.endpointType", { type: '`"Mqtt"`', isRequired: true }],
  ["endpoints.<name>.relay.username", { type: "text", notes: expect.objectContaining({ own: true }) as object }],
  [
    "endpoints.<name>.mqttSettings.authentication.x509CertificateSettings.secretRef",
    { type: "text, name of a Secret", isRequired: true, only: "`method` `X509Certificate`" },
  ],
  ["endpoints.<name>.mqttSettings.authentication.anonymousSettings", { type: "empty object", isRequired: false }],
  ["endpoints.<name>.mqttSettings.authentication.method", { isRequired: true }],
  ["dataflows.<name>.operations[].sourceSettings.dataSources", { type: "list of texts, 1 or more", isRequired: true }],
  ["dataflows.<name>.operations[].builtInTransformationSettings.map", { type: "empty list" }],
  ["profile.instanceCount", { type: "whole number, 1 to 20 instances", default: 1 }],
])("%s is described", (path, expected) => {
  expect(byPath.get(path)).toMatchObject(expected);
});

test("a field that every operation has comes once and of no operation in particular", () => {
  expect(byPath.get("dataflows.<name>.operations[].name")).not.toHaveProperty("only");
});

test("the default that the page shows is the default that the parser fills in", () => {
  const { config } = parseDocument(exampleConfig);
  const shown = fields.filter(({ path }) => path.startsWith("endpoints.<name>.mqttSettings.")).filter(hasDefault);

  const filledIn = shown
    .filter(({ only }) => only === undefined)
    .map(({ path, default: value }) => [path, value, valueAt(config.endpoints["edge"], path.split(".").slice(2))]);

  // The example sets none of these at its endpoint "edge".
  for (const [path, value, actual] of filledIn) expect([path, actual]).toEqual([path, value]);
  expect(filledIn.length).toBeGreaterThan(7);
});

test("the example is a configuration without a problem or a warning", () => {
  expect(parseDocument(exampleConfig).warnings).toEqual([]);
});

test("the page shows every field", () => {
  const page = renderConfigReference();
  const missing = fields.filter(({ path }) => !page.includes(`.${path}`) && !page.includes(`\`${lastLevels(path)}`));

  expect(missing).toEqual([]);
});

test("the page is rendered the same every time", () => {
  expect(renderConfigReference()).toBe(renderConfigReference());
});

function hasDefault(field: (typeof fields)[number]): boolean {
  return field.default !== undefined;
}

function valueAt(object: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], object);
}

/** A path as its section shows it: without the section's own path. */
function lastLevels(path: string): string {
  return path
    .replace(/^(profile|relay|endpoints\.<name>|dataflows\.<name>)\./, "")
    .replace(/^mqttSettings\.authentication\./, "");
}
