import type { Limits } from "./limits.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { SessionStore } from "./session/session-store.ts";
import type { SessionConnection } from "./session/session.ts";

/** PUBACKs that are kept back. */
export interface PubackHold {
  /** How many are kept back now. */
  readonly size: number;
  /** Sends them in their order, and holds no more. */
  release(): void;
}

/**
 * What a real broker does not do on command. A fault with `clientId` touches only that client, one without touches all.
 * The faults that count (`times`) end by themselves; the same fault set again adds to them, in order.
 */
export interface Faults {
  /** Answers the next CONNECTs with this failure, before any rule. */
  refuseConnections(times: number, reasonCode: number, clientId?: string): void;
  /** Leaves the next CONNECTs unanswered; the connection stays open. */
  dropConnacks(times: number, clientId?: string): void;
  /** Accepts the next QoS 1 PUBLISHes without a PUBACK. */
  dropPubacks(times: number, clientId?: string): void;
  /** Carries the next SUBSCRIBEs out without a SUBACK. */
  dropSubacks(times: number, clientId?: string): void;
  /** Keeps PUBACKs back until they are released. */
  holdPubacks(clientId?: string): PubackHold;
  /** Answers the next PUBLISHes with this reason code; the message goes on only when that is no failure. */
  answerPublishes(times: number, reasonCode: number, clientId?: string): void;
  /** Grants at most this QoS in the next SUBSCRIBEs. */
  grantQos(times: number, qos: number, clientId?: string): void;
  /** Sends on without regard to clients' Receive Maximum, as mosquitto 2.0.11 does under load. */
  ignoreReceiveMaximum(isIgnored: boolean): void;
  /** Changes limits, and what later CONNACKs announce: `{ retainAvailable: false, serverKeepAliveSeconds: 5 }`. */
  announce(limits: Partial<Limits>): void;
  /** Writes in pieces of these sizes in bytes, over and over, each in a turn of its own; `[]` ends it. */
  writeInChunks(sizes: readonly number[]): void;
  /** Resets the client's connection without DISCONNECT; `false` when it has none. */
  closeSocket(clientId: string): boolean;
  /** Neither reads nor writes on the client's connection any more, and leaves it open; `false` when it has none. */
  stall(clientId: string): boolean;
  /** Sends DISCONNECT and closes; `false` when the client is not connected. */
  disconnectClient(clientId: string, reasonCode: number): boolean;
  /** Sends bytes as they are to a client; `false` when it is not connected. */
  sendBytes(clientId: string, bytes: Buffer): boolean;
  /** Ends a session and resets its connection; `false` when there is none. */
  forgetSession(clientId: string): boolean;
  /** Ends every fault, and releases what is held. */
  clear(): void;
}

/** Makes the handle from the plan that the broker consults and the sessions that it acts on. */
export function createFaults(plan: FaultPlan, sessions: SessionStore): Faults {
  return { ...plannedFaults(plan), ...immediateFaults(sessions) };
}

type ImmediateFault = "closeSocket" | "stall" | "disconnectClient" | "sendBytes" | "forgetSession";

function plannedFaults(plan: FaultPlan): Omit<Faults, ImmediateFault> {
  return {
    refuseConnections: (times, reasonCode, clientId) => {
      plan.refusedConnections.add(times, reasonCode, clientId);
    },
    dropConnacks: (times, clientId) => {
      plan.droppedConnacks.add(times, true, clientId);
    },
    dropPubacks: (times, clientId) => {
      plan.droppedPubacks.add(times, true, clientId);
    },
    dropSubacks: (times, clientId) => {
      plan.droppedSubacks.add(times, true, clientId);
    },
    holdPubacks: (clientId) => plan.holdPubacks(clientId),
    answerPublishes: (times, reasonCode, clientId) => {
      plan.publishAnswers.add(times, reasonCode, clientId);
    },
    grantQos: (times, qos, clientId) => {
      plan.grantedQos.add(times, qos, clientId);
    },
    ignoreReceiveMaximum: (isIgnored) => {
      plan.isReceiveMaximumIgnored = isIgnored;
    },
    announce: (limits) => {
      plan.limits = { ...plan.limits, ...limits };
    },
    writeInChunks: (sizes) => {
      plan.chunkBytes = sizes;
    },
    clear: () => {
      plan.clear();
    },
  };
}

function immediateFaults(sessions: SessionStore): Pick<Faults, ImmediateFault> {
  const onConnection = (clientId: string, action: (connection: SessionConnection) => void) =>
    actOn(sessions.get(clientId)?.connection, action);
  return {
    closeSocket: (clientId) =>
      onConnection(clientId, (connection) => {
        connection.abort("fault: closed");
      }),
    stall: (clientId) =>
      onConnection(clientId, (connection) => {
        connection.stall();
      }),
    disconnectClient: (clientId, reasonCode) =>
      onConnection(clientId, (connection) => {
        connection.disconnect(reasonCode, "ServerInitiatedDisconnect", "fault: disconnected");
      }),
    sendBytes: (clientId, bytes) =>
      onConnection(clientId, (connection) => {
        connection.sendBytes(bytes);
      }),
    forgetSession: (clientId) =>
      actOn(sessions.get(clientId), (session) => {
        sessions.end(session, "forgotten");
        session.connection?.abort("fault: session forgotten");
      }),
  };
}

function actOn<T>(target: T | undefined, action: (target: T) => void): boolean {
  if (target === undefined) return false;
  action(target);
  return true;
}
