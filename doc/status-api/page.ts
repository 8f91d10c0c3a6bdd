import type * as v from "valibot";

import { eventSchema, historySchema, sampleSchema, statusSchema } from "../../runtime/contract/status/schema.ts";

/** What is read of a schema; valibot has it in every kind of schema that this page knows. */
interface AnySchema {
  readonly type: string;
  readonly entries?: Readonly<Record<string, AnySchema>>;
  readonly item?: AnySchema;
  readonly items?: readonly AnySchema[];
  readonly wrapped?: AnySchema;
  readonly options?: readonly string[];
  readonly literal?: unknown;
  readonly pipe?: readonly { readonly type: string; readonly description?: string }[];
}

/** Renders the page of the status page's JSON, in Markdown. The same schema gives the same bytes. */
export function renderStatusApi(): string {
  return [
    ...introduction,
    ...section("`GET /api/status`", ["The relay at this moment, as JSON."], statusSchema),
    ...section(
      "`GET /api/events`",
      [
        "Server-sent events (`text/event-stream`), for as long as the reader reads. At the start all events that are kept, 500 at most, or",
        "with `Last-Event-ID` those after it; then each as it happens, and the state once a second. With many dataflows the state comes",
        "less often: making it never takes more than a hundredth of the time. A reader that is slow misses some of them, and one that has read",
        "nothing for 30 s is dropped. Eight readers at most; a ninth is answered with 503.",
        "",
        "- `event: status`: the document of `/api/status`",
        "- `event: event`: one event of the log, with its number as `id`:",
      ],
      eventSchema,
    ),
    ...section(
      "`GET /api/tap?dataflow=NAME`",
      [
        "Server-sent events: `event: message`, ten a second at most, each a message of this dataflow as it came and as it is sent. Evenly spread",
        "over the second and not all of them; what is not shown is not looked at, and nothing is stored. 403 where `relay.statusPage.tap` is",
        "`Off`, which is the default. With `&payload=1` also the payload; 403 unless `relay.statusPage.tap` is `Payload`.",
      ],
      sampleSchema,
    ),
    ...section(
      "`GET /api/history`",
      ["The last ten minutes of all dataflows together, or with `?dataflow=NAME` of one."],
      historySchema,
    ),
    "",
  ].join("\n");
}

const introduction = [
  "# JSON of the status page",
  "",
  "<!-- Generated from runtime/contract/status/schema.ts by doc/status-api/page.ts: change those, then run `npm run docs`. -->",
  "",
  "Each relay serves its [status page](status-page.md) and this JSON on 127.0.0.1, port 9601 unless `relay.statusPage.port` says otherwise.",
  "The page and the commands `status`, `events` and `tap` use nothing else.",
  "",
  "<!-- not run: it needs the relay's cluster -->",
  "",
  "```bash",
  "kubectl port-forward -n azure-iot-operations pod/NAME 9601   # in a cluster",
  "curl http://127.0.0.1:9601/api/status",
  "```",
  "",
  "- GET and HEAD only, one request for each connection. `Host` has to be `127.0.0.1`, `localhost` or `[::1]`, with any port; otherwise",
  "  the answer is 421. Requests of other web pages are answered with 403, and no answer has a CORS header.",
  "- An answer that is not 200 has one line of plain text that says what to do.",
  "- In texts from outside (topics, reasons, names), terminal control characters are escaped, as `\\u001b`. These texts can contain",
  "  anything else, so escape them for the place where you show them.",
  '- `"version": 1`. Within a version, fields are added and never removed: ignore unknown fields. Version 2 comes when a field is',
  "  removed or changes its meaning.",
  "- Schema and TypeScript types: `runtime/contract/status/schema.ts`.",
];

function section(title: string, text: readonly string[], schema: v.GenericSchema): string[] {
  const rows = fieldsOf(schema as unknown as AnySchema, "").map(
    ([path, type, description]) => `| \`${path}\` | ${type} | ${description} |`,
  );
  return ["", `## ${title}`, "", ...text, "", "| Field | Type | Meaning |", "| --- | --- | --- |", ...rows];
}

function fieldsOf(schema: AnySchema, path: string): [path: string, type: string, description: string][] {
  return Object.entries(schema.entries ?? {}).flatMap(([name, field]) => {
    const inner = unwrap(field);
    const nested = inner.type === "array" && inner.item?.type === "object" ? inner.item : inner;
    const own = `${path}${name}${nested === inner ? "" : "[]"}`;
    const row: [string, string, string] = [own, typeOf(field), descriptionOf(field)];
    return [row, ...fieldsOf(nested, `${own}.`)];
  });
}

/** Without what says that it may be absent or `null`. */
function unwrap(schema: AnySchema): AnySchema {
  return schema.wrapped === undefined ? schema : unwrap(schema.wrapped);
}

function typeOf(schema: AnySchema): string {
  switch (schema.type) {
    case "optional":
      return schema.wrapped === undefined ? "" : `${typeOf(schema.wrapped)}, optional`;
    case "nullable":
      return schema.wrapped === undefined ? "" : `${typeOf(schema.wrapped)} or \`null\``;
    case "picklist":
      return (schema.options ?? []).map((option) => `\`${option}\``).join(", ");
    case "literal":
      return `\`${JSON.stringify(schema.literal)}\``;
    case "array":
      return schema.item === undefined ? "list" : `list of ${typeOf(schema.item)}`;
    case "tuple":
      return `[${(schema.items ?? []).map(typeOf).join(", ")}]`;
    case "record":
      return "object by name";
    default:
      return schema.type;
  }
}

function descriptionOf(schema: AnySchema): string {
  const own = schema.pipe?.find(({ type }) => type === "description")?.description;
  if (own !== undefined) return own;
  return schema.wrapped === undefined ? "" : descriptionOf(schema.wrapped);
}
