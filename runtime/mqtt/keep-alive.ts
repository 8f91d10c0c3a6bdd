/** What keep-alive needs to know of a connection, and the two things that it does to it. */
export interface KeepAlivePort {
  /** How often something was read. */
  readonly reads: () => number;
  readonly lastWriteMs: () => number;
  /** Whether reading is stopped, so that not even the end of the connection would be seen. */
  readonly isPaused: () => boolean;
  /** Bytes that wait to be sent: a link that still takes some is alive. */
  readonly pendingBytes: () => number;
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
 * and no waiting byte left in that time: a slow uplink is no dead one.
 *
 * While reading is stopped it pings every two seconds, whatever the interval, and waits for no answer.
 *
 * @param intervalMs 0 turns it off
 * @returns a function that stops it
 */
export function startKeepAlive(intervalMs: number, port: KeepAlivePort, now: () => number): () => void {
  const probe = setInterval(() => {
    if (port.isPaused()) port.ping();
  }, pausedPingMs);
  const stopChecks = startChecks(intervalMs, port, now);
  return () => {
    clearInterval(probe);
    stopChecks();
  };
}

function startChecks(intervalMs: number, port: KeepAlivePort, now: () => number): () => void {
  if (intervalMs === 0) return () => undefined;
  let isPinged = false;
  let reads = port.reads();
  let readAt = now();
  let progressAt = 0;
  let pending = 0;
  const check = () => {
    const time = now();
    if (port.isPaused() || port.reads() !== reads) {
      isPinged = false;
      reads = port.reads();
      readAt = time;
    }
    if (!isPinged) {
      if (time - Math.min(readAt, port.lastWriteMs()) < intervalMs * pingAfter) return;
      isPinged = true;
      progressAt = time;
      pending = port.pendingBytes();
      port.ping();
      return;
    }
    if (port.pendingBytes() < pending) progressAt = time;
    pending = port.pendingBytes();
    if (time - progressAt >= intervalMs / 2) port.onTimeout(time - readAt);
  };
  const timer = setInterval(check, intervalMs / checksPerInterval);
  return () => {
    clearInterval(timer);
  };
}
