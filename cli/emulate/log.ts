import type { BrokerEvent } from "../../emulator/events.ts";
import { isFailure, nameReasonCode } from "../../runtime/contract/reason-codes.ts";
import { printable } from "../../runtime/contract/printable.ts";

type EventOf<K extends BrokerEvent["kind"]> = Extract<BrokerEvent, { readonly kind: K }>;

/**
 * Says an event in lines, so that the owner of a client sees why it was refused; none for what happens with every message.
 * Payloads never appear.
 */
export function describeEvent(event: BrokerEvent): string[] {
  const lines =
    event.kind === "subscribe"
      ? event.filters.map((filter) => subscribed(event.clientId, filter))
      : [sentence(event)].filter((line) => line !== undefined);
  return lines.map(printable);
}

function sentence(event: Exclude<BrokerEvent, { readonly kind: "subscribe" }>): string | undefined {
  switch (event.kind) {
    case "connect":
      return connected(event);
    case "refuse":
      return refused(event);
    case "disconnect":
      return disconnected(event);
    case "sessionEnd":
      return event.why === "SessionOverflow"
        ? `${event.clientId}: session ended: too many messages wait in it`
        : undefined;
    case "reauthenticate":
      return `${event.clientId}: authenticated again as "${event.authenticationName}"`;
    case "publish":
      return published(event);
    case "drop":
      return event.why === "clientOffline"
        ? undefined
        : `${event.clientId}: a message to "${event.topic}" is dropped (${event.why})`;
    case "unsubscribe":
    case "deliver":
    case "puback":
      return undefined;
  }
}

function connected({ clientId, authenticationName, method, sessionPresent }: EventOf<"connect">): string {
  const session = sessionPresent ? ", with the session it had" : "";
  return `${clientId}: accepted as "${authenticationName}" (${method})${session}`;
}

function refused({ clientId, reasonCode, why }: EventOf<"refuse">): string {
  const who = clientId === "" ? "a client" : clientId;
  return reasonCode === undefined
    ? `${who}: refused in the TLS handshake: ${why}`
    : `${who}: refused: ${nameReasonCode(reasonCode)}: ${reason(why)}`;
}

/** The emulator's reason, with what the owner of the file can do about it. */
function reason(why = "no reason known"): string {
  if (why.startsWith("fault: ")) return "a fault of the file asks for it";
  if (why.startsWith("no role for "))
    return `${why}; give the client a permission binding for a topic space that has it`;
  return why;
}

function disconnected({ clientId, reason: cause, reasonCode, why }: EventOf<"disconnect">): string {
  if (cause === "ClientInitiatedDisconnect") return `${clientId}: disconnected by itself`;
  const code = reasonCode === undefined ? "" : ` ${nameReasonCode(reasonCode)}:`;
  return `${clientId}: disconnected (${cause}):${code} ${reason(why)}`;
}

function subscribed(clientId: string, { filter, reasonCode, why }: EventOf<"subscribe">["filters"][number]): string {
  if (!isFailure(reasonCode)) return `${clientId}: subscribed to "${filter}" with QoS ${reasonCode}`;
  return `${clientId}: SUBSCRIBE of "${filter}" refused: ${nameReasonCode(reasonCode)}: ${reason(why)}`;
}

function published({ clientId, message: { topic }, reasonCode, why }: EventOf<"publish">): string | undefined {
  if (!isFailure(reasonCode)) return undefined;
  return `${clientId}: PUBLISH to "${topic}" refused: ${nameReasonCode(reasonCode)}: ${reason(why)}`;
}
