let waiting: (() => void)[] = [];
let spare: (() => void)[] = [];

/**
 * Calls back at the end of this turn of the event loop, once what the system had was read; in the order of the calls. All share
 * one immediate: with many connections each of its own costs as much as writing a small packet.
 */
export function atEndOfTurn(callback: () => void): void {
  if (waiting.length === 0) setImmediate(callAll);
  waiting.push(callback);
}

function callAll(): void {
  const due = waiting;
  waiting = spare;
  let called = 0;
  try {
    for (; called < due.length; called++) due[called]?.();
  } finally {
    // One that throws must not keep the others from being called.
    for (const callback of due.slice(called + 1)) atEndOfTurn(callback);
    due.length = 0;
    spare = due;
  }
}
