import { every } from "../event-loop/every.ts";
import { ProgressWatch, type Traffic } from "./progress-watch.ts";

/** What keep-alive needs to know of a connection, and the two things that it does to it. */
export interface KeepAlivePort {
  /** While its reading is stopped, not even the end of the connection would be seen. */
  readonly traffic: Traffic;
  readonly lastWriteMs: () => number;
  readonly ping: () => void;
  readonly onTimeout: (silentMs: number) => void;
}

/** Checks in a keep-alive interval: a ping goes out after 3/4 of it at the latest. */
const checksPerInterval = 8;
const pingAfter = 5 / 8;
/** While reading is stopped a ping goes out so often: writing to a connection that has ended fails at the second time. */
const pausedPingMs = 2000;

/**
 * Sends PINGREQ before the keep-alive interval is over and finds a peer that has gone silent.
 *
 * It pings when nothing was *written* for a while, as MQTT asks [MQTT-3.1.2-20], and also when nothing was *read*: a
 * stream of QoS 0 messages is never answered. It times out when a ping stays without any answer for half an interval
 * and no byte before the ping left in that time: a slow uplink is no dead one.
 *
 * While reading is stopped it pings every two seconds, whatever the interval, and waits for no answer.
 *
 * @param intervalMs 0 turns it off
 * @returns a function that stops it
 */
export function startKeepAlive(intervalMs: number, port: KeepAlivePort, now: () => number): () => void {
  const stopProbing = every(pausedPingMs, () => {
    if (port.traffic.isPaused()) port.ping();
  });
  const stopChecks = startChecks(intervalMs, port, now);
  return () => {
    stopProbing();
    stopChecks();
  };
}

function startChecks(intervalMs: number, port: KeepAlivePort, now: () => number): () => void {
  if (intervalMs === 0) return () => undefined;
  const { traffic } = port;
  const watch = new ProgressWatch(traffic, { timeoutMs: intervalMs / 2, leastReadBytes: 1, now });
  let isPinged = false;
  let readBytes = traffic.readBytes();
  let readAt = now();
  // What was given before the check before something was read counts as answered: it had a whole check's time on its way.
  let answeredBytes = 0;
  let givenBytes = traffic.givenBytes();
  const check = () => {
    const time = now();
    if (traffic.isPaused() || traffic.readBytes() !== readBytes) {
      isPinged = false;
      readBytes = traffic.readBytes();
      readAt = time;
      answeredBytes = givenBytes;
    }
    givenBytes = traffic.givenBytes();
    if (isPinged) {
      void watch.look().then((isOver) => {
        if (isOver && isPinged && isRunning) port.onTimeout(now() - readAt);
      });
    } else if (time - Math.min(readAt, port.lastWriteMs()) >= intervalMs * pingAfter) {
      isPinged = true;
      port.ping();
      watch.restart(traffic.givenBytes() - answeredBytes);
    }
  };
  let isRunning = true;
  const stopChecks = every(intervalMs / checksPerInterval, check);
  return () => {
    isRunning = false;
    stopChecks();
  };
}
