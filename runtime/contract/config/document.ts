import * as v from "valibot";

import { maxInstances } from "../client-id.ts";
import { dataflowSchema, type Dataflow } from "./dataflow.ts";
import { endpointSchema, type Endpoint } from "./endpoint.ts";
import { block, choice, integer, named, text } from "./field.ts";
import { proxySchema } from "./proxy.ts";
import { tapContents } from "../status/schema.ts";

const rest = "Azure REST API, DataflowProfile";
const own = "Beyond the specification";

/** How many instances run the dataflows and what they report, as AIO's `DataflowProfile` has it. */
export const profileSchema = block({
  instanceCount: v.optional(
    integer(
      { min: 1, max: maxInstances },
      {
        description:
          "Instances of the relay. Above 1, every source has a shared subscription, which does not guarantee order.",
        unit: "instances",
        source: `Specification, Event Grid shared subscription limitation; ${rest}`,
      },
    ),
    1,
  ),
  diagnostics: v.optional(
    block({
      logs: v.optional(
        block({
          level: v.optional(
            choice(["trace", "debug", "info", "warn", "error"], {
              description: "Least severe level that is logged. At `debug` each message is logged, without its payload.",
              source: rest,
            }),
            "info",
          ),
        }),
        {},
      ),
      metrics: v.optional(
        block({
          prometheusPort: v.optional(
            integer(
              { min: 0, max: 65_535 },
              {
                description: "Port of `/metrics`, `/livez`, `/readyz` and `/startupz`; 0 turns them off.",
                source: rest,
              },
            ),
            9600,
          ),
        }),
        {},
      ),
    }),
    {},
  ),
});

/** The relay's own settings. */
export const relaySchema = block({
  site: v.optional(text({ description: "Name of the site, for logs and metrics.", source: own, own: true })),
  mountPath: v.optional(
    text(
      {
        description:
          "Folder of the mounted files: `secrets/<secretRef>/<key>`, `configmaps/<configMapRef>/<key>` and `tokens/<endpoint>`.",
        bounds: "absolute path",
        source: own,
        own: true,
      },
      { pattern: /^\/[^\s]*$/, hint: "give an absolute path" },
    ),
    "/etc/mqtt-dataflow",
  ),
  spoolPath: v.optional(
    text(
      {
        description:
          "Folder on a disk that outlives the process. It holds the spool of every dataflow, its dead letters, and what the relay has to remember. Used if a dataflow has a spool or writes dead letters to the disk. It must not be on a network file system.",
        bounds: "absolute path",
        source: own,
        own: true,
      },
      { pattern: /^\/[^\s]*$/, hint: "give an absolute path" },
    ),
    "/var/lib/mqtt-dataflow",
  ),
  maxMemoryBytes: v.optional(
    integer(
      { min: 67_108_864, max: 1_099_511_627_776 },
      {
        description:
          "Memory that the process may use. The part that the process itself does not need is divided among the dataflows; messages never take more than that. Omitted: the limit of the container, or half of the machine's memory if there is none. A value above the container's limit counts as that limit.",
        unit: "bytes",
        source: own,
        own: true,
      },
    ),
  ),
  connectTimeoutSeconds: v.optional(
    integer(
      { min: 1, max: 300 },
      { description: "Time until a connection is established, including CONNACK.", unit: "s", source: own, own: true },
    ),
    30,
  ),
  drainTimeoutSeconds: v.optional(
    integer(
      { min: 1, max: 3600 },
      {
        description: "How long the relay waits for acknowledgements after SIGTERM before it ends.",
        unit: "s",
        source: own,
        own: true,
      },
    ),
    20,
  ),
  proxy: v.optional(proxySchema),
  status: v.optional(
    block({
      endpointRef: text({
        description: "Name of the endpoint that the status is published to, a key of `endpoints`.",
        source: own,
        own: true,
      }),
      topic: text({
        description: "Topic of the status; the number of the instance is added as its last level.",
        source: own,
        own: true,
      }),
      intervalSeconds: v.optional(
        integer(
          { min: 1, max: 3600 },
          {
            description: "Time between two reports. A change of readiness is reported at once.",
            unit: "s",
            source: own,
            own: true,
          },
        ),
        30,
      ),
    }),
  ),
  statusPage: v.optional(
    block({
      port: v.optional(
        integer(
          { min: 0, max: 65_535 },
          {
            description:
              "Port of the status page and its JSON on the loopback address of the pod, which `kubectl port-forward` reaches and the cluster does not; 0 turns them off.",
            source: own,
            own: true,
          },
        ),
        9601,
      ),
      tap: v.optional(
        choice(tapContents, {
          description:
            "What the live tap of the status page shows of messages, a few each second: `Off`, nothing; `Metadata`, topics, properties and sizes; `Payload`, also the first 4 KiB of the payload, if the reader asks for it.",
          source: own,
          own: true,
        }),
        "Off",
      ),
    }),
    {},
  ),
  reconnect: v.optional(
    block({
      minDelayMs: v.optional(
        integer(
          { min: 10, max: 60_000 },
          { description: "Shortest wait before a reconnect.", unit: "ms", source: own, own: true },
        ),
        1000,
      ),
      maxDelayMs: v.optional(
        integer(
          { min: 10, max: 600_000 },
          { description: "Longest wait before a reconnect.", unit: "ms", source: own, own: true },
        ),
        60_000,
      ),
    }),
    {},
  ),
});

/** The whole document. */
export const documentSchema = block({
  schemaVersion: v.optional(
    choice([1], { description: "Version of this document's form.", source: own, own: true }),
    1,
  ),
  endpoints: named(endpointSchema, "an endpoint"),
  profile: v.optional(profileSchema, {}),
  dataflows: named(dataflowSchema, "a dataflow"),
  relay: v.optional(relaySchema, {}),
});

/** What may be written: defaults may be left out. */
export type RelayConfigInput = v.InferInput<typeof documentSchema>;

/** What the relay runs on: every default filled in, every endpoint's kind of broker known. */
export type RelayConfig = Omit<v.InferOutput<typeof documentSchema>, "endpoints" | "dataflows"> & {
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly dataflows: Readonly<Record<string, Dataflow>>;
};
