/** How long nothing moves before the process is quiet: longer than anything that is looked at a few times a second may take. */
const quietAfterMs = 5000;

interface Round {
  readonly periodMs: number;
  /** Period while the process is quiet. */
  readonly quietMs: number;
  readonly callbacks: Set<() => void>;
  timer: NodeJS.Timeout | undefined;
}

const rounds = new Map<string, Round>();
/** Whether something has moved since a round last looked. */
let hasMoved = false;
let movements = 0;
let movedMs = 0;
let isQuiet = false;

export interface EveryOptions {
  /** Period in milliseconds while nothing moves; see {@link noteMovement}. @default the period */
  readonly quietMs?: number;
}

/**
 * Calls back once in each period. All callbacks of one period share a timer, and the periods end together where one is a multiple
 * of the other: hundreds of connections then wake the process once, and not each by itself. The first call comes after a period
 * at most.
 *
 * The timers keep no process alive.
 * @returns a function that ends it
 */
export function every(periodMs: number, callback: () => void, { quietMs = periodMs }: EveryOptions = {}): () => void {
  noteMovement(); // whoever starts it has something to look after
  const name = `${periodMs} ${quietMs}`;
  const round = rounds.get(name) ?? { periodMs, quietMs, callbacks: new Set<() => void>(), timer: undefined };
  rounds.set(name, round);
  const own = () => {
    callback(); // the same function may be given twice
  };
  round.callbacks.add(own);
  if (round.timer === undefined) schedule(round);
  return () => {
    round.callbacks.delete(own);
    if (round.callbacks.size > 0) return;
    clearTimeout(round.timer);
    round.timer = undefined;
    if (rounds.get(name) === round) rounds.delete(name);
  };
}

/**
 * Says that something has come, or has changed. When nothing has for five seconds, what asked for it is called less often: each
 * call wakes the process, which costs more than what is looked at.
 */
export function noteMovement(): void {
  hasMoved = true;
  movements++;
  if (isQuiet) endQuiet();
}

/** How often something was noted to have moved: each read of a connection, among other things. */
export function countMovements(): number {
  return movements;
}

function endQuiet(): void {
  isQuiet = false;
  movedMs = performance.now();
  for (const round of rounds.values()) {
    if (round.quietMs === round.periodMs) continue;
    clearTimeout(round.timer);
    schedule(round);
  }
}

/** A timer may fire so much too early. */
const earlyMs = 1;

/** Sets the timer to the next multiple of the period, not to one that has just been called for. */
function schedule(round: Round): void {
  const periodMs = isQuiet ? round.quietMs : round.periodMs;
  const delayMs = Math.ceil(periodMs + earlyMs - ((performance.now() + earlyMs) % periodMs));
  round.timer = setTimeout(call, delayMs, round).unref();
}

function call(round: Round): void {
  look();
  schedule(round);
  for (const callback of round.callbacks) callback();
}

function look(): void {
  if (hasMoved) movedMs = performance.now();
  hasMoved = false;
  isQuiet = performance.now() - movedMs >= quietAfterMs;
}
