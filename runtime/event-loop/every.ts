interface Round {
  readonly timer: NodeJS.Timeout;
  readonly callbacks: Set<() => void>;
}

const rounds = new Map<number, Round>();

/**
 * Calls back once in each period. All callbacks of one period share a timer: hundreds of connections then wake the process once,
 * and not each by itself. The first call comes after a period at most.
 * @returns a function that ends it
 */
export function every(periodMs: number, callback: () => void): () => void {
  const round = rounds.get(periodMs) ?? start(periodMs);
  const own = () => {
    callback(); // the same function may be given twice
  };
  round.callbacks.add(own);
  return () => {
    round.callbacks.delete(own);
    if (round.callbacks.size > 0) return;
    clearInterval(round.timer);
    if (rounds.get(periodMs) === round) rounds.delete(periodMs);
  };
}

function start(periodMs: number): Round {
  const callbacks = new Set<() => void>();
  const timer = setInterval(() => {
    for (const callback of callbacks) callback();
  }, periodMs);
  const round = { timer, callbacks };
  rounds.set(periodMs, round);
  return round;
}
