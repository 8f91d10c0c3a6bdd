import * as v from "valibot";

import type { Problem } from "../errors.ts";
import { dataflowRelaySchema } from "./dataflow-relay.ts";
import { block, choice, show, text, unknownKey, type FieldNotes } from "./field.ts";

const rest = "Azure REST API, Dataflow";

const operationName = v.optional(
  text(
    { description: "Name of the operation; for readers only.", bounds: "up to 64 characters", source: rest },
    { pattern: /^.{0,64}$/, hint: "shorten it to 64 characters" },
  ),
);
const endpointRef = text({ description: "Name of the endpoint, a key of `endpoints`.", source: rest });
/** How the remedy ends of every problem that is no mistake, but asks for what only AIO's own engine can. */
const runThere = "or run the dataflow there";

/** Tells whether a problem of a dataflow asks for what only AIO's own engine can: it may be right, and no relay can run it. */
export function isEngineOnly({ remedy }: Problem): boolean {
  return remedy.endsWith(runThere);
}

const nothing = (what: string) =>
  v.optional(
    v.pipe(
      v.array(v.unknown(), "is no list; remove it"),
      v.maxLength(0, `asks the relay to ${what}, which only AIO's own engine can; remove it ${runThere}`),
      v.metadata({ description: `Has to be empty: only AIO's own engine can ${what}.`, source: rest }),
    ),
  );

/** Makes a schema of the format of messages. The relay passes messages on as they are, and never turns one format into another. */
function format(notes: FieldNotes) {
  return v.pipe(
    v.picklist(["Json"], ({ input }) =>
      typeof input === "string" && engineFormats.includes(input.toLowerCase())
        ? `is ${show(input)}, which only AIO's own engine can read and write; remove it ${runThere}`
        : `is ${show(input)}; give "Json"`,
    ),
    v.metadata({ ...notes }),
  );
}

/** In lower case. @see Azure REST API, TransformationSerializationFormat (2026-07-01) */
const engineFormats = ["delta", "parquet"];

/** The one map that changes nothing; a dataflow that only passes messages on may spell it out. */
const passThrough = v.strictObject({
  type: v.optional(v.literal("PassThrough")),
  inputs: v.tuple([v.literal("*")]),
  output: v.literal("*"),
  description: v.optional(v.string()),
});

const passThroughMap = v.optional(
  v.pipe(
    v.array(v.unknown(), "is no list; remove it"),
    v.check(
      (rules) => rules.every((rule) => v.is(passThrough, rule)),
      `asks the relay to map messages, which only AIO's own engine can; remove all but "*" to "*" ${runThere}`,
    ),
    v.metadata({
      description: "Empty, or the map of `*` to `*`: only AIO's own engine can map messages.",
      source: rest,
    }),
  ),
);

/** Fields of AIO's `Dataflow` that the relay can't serve are told apart from mistyped ones. */
function engineBlock<const E extends v.ObjectEntries>(entries: E, engineOnly: readonly string[]) {
  return block(entries, (key, known) =>
    engineOnly.includes(key) ? `is served by AIO's own engine only; remove it ${runThere}` : unknownKey(key, known),
  );
}

const source = block({
  operationType: v.literal("Source"),
  name: operationName,
  sourceSettings: block({
    endpointRef,
    dataSources: v.pipe(
      v.array(
        text({ description: "MQTT topic filter, such as `plant/+/telemetry`.", source: rest }),
        "is no list; give a list of topic filters",
      ),
      v.minLength(1, "lists no topic filters; add at least one"),
      v.metadata({ description: "MQTT topic filters to subscribe to.", bounds: "1 or more", source: rest }),
    ),
    serializationFormat: v.optional(
      format({ description: "Format of the messages. The relay never reads payloads.", source: rest }),
    ),
    assetRef: v.optional(
      text({
        description: "Asset that the messages come from; for readers only, without effect on messages.",
        source: rest,
      }),
    ),
    schemaRef: v.optional(
      text({
        description:
          "Schema of the messages; for readers only, without effect on messages. The relay never reads payloads, and AIO's own engine reads no schema of an MQTT source either.",
        source: "Azure IoT Operations, Configure data flow sources (2026-03)",
      }),
    ),
  }),
});

