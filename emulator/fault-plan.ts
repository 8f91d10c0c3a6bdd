import type { PubackHold } from "./faults.ts";
import type { Limits } from "./limits.ts";

interface Turn<T> {
  times: number;
  readonly value: T;
  readonly clientId: string | undefined;
}

/** A fault that happens a number of times. */
export class CountedFault<T> {
  #turns: Turn<T>[] = [];

  add(times: number, value: T, clientId: string | undefined): void {
    this.#turns.push({ times, value, clientId });
  }

  /** Uses up one time for this client; `undefined` when there is none. */
  take(clientId: string): T | undefined {
    if (this.#turns.length === 0) return undefined;
    const turn = this.#turns.find((candidate) => candidate.clientId === undefined || candidate.clientId === clientId);
    if (!turn) return undefined;
    turn.times -= 1;
    if (turn.times <= 0) this.#turns = this.#turns.filter((candidate) => candidate !== turn);
    return turn.value;
  }

  clear(): void {
    this.#turns = [];
  }
}

interface Hold {
  readonly clientId: string | undefined;
  readonly held: (() => void)[];
}

/** The faults that are set, as the broker consults them at each step. */
export class FaultPlan {
  readonly refusedConnections = new CountedFault<number>();
  readonly droppedConnacks = new CountedFault<true>();
  readonly droppedPubacks = new CountedFault<true>();
  readonly droppedSubacks = new CountedFault<true>();
  readonly publishAnswers = new CountedFault<number>();
  readonly grantedQos = new CountedFault<number>();
  isReceiveMaximumIgnored = false;
  limits: Partial<Limits> = {};
  chunkBytes: readonly number[] = [];
  #holds: Hold[] = [];

  /** Sends a PUBACK, or keeps it back while a hold lasts. */
  passPuback(clientId: string, send: () => void): void {
    const hold = this.#holds.find((candidate) => candidate.clientId === undefined || candidate.clientId === clientId);
    if (hold) hold.held.push(send);
    else send();
  }

  holdPubacks(clientId: string | undefined): PubackHold {
    const hold: Hold = { clientId, held: [] };
    this.#holds.push(hold);
    return {
      get size() {
        return hold.held.length;
      },
      release: () => {
        this.#release(hold);
      },
    };
  }

  clear(): void {
    const { refusedConnections, droppedConnacks, droppedPubacks, droppedSubacks, publishAnswers, grantedQos } = this;
    const counted = [refusedConnections, droppedConnacks, droppedPubacks, droppedSubacks, publishAnswers, grantedQos];
    for (const fault of counted) fault.clear();
    this.isReceiveMaximumIgnored = false;
    this.limits = {};
    this.chunkBytes = [];
    for (const hold of this.#holds) this.#release(hold);
  }

  #release(hold: Hold): void {
    this.#holds = this.#holds.filter((candidate) => candidate !== hold);
    for (const send of hold.held.splice(0)) send();
  }
}
