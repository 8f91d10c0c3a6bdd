import { compareSchemas, formatChanges } from "../../build/compare-schemas.ts";
import type { PackageSchema, SchemaProperty } from "../../build/schema.ts";

const stored: PackageSchema = {
  name: "mqtt-dataflow",
  resources: {
    "mqtt-dataflow:index:Relay": {
      inputProperties: {
        image: { type: "string", description: "Image." },
        site: { type: "string" },
        dataflows: { type: "object", plain: true } as SchemaProperty,
      },
      requiredInputs: ["image"],
      properties: { configText: { type: "string" } },
      required: ["configText"],
    },
  },
  types: {
    "mqtt-dataflow:index:TopicSpaceArgs": {
      type: "object",
      properties: { topicTemplates: { type: "array" }, description: { type: "string" } },
      required: ["topicTemplates"],
    },
    "mqtt-dataflow:index:MqttQos": {
      type: "number",
      enum: [
        { name: "AtMostOnce", value: 0 },
        { name: "AtLeastOnce", value: 1 },
      ],
    },
  },
  language: {},
};

/** The stored schema as JSON with one text in it replaced. */
function changed(before: string, after: string): PackageSchema {
  const text = JSON.stringify(stored);
  expect(text).toContain(before);
  return JSON.parse(text.replace(before, after)) as PackageSchema;
}

const relay = "resources.mqtt-dataflow:index:Relay";
const topicSpace = "types.mqtt-dataflow:index:TopicSpaceArgs";

const breaking: [what: string, before: string, after: string, path: string, change: string][] = [
  ["an input that is gone", ',"site":{"type":"string"}', "", `${relay}.inputProperties.site`, "is gone"],
  [
    "an input of another type",
    '"site":{"type":"string"}',
    '"site":{"type":"number"}',
    `${relay}.inputProperties.site.type`,
    'is "number", was "string"',
  ],
  ["an input that has to be given", '["image"]', '["image","site"]', `${relay}.requiredInputs.site`, "has to be given"],
  [
    "an output that may be missing",
    '"required":["configText"]',
    '"required":[]',
    `${relay}.required.configText`,
    "is gone",
  ],
  [
    "a property called description that is gone",
    ',"description":{"type":"string"}',
    "",
    `${topicSpace}.properties.description`,
    "is gone",
  ],
  [
    "a property that has to be given",
    '["topicTemplates"]',
    '["topicTemplates","description"]',
    `${topicSpace}.required.description`,
    "has to be given",
  ],
  [
    "a word that is gone",
    '{"name":"AtMostOnce","value":0},',
    "",
    "types.mqtt-dataflow:index:MqttQos.enum.AtMostOnce",
    "is gone",
  ],
  [
    "a word of another value",
    '"value":1',
    '"value":2',
    "types.mqtt-dataflow:index:MqttQos.enum.AtLeastOnce.value",
    "is 2, was 1",
  ],
  [
    "an input that takes no outputs any more",
    '"site":{"type":"string"',
    '"site":{"type":"string","plain":true',
    `${relay}.inputProperties.site.plain`,
    "may be no output any more",
  ],
];

test.each(breaking)("finds %s, which breaks programs", (_, before, after, path, change) => {
  expect(compareSchemas(stored, changed(before, after))).toEqual([{ path, change, breaking: true }]);
});

const compatible: [what: string, before: string, after: string, path: string, change: string][] = [
  [
    "an input more",
    '"site":{',
    '"logLevel":{"type":"string"},"site":{',
    `${relay}.inputProperties.logLevel`,
    "is added",
  ],
  [
    "an input that need not be given any more",
    '"requiredInputs":["image"]',
    '"requiredInputs":[]',
    `${relay}.requiredInputs.image`,
    "need not be given any more",
  ],
  ["another text", '"Image."', '"The image."', `${relay}.inputProperties.image.description`, "has another text"],
  [
    "an input that takes outputs too",
    '"plain":true',
    '"optional":true',
    `${relay}.inputProperties.dataflows.plain`,
    "may be an output",
  ],
];

test.each(compatible)("finds %s, which breaks nothing", (_, before, after, path, change) => {
  expect(compareSchemas(stored, changed(before, after))).toEqual([{ path, change, breaking: false }]);
});

test("reports a component that is gone once, and not each thing in it", () => {
  const { "mqtt-dataflow:index:Relay": gone, ...resources } = stored.resources;

  expect(gone).toBeDefined();
  expect(compareSchemas(stored, { ...stored, resources })).toEqual([
    { path: relay, change: "is gone", breaking: true },
  ]);
});

test("takes another version for no difference", () => {
  expect(compareSchemas(stored, { ...stored, version: "2.0.0" } as PackageSchema)).toEqual([]);
});

test("says what differs and which command accepts it", () => {
  const text = formatChanges(compareSchemas(stored, changed('"value":1', '"value":2')));

  expect(text.split("\n")).toEqual([
    "the schema of the components differs from schema.json in 1 place:",
    "  BREAKING types.mqtt-dataflow:index:MqttQos.enum.AtLeastOnce.value: is 2, was 1",
    "If that is meant, renew the stored copy with: npm run schema",
    "and name each breaking change in CHANGELOG.md: programs in other languages stop working with it.",
  ]);
});
