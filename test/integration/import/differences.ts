import type { Arrived, MovedMessage } from "./traffic.ts";

/** How a message arrives otherwise than before. */
export type Kind =
  | "QoS 0 becomes QoS 1"
  | "QoS 2 becomes QoS 1"
  | "keeps its retain flag"
  | "does not come back"
  | "has too few levels, or too many"
  | "comes back"
  | "unexplained";

/** What the import has to say of each kind. */
export const named: Readonly<Record<Kind, RegExp>> = {
  "QoS 0 becomes QoS 1": /go on with QoS 1 under topic lines/,
  "QoS 2 becomes QoS 1": /QoS 2 becomes QoS 1/,
  "keeps its retain flag": /the relay keeps the retain flag/,
  "does not come back": /the relay .*drops what comes back/,
  "has too few levels, or too many": /more than 2 levels behind .*nor is .* itself/,
  "comes back": /comes once more to the broker that it came from/,
  unexplained: /(?!)/,
};

/** A difference between two passages, with the message that shows it. */
export interface Difference {
  readonly kind: Kind;
  readonly text: string;
}

/** Compares what has arrived with the bridge and with the relay, broker by broker. */
export function compare(before: Arrived, after: Arrived): Difference[] {
  return Object.keys(before).flatMap((broker) => {
    const [old, new_] = [before[broker] ?? [], after[broker] ?? []];
    const lost = old.filter((message) => !new_.some((other) => isSame(message, other)));
    const added = new_.filter((message) => !old.some((other) => isSame(message, other)));
    const pairs = lost.map((message) => [message, added.find((other) => isSameContent(message, other))] as const);
    const alone = added.filter((message) => !pairs.some(([, other]) => other === message));
    return [
      ...pairs.flatMap(([message, other]) =>
        kindsOf(broker, message, other).map((kind) => ({ kind, text: `${broker}: ${written(message)}` })),
      ),
      ...alone.map((message): Difference => {
        return {
          kind: message.from === broker ? "comes back" : "unexplained",
          text: `${broker}: + ${written(message)}`,
        };
      }),
    ];
  });
}

function kindsOf(broker: string, before: MovedMessage, after: MovedMessage | undefined): Kind[] {
  if (after === undefined) {
    if (before.from === broker) return ["does not come back"];
    return [before.levels === 0 || before.levels > 2 ? "has too few levels, or too many" : "unexplained"];
  }
  const kinds: Kind[] = [];
  if (before.qos !== after.qos) {
    const kind = `QoS ${before.qos} becomes QoS ${after.qos}`;
    kinds.push(kind in named ? (kind as Kind) : "unexplained");
  }
  if (before.retain !== after.retain) kinds.push(after.retain ? "keeps its retain flag" : "unexplained");
  return kinds;
}

const isSameContent = (a: MovedMessage, b: MovedMessage) => a.topic === b.topic && a.payload === b.payload;
const isSame = (a: MovedMessage, b: MovedMessage) => isSameContent(a, b) && a.qos === b.qos && a.retain === b.retain;

function written({ payload, topic, qos, retain }: MovedMessage): string {
  return `${payload} as ${topic}, QoS ${qos}${retain ? ", retained" : ""}`;
}
