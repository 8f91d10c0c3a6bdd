import type { FlowName } from "./ledger.ts";

/** A connection to the destination that has ended. */
export interface EndedConnection {
  readonly connection: number;
  readonly instance: number;
  readonly flow: FlowName;
  /** Whether the relay has said good-bye with DISCONNECT: then the proxy has read all that it wrote. */
  isPlanned: boolean;
}

/**
 * Tells which messages can have gone with a connection to a destination with QoS 0.
 *
 * A dataflow sends in the order in which messages came. So what was written to a connection that broke, and never arrived,
 * lies between the last message that was seen on it and the first that was seen on a later one. What is missing between
 * two messages of one connection, or before a good-bye, no fault explains.
 */
export class ConnectionLosses {
  /** Messages in the order in which they came, by instance and dataflow. */
  readonly #came = new Map<string, number[]>();
  /** The connection that a message was seen on first. */
  readonly #sentOn = new Map<number, number>();
  readonly #ended = new Map<string, EndedConnection[]>();
  /** What had gone with a connection of a process that has ended. */
  readonly #gone = new Set<number>();

  noteCame(message: number, instance: number, flow: FlowName): void {
    append(this.#came, `${flow}-${instance}`, message);
  }

  noteSent(message: number, connection: number): void {
    this.#sentOn.set(message, connection);
  }

  noteEnd(ended: EndedConnection): void {
    append(this.#ended, `${ended.flow}-${ended.instance}`, ended);
  }

  /** The last connection of each dataflow of an instance was ended before all was written. */
  forgive(instance: number): void {
    for (const ended of this.#ended.values()) {
      const last = ended.at(-1);
      if (last?.instance === instance) last.isPlanned = false;
    }
  }

  /**
   * A process has ended. The next one sends first what the disk still has, out of the order in which messages came: what
   * went with a connection before can't be told by its place any more.
   */
  noteProcessEnd(instance: number, isMissing: (message: number) => boolean): void {
    for (const message of this.#between(isMissing, `-${instance}`)) this.#gone.add(message);
  }

  /** The messages of those that are missing that went with a connection. */
  explained(isMissing: (message: number) => boolean): number[] {
    return [...[...this.#gone].filter(isMissing), ...this.#between(isMissing)];
  }

  /** The missing messages next to which a connection broke. */
  #between(isMissing: (message: number) => boolean, suffix = ""): number[] {
    const lists = [...this.#came].filter(([key]) => key.endsWith(suffix));
    return lists.flatMap(([key, messages]) => {
      const broken = (this.#ended.get(key) ?? []).filter(({ isPlanned }) => !isPlanned);
      const explained: number[] = [];
      let run: number[] = [];
      let from = 0;
      const endRun = (to: number) => {
        const [first, last] = [Math.min(from, to), Math.max(from, to)];
        if (broken.some(({ connection }) => connection >= first && connection < last)) explained.push(...run);
        run = [];
      };
      for (const message of messages) {
        const connection = this.#sentOn.get(message);
        if (connection !== undefined) {
          endRun(connection);
          from = connection;
        } else if (isMissing(message)) run.push(message);
      }
      endRun(Infinity);
      return explained;
    });
  }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
