import * as v from "valibot";

import { authenticationMethods } from "./authentication.ts";
import { documentLimits } from "./limits.ts";
import { documentSchema, type RelayConfigInput } from "./document.ts";
import { HostType } from "./endpoint.ts";
import { methodsByHostType } from "./endpoint-rules.ts";
import { resourceNameRule, type FieldNotes } from "./field.ts";

/** What the schema says of one field. */
export interface ReferenceField {
  /** Full path: `endpoints.<name>.mqttSettings.keepAliveSeconds`. */
  readonly path: string;
  /** Type with unit, bounds or values, as the page shows it. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly default?: unknown;
  /** The values of its sibling that bring the field into being: `method` `X509Certificate`. */
  readonly only?: string;
  readonly notes: Partial<FieldNotes>;
}

/** A whole configuration, for the reader to start from. */
export const exampleConfig: RelayConfigInput = {
  endpoints: {
    edge: {
      endpointType: "Mqtt",
      mqttSettings: {
        host: "aio-broker:18883",
        authentication: { method: "ServiceAccountToken" },
        tls: { trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
      },
    },
    cloud: {
      endpointType: "Mqtt",
      mqttSettings: {
        host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883",
        authentication: {
          method: "UserAssignedManagedIdentity",
          userAssignedManagedIdentitySettings: {
            clientId: "11111111-2222-3333-4444-555555555555",
            tenantId: "66666666-7777-8888-9999-000000000000",
          },
        },
        clientIdPrefix: "oslo-",
        retain: "Never",
      },
    },
  },
  dataflows: {
    telemetry: {
      operations: [
        { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/+/telemetry"] } },
        {
          operationType: "Destination",
          destinationSettings: { endpointRef: "cloud", dataDestination: "sites/oslo/${inputTopic.2}" },
        },
      ],
    },
  },
  relay: { site: "oslo" },
};

/** Lists every field of the document, in the schema's order. Never throws. */
export function listConfigFields(): ReferenceField[] {
  return listFields(documentSchema, { path: "", isRequired: true });
}

/** Renders the reference page of the configuration, in Markdown. The same schema gives the same bytes. */
export function renderConfigReference(): string {
  const fields = listConfigFields();
  const named = `its keys are names of ${resourceNameRule}`;
  return [
    ...introduction,
    "```json",
    JSON.stringify(exampleConfig, undefined, 2),
    "```",
    ...section("Document", "", "", fields),
    ...section("Endpoints", "endpoints.<name>", `Each broker and how to reach it; ${named}.`, fields),
    ...section(
      "Authentication",
      "endpoints.<name>.mqttSettings.authentication",
      "One method and its settings.",
      fields,
    ),
    ...methodTable(),
    ...section("Profile", "profile", "How many instances run the dataflows, and what they report.", fields),
    ...section("Dataflows", "dataflows.<name>", `Each way from one source to one destination; ${named}.`, fields),
    ...section("Relay", "relay", "The relay's own settings.", fields),
    "",
  ].join("\n");
}

/** The bounds of a document, from the one place where they are written. */
function limitsText(): string[] {
  const { bytes, depth, textBytes, endpoints, dataflows, dataSources } = documentLimits;
  const shown = (count: number) => count.toLocaleString("en");
  return [
    `A document is UTF-8 and has at most ${shown(bytes)} bytes (1 MiB, the size of a ConfigMap), ${depth} levels of objects and lists, and ${shown(textBytes)} bytes in one text.`,
    `It has at most ${shown(endpoints)} endpoints, ${shown(dataflows)} dataflows, and ${shown(dataSources)} topic filters in all dataflows together.`,
  ];
}

const introduction = [
  "# Configuration",
  "",
  "<!-- Generated from the schema in runtime/contract/config: change that, then run `npm run docs`. -->",
  "",
  "The relay reads one document, in JSON or YAML. Its fields are those of Azure IoT Operations' (AIO) `DataflowEndpoint`,",
  "`DataflowProfile` and `Dataflow`. Fields that this project adds are marked *own*. The relay also reads the output of `kubectl`, `az`",
  "and others, see [documents.md](../documents.md). The document never contains secrets, only their names.",
  "",
  "The objects `endpoints` and `dataflows` are required, each with names as its keys. `profile` and `relay` are optional. Bounds are",
  "inclusive. *Required* means required if the object around the field is given. An unknown key is an error. All problems of a document",
  "are found at once; the first 50 are printed, and the others are counted.",
  "",
  ...limitsText(),
  "",
];

/** Parts with a section of their own, the longest path first. */
const roots = [
  "endpoints.<name>.mqttSettings.authentication",
  "endpoints.<name>",
  "dataflows.<name>",
  "profile",
  "relay",
];

function section(title: string, root: string, text: string, fields: readonly ReferenceField[]): string[] {
  const own = fields.filter(({ path }) => (roots.find((other) => path.startsWith(`${other}.`)) ?? "") === root);
  const heading = root === "" ? [] : [`Fields of \`${root}\`. ${text}`, ""];
  const rows = own.map((field) => fieldRow(root === "" ? field.path : field.path.slice(root.length + 1), field));
  return ["", `## ${title}`, "", ...heading, ...table(["Field", "Type", "Default", "Meaning", "Source"], rows)];
}

function fieldRow(name: string, { type, isRequired, default: value, only, notes }: ReferenceField): string[] {
  const shown = value === undefined ? "–" : `\`${JSON.stringify(value)}\``;
  return [
    notes.own === true ? `\`${name}\` *own*` : `\`${name}\``,
    type,
    isRequired ? "required" : shown,
    [only === undefined ? "" : `With ${only}. `, notes.description ?? ""].join(""),
    notes.source ?? "",
  ];
}

function methodTable(): string[] {
  const hostTypes = Object.values(HostType);
  const rows = authenticationMethods.map((method) => [
    `\`${method}\``,
    ...hostTypes.map((hostType) => (methodsByHostType[hostType].includes(method) ? "yes" : "–")),
  ]);
  const text = "Which method goes with which `hostType`:";
  return ["", text, "", ...table(["Method", ...hostTypes.map((hostType) => `\`${hostType}\``)], rows)];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

/** The members of valibot's schemas that the page is made of. */
interface SchemaNode {
  readonly type: string;
  readonly wrapped?: SchemaNode;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly value?: SchemaNode;
  readonly key?: string;
  readonly item?: SchemaNode;
  readonly literal?: unknown;
  readonly options?: readonly unknown[];
}

type Place = Pick<ReferenceField, "path" | "isRequired" | "default" | "only">;

function listFields(schema: unknown, place: Place): ReferenceField[] {
  const node = schema as SchemaNode;
  const under = (key: string) => (place.path === "" ? key : `${place.path}.${key}`);
  const entries = Object.entries(node.entries ?? {});
  switch (node.type) {
    case "optional":
      return listFields(node.wrapped, { ...place, isRequired: false, default: node.default });
    case "record":
      return listFields(node.value, { path: under("<name>"), isRequired: false });
    case "variant":
      return listVariant(node, place);
    case "array":
      return [
        leaf(node, place),
        ...listFields(node.item, { path: `${place.path}[]`, isRequired: true }).filter(isInside),
      ];
    case "strict_object":
      if (entries.length > 0)
        return entries.flatMap(([key, entry]) =>
          listFields(entry, { path: under(key), isRequired: true, ...onlyOf(place) }),
        );
      return [leaf(node, place)];
    default:
      return [leaf(node, place)];
  }
}

/** The items of a list of texts have no path that anyone would look up. */
function isInside({ path }: ReferenceField): boolean {
  return !path.endsWith("[]");
}

function onlyOf({ only }: Place): Pick<Place, "only"> {
  return only === undefined ? {} : { only };
}

/** One field for the word that decides, then the fields that each word brings; what all of them have comes once. */
function listVariant(node: SchemaNode, place: Place): ReferenceField[] {
  const key = node.key ?? "";
  const options = (node.options ?? []) as readonly SchemaNode[];
  const words = options.map((option) => option.entries?.[key]?.literal);
  const word: ReferenceField = {
    ...leaf(node, place),
    path: `${place.path}.${key}`,
    type: listValues(words),
    isRequired: true,
  };
  const isShared = (name: string) => options.every(({ entries }) => Object.hasOwn(entries ?? {}, name));
  const others = options.flatMap((option, index) =>
    Object.entries(option.entries ?? {})
      .filter(([name]) => name !== key && (index === 0 || !isShared(name)))
      .flatMap(([name, entry]) => {
        const only = isShared(name) ? {} : { only: `\`${key}\` \`${String(words[index])}\`` };
        return listFields(entry, { path: `${place.path}.${name}`, isRequired: true, ...only });
      }),
  );
  return [word, ...others];
}

function leaf(node: SchemaNode, place: Place): ReferenceField {
  const notes = v.getMetadata(node as unknown as v.GenericSchema) as Partial<FieldNotes>;
  return { ...place, type: typeOf(node, notes), notes };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "whole number",
  boolean: "`true` or `false`",
  strict_object: "empty object",
};

function typeOf({ type, options, item }: SchemaNode, { unit, bounds }: Partial<FieldNotes>): string {
  if (type === "picklist") return listValues(options ?? []);
  const limits = bounds === undefined ? "" : `, ${bounds}${unit === undefined ? "" : ` ${unit}`}`;
  if (type !== "array") return `${typeNames[type] ?? type}${limits}`;
  if (item?.type === "unknown") return "empty list";
  return `list of ${item?.type === "string" ? "texts" : "objects"}${limits}`;
}

function listValues(values: readonly unknown[]): string {
  return values.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
}