const transformation = block({
  operationType: v.literal("BuiltInTransformation"),
  name: operationName,
  builtInTransformationSettings: block({
    serializationFormat: v.optional(
      format({
        description: "Format after the transformation: sets the Content Type of CloudEvents to `application/json`.",
        source: "Specification, CloudEvents; default: Azure REST API, Dataflow (2026-07-01)",
      }),
      // AIO's engine has it by default too: a stage that says nothing of its format means the same in both engines.
      "Json",
    ),
    schemaRef: v.optional(
      text({
        description: "Schema of the output: becomes the CloudEvents attribute `dataschema`.",
        source: "Specification, CloudEvents",
      }),
    ),
    datasets: nothing("enrich messages"),
    filter: nothing("filter messages"),
    map: passThroughMap,
  }),
});

const destination = block({
  operationType: v.literal("Destination"),
  name: operationName,
  destinationSettings: engineBlock(
    {
      endpointRef,
      dataDestination: text({
        description:
          "Topic to publish to. `${inputTopic}` stands for the topic of the received message, `${inputTopic.2}` for its second level.",
        source: "Azure IoT Operations, Configure data flow destinations",
      }),
    },
    ["headers"],
  ),
});

const operationTypes = ["Source", "BuiltInTransformation", "Destination"] as const;

/** One source to one destination, as AIO's `Dataflow` has it. */
export const dataflowSchema = block({
  mode: v.optional(
    choice(["Enabled", "Disabled"], { description: "`Disabled` keeps the dataflow from running.", source: rest }),
    "Enabled",
  ),
  operations: v.pipe(
    v.array(
      v.pipe(
        v.variant("operationType", [source, transformation, destination], (issue) => {
          const given = issue.input === undefined ? "is missing" : "is not an operation type";
          return `${given}; set "operationType" to one of ${operationTypes.join(", ")}`;
        }),
        v.metadata({ description: "What the operation does.", source: rest }),
      ),
      "is no list; give a Source, then at most one BuiltInTransformation, then a Destination",
    ),
    v.metadata({
      description: "A Source, then at most one BuiltInTransformation, then a Destination.",
      source: rest,
    }),
  ),
  requestDiskPersistence: v.optional(
    choice(["Enabled", "Disabled"], {
      description:
        "AIO's own engine asks its broker to keep waiting messages of the dataflow on disk. The relay enables its own spool.",
      source: "Azure IoT Operations, Configure disk persistence",
    }),
  ),
  relay: v.optional(dataflowRelaySchema, {}),
});

export type DataflowInput = v.InferInput<typeof dataflowSchema>;
/** What a document says of a dataflow, its defaults filled in as far as they depend on nothing else. */
export type ParsedDataflow = v.InferOutput<typeof dataflowSchema>;

/** A dataflow with its defaults filled in, also those that depend on its endpoints and on the other dataflows. */
export type Dataflow = Omit<ParsedDataflow, "relay"> & {
  readonly relay: Omit<ParsedDataflow["relay"], "spool"> & { readonly spool: Spool };
};

/** The spool of a dataflow; its rates are a second's, 0 is no bound. */
export type Spool = Omit<ParsedDataflow["relay"]["spool"], "mode" | keyof DrainRates> &
  DrainRates & { readonly mode: "Enabled" | "Disabled" };

/** The drain rates of a spool, whose defaults depend on the destination. */
export interface DrainRates {
  readonly drainMessagesPerSecond: number;
  readonly drainBytesPerSecond: number;
}
export type SourceSettings = v.InferOutput<typeof source>["sourceSettings"];
export type TransformationSettings = v.InferOutput<typeof transformation>["builtInTransformationSettings"];
export type DestinationSettings = v.InferOutput<typeof destination>["destinationSettings"];

/** Tells whether a dataflow writes anything to the disk: its spool, or dead letters that no broker takes. */
export function needsDisk({ spool, undeliverableMessages, deadLetter }: Dataflow["relay"]): boolean {
  const writesDeadLetters = undeliverableMessages === "DeadLetter" && deadLetter?.endpointRef === undefined;
  return spool.mode === "Enabled" || writesDeadLetters;
}

/** The operations of a dataflow by what they do. */
export interface DataflowParts {
  readonly source: SourceSettings;
  readonly transformation?: TransformationSettings;
  readonly destination: DestinationSettings;
}

/** Finds the operations of a dataflow; `undefined` when they are not a Source, a transformation at most, and a Destination. */
export function dataflowParts({ operations }: Pick<Dataflow, "operations">): DataflowParts | undefined {
  const [first, ...others] = operations;
  const last = others.pop();
  const [middle, ...more] = others;
  if (first?.operationType !== "Source" || last?.operationType !== "Destination" || more.length > 0) return undefined;
  const ends = { source: first.sourceSettings, destination: last.destinationSettings };
  if (middle === undefined) return ends;
  if (middle.operationType !== "BuiltInTransformation") return undefined;
  return { ...ends, transformation: middle.builtInTransformationSettings };
}
