import { connectionEvents } from "../../runtime/report/log-events/connections.ts";
import { dataflowEvents } from "../../runtime/report/log-events/dataflows.ts";
import type { LogEvent } from "../../runtime/report/log-events.ts";

/** Renders `doc/operate/log-events.md`. */
export function renderLogEvents(): string {
  const lines = [
    "# Log events",
    "",
    "<!-- Generated from runtime/report/log-events/: change that, then run `npm run docs`. -->",
    "",
    "The relay logs JSON lines on standard output. Each line has the name of its event in the field `event`:",
    "",
    "<!-- not run: one line of a log, with a time and a host of its own -->",
    "",
    "```text",
    '{"level":"warn","time":"2026-11-27T16:40:00.000Z","dataflow":"upward","event":"connection-lost","side":"destination","endpoint":"cloud","host":"ns-1.westeurope-1.ts.eventgrid.azure.net:8883","reason":"…","retryInMs":1000,"msg":"disconnected, will retry"}',
    "```",
    "",
    "Search and alert by `event`: a name keeps its meaning, and is removed only in a new major version. The text in `msg` may change in",
    "every version. Other fields say what the line is about: `site`, `dataflow`, `side`, `endpoint`, `host`, `topic`, `filter`, `reason`,",
    "`remedy`. No line has a payload, a password or a token. If there is no **to do**, nothing has to be done.",
    "",
    "To count events, use the [metrics](metrics.md), because a flood of lines about messages is cut.",
    "",
    ...renderGroup("Connections, sessions and credentials", connectionEvents),
    ...renderGroup("Messages, dataflows, the spool and the process", dataflowEvents),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function renderGroup(title: string, events: { readonly [name: string]: LogEvent }): string[] {
  const names = Object.keys(events).sort();
  return [`## ${title}`, "", ...names.flatMap((name) => renderEvent(name, events[name]))];
}

function renderEvent(name: string, event: LogEvent | undefined): string[] {
  if (event === undefined) return [];
  const { level, meaning, remedy } = event;
  const toDo = remedy === undefined ? [] : [`**To do:** ${remedy}`, ""];
  return [`### ${name}`, "", `Level \`${level}\`. ${meaning}`, "", ...toDo];
}
