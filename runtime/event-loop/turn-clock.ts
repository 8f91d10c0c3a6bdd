import { atEndOfTurn } from "./end-of-turn.ts";

let turnMs: number | undefined;

/**
 * The time at which this turn of the event loop first asked, as `performance.now()` tells it: hundreds of messages come in
 * one turn, and the system's clock would be asked twice for each.
 */
export function turnNow(): number {
  if (turnMs === undefined) {
    turnMs = performance.now();
    atEndOfTurn(endTurn);
  }
  return turnMs;
}

function endTurn(): void {
  turnMs = undefined;
}
