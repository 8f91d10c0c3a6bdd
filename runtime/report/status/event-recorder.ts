import { shorten, splitRemedy } from "../../contract/errors.ts";
import type { LastError, RelayEvent } from "../../contract/status/schema.ts";
import type { ToldLine } from "../log.ts";
import { isOfMessage } from "../log-events.ts";

/** Events that are kept for whoever asks later. */
const keptEvents = 500;
/** Longest text of an event that is kept, in characters: what others have said may be in it. */
const maxTextLength = 2000;
/** What went wrong with one message has ended when it has not come again for so long. */
const messageErrorMs = 60_000;

/** What went wrong last with a dataflow. */
interface Trouble {
  readonly name: string;
  readonly side: string | undefined;
  readonly sinceMs: number;
  lastMs: number;
  times: number;
  text: string;
  remedy: string | undefined;
  hasEnded: boolean;
}

/**
 * Keeps the last lines of the log as events, and of each dataflow what went wrong last. The log is what tells of all that
 * happens, and it cuts floods: nothing has to be reported twice.
 */
export class EventRecorder {
  readonly #events: RelayEvent[] = [];
  readonly #troubles = new Map<string, Trouble>();
  readonly #watchers = new Set<(event: RelayEvent) => void>();
  readonly #now: () => number;
  #count = 0;

  /** @param now wall clock in milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The last events, the oldest first. */
  get events(): readonly RelayEvent[] {
    return this.#events;
  }

  /** @returns a function that ends it */
  watch(watcher: (event: RelayEvent) => void): () => void {
    const own = (event: RelayEvent) => {
      watcher(event);
    };
    this.#watchers.add(own);
    return () => this.#watchers.delete(own);
  }

  /** Takes a line of the log. Never throws. */
  record(line: ToldLine): void {
    const nowMs = this.#now();
    const event = this.#describe(line, nowMs);
    this.#events.push(event);
    if (this.#events.length > keptEvents) this.#events.shift();
    this.#note(event, nowMs);
    for (const watcher of this.#watchers) watcher(event);
  }

  /** What went wrong last with a dataflow; `isWell` says that nothing is wrong with it now. */
  lastError(dataflow: string, isWell: boolean): LastError | null {
    const trouble = this.#troubles.get(dataflow);
    if (trouble === undefined) return null;
    const { name, sinceMs, lastMs, times, text, remedy, hasEnded } = trouble;
    const isRecent = this.#now() - lastMs < messageErrorMs;
    return {
      event: name,
      text,
      ...(remedy === undefined ? {} : { remedy }),
      since: new Date(sinceMs).toISOString(),
      last: new Date(lastMs).toISOString(),
      times,
      isOver: hasEnded || (isWell && !(isOfMessage(name) && isRecent)),
    };
  }

  #describe({ level, event, msg, fields }: ToldLine, nowMs: number): RelayEvent {
    const field = (name: string) => {
      const value = fields[name];
      return typeof value === "string" ? shorten(value, maxTextLength) : undefined;
    };
    const given = { reason: field("reason"), remedy: field("remedy") };
    const told = given.remedy === undefined ? splitReason(given.reason) : given;
    const optional = {
      ...told,
      dataflow: field("dataflow"),
      endpoint: field("endpoint"),
      side: field("side"),
      topic: field("topic"),
    };
    const known = Object.entries(optional).filter(([, value]) => value !== undefined) as [string, string][];
    return {
      id: ++this.#count,
      time: new Date(nowMs).toISOString(),
      name: event,
      level,
      text: msg,
      ...(Object.fromEntries(known) as Partial<RelayEvent>),
    };
  }

  #note({ name, level, dataflow, side, text, reason, remedy }: RelayEvent, nowMs: number): void {
    if (dataflow === undefined) return;
    const known = this.#troubles.get(dataflow);
    if (name === "connected" && known !== undefined && known.side === side && !isOfMessage(known.name))
      known.hasEnded = true;
    if (level === "info") return;
    const isSame = known?.name === name && known.side === side && !known.hasEnded;
    const goesOn = isSame && !(isOfMessage(name) && nowMs - known.lastMs > messageErrorMs);
    const said = { text: reason === undefined ? text : `${text}: ${reason}`, remedy };
    if (goesOn) Object.assign(known, { lastMs: nowMs, times: known.times + 1, ...said });
    else
      this.#troubles.set(dataflow, { name, side, sinceMs: nowMs, lastMs: nowMs, times: 1, hasEnded: false, ...said });
  }
}

function splitReason(given: string | undefined): { reason?: string; remedy?: string } {
  if (given === undefined) return {};
  const { problem: reason, ...rest } = splitRemedy(given);
  return { reason, ...rest };
}
