import type { Socket } from "node:net";

import type { HostAddress } from "../contract/config/endpoint.ts";
import { lookUps, type HostNameAddress, type SharedLookUp } from "./look-up.ts";

/** Where one attempt connects to: an address, never a name. */
export interface SocketAddress {
  readonly host: string;
  readonly port: number;
}

/** Shortest and longest time before the next address is tried as well. @see RFC 8305 §5 and §8 */
const [attemptDelayMs, maxAttemptDelayMs] = [250, 2000];
/** So many times the time that connecting took last: a link with a long round trip is no dead address. */
const delayPerConnect = 2;

/** The address that answered last, and after what time. */
interface Answered {
  readonly address: string;
  readonly tookMs: number;
}

/** By `<host>:<port>`. */
const answered = new Map<string, Answered>();

/**
 * Connects to a host, by whichever of its addresses answers first.
 *
 * Each further address is tried a moment after the one before, and none is given up meanwhile: how long an address may take
 * is decided by `signal` alone. Node.js' own selection gives each address 250 ms, too little for a satellite link, and drops
 * it then. The address that answered last is tried first the next time.
 *
 * @param connect starts one attempt; its socket emits `connect`, and is destroyed when another one was faster
 * @returns a socket that is connected, owned by the caller
 * @throws the failure of the only address; of several, an error that lists them
 * @see RFC 8305
 */
export async function connectSocket<S extends Socket>(
  { hostname, port }: HostAddress,
  signal: AbortSignal,
  connect: (to: SocketAddress) => S,
  names: SharedLookUp = lookUps,
): Promise<S> {
  const key = `${hostname}:${port}`;
  const last = answered.get(key);
  const addresses = inOrder(await names.find(hostname, signal), last?.address);
  signal.throwIfAborted();
  const delayMs = Math.min(maxAttemptDelayMs, Math.max(attemptDelayMs, delayPerConnect * (last?.tookMs ?? 0)));
  const race = new Race((host) => connect({ host, port }), addresses, delayMs);
  const { socket, address, tookMs } = await race.run(signal);
  answered.set(key, { address, tookMs });
  return socket;
}

/** The address that answered last, then the two families in turn, in the system's order. */
function inOrder(found: readonly HostNameAddress[], last: string | undefined): string[] {
  const first = found.filter(({ address }) => address === last);
  const rest = found.filter(({ address }) => address !== last);
  const one = rest.filter(({ family }) => family === rest[0]?.family);
  const other = rest.filter(({ family }) => family !== rest[0]?.family);
  const longest = Math.max(one.length, other.length);
  const inTurn = Array.from({ length: longest }, (_, index) => [one[index], other[index]]).flat();
  return [...first, ...inTurn].flatMap((entry) => (entry === undefined ? [] : [entry.address]));
}

interface Winner<S> extends Answered {
  readonly socket: S;
}

/** Attempts to connect that run side by side, until one of them is connected. */
class Race<S extends Socket> {
  readonly #connect: (host: string) => S;
  readonly #untried: string[];
  readonly #delayMs: number;
  readonly #attempts = new Set<S>();
  readonly #failures: unknown[] = [];
  #timer: NodeJS.Timeout | undefined;
  #settle: (winner: Winner<S> | undefined, failure?: unknown) => void = () => undefined;

  constructor(connect: (host: string) => S, addresses: readonly string[], delayMs: number) {
    this.#connect = connect;
    this.#untried = [...addresses];
    this.#delayMs = delayMs;
  }

  async run(signal: AbortSignal): Promise<Winner<S>> {
    const onAbort = () => {
      this.#settle(undefined, signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise<Winner<S>>((resolve, reject) => {
        this.#settle = (winner, failure) => {
          if (winner !== undefined) resolve(winner);
          // As it is: the code of a system's error says more than its text.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          else reject(failure);
        };
        this.#tryNext();
      });
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#timer);
      for (const socket of this.#attempts) socket.on("error", () => undefined).destroy();
    }
  }

  #tryNext(): void {
    clearTimeout(this.#timer);
    const address = this.#untried.shift();
    if (address === undefined) return;
    if (this.#untried.length > 0) this.#timer = setTimeout(this.#tryNext.bind(this), this.#delayMs);
    const startedMs = performance.now();
    let socket: S;
    try {
      socket = this.#connect(address);
    } catch (cause) {
      this.#settle(undefined, cause); // such as a key that can't be used: no address changes that
      return;
    }
    const onError = (cause: unknown) => {
      this.#onFailure(socket, cause);
    };
    this.#attempts.add(socket);
    socket.once("error", onError);
    socket.once("connect", () => {
      socket.off("error", onError);
      this.#attempts.delete(socket);
      this.#settle({ socket, address, tookMs: performance.now() - startedMs });
    });
  }

  #onFailure(socket: S, cause: unknown): void {
    this.#attempts.delete(socket);
    this.#failures.push(cause);
    if (this.#untried.length > 0) this.#tryNext();
    else if (this.#attempts.size === 0) this.#settle(undefined, joinFailures(this.#failures));
  }
}

/** One failure as it is; several as Node.js joins them, with the code of the first and all texts in one line. */
function joinFailures(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const texts = new Set(failures.map((failure) => (failure as Error).message));
  const { code } = failures[0] as NodeJS.ErrnoException;
  return Object.assign(new AggregateError(failures, [...texts].join(", ")), { code });
}
