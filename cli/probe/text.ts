import type { HopState, ProbeResult } from "./result.ts";

const marks: Readonly<Record<HopState, string>> = {
  seen: "ok     ",
  implied: "implied",
  missing: "MISSING",
  unknown: "?      ",
};

/** Writes what a test came to, a line for each hop. What came from files and brokers is for the caller to escape. */
export function probeLines({ dataflow, how, outcome, topic, arrivesAs, hops, stop }: ProbeResult): string[] {
  const message = how === "published" ? "a marked message" : "a message of somebody else";
  const way = topic === undefined ? "" : `, ${topic}${arrivesAs === undefined ? "" : ` -> ${arrivesAs}`}`;
  const verdict = { delivered: "delivered", stopped: "STOPPED", unknown: "not known" }[outcome];
  return [
    `${dataflow}: ${verdict} (${message}${way})`,
    ...hops.map(({ hop, state, text, afterMs }) => {
      const time = afterMs === undefined ? "" : ` after ${afterMs} ms`;
      return `  ${marks[state]}  ${hop.padEnd("destination".length)}  ${text}${time}`;
    }),
    ...(stop === undefined ? [] : [`  ${placeOf(stop.after)}: ${stop.why}`]),
    ...(stop?.remedy === undefined ? [] : [`  do: ${stop.remedy}`]),
    ...(outcome === "unknown" && how === "listened" ? [nothingSeen] : []),
  ];
}

const nothingSeen =
  "  nothing tells: no message came by, or the place can't be looked at; try again with a longer --timeout, or let it publish (--yes)";

function placeOf(after: NonNullable<ProbeResult["stop"]>["after"]): string {
  return {
    start: "it does not get in",
    published: "it stops after its publication",
    source: "it stops after the source",
    accepted: "it stops after the relay",
    destination: "it stops after the destination",
  }[after];
}
