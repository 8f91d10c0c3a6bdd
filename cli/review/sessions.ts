import { clientId } from "../../runtime/contract/client-id.ts";
import { costOf, count, namesOf } from "./cost.ts";
import type { DeclaredDataflows, DeclaredEndpoint, RelayChange } from "./declared-dataflows.ts";
import type { Cost, DataflowChange } from "./review.ts";
import { byText } from "./values.ts";

/** A session that holds messages for the relay at the source of a dataflow. */
interface Session {
  readonly dataflow: string;
  readonly id: string;
  readonly host: string;
  readonly expirySeconds: number | undefined;
}

/**
 * Sessions that nobody takes up again, with what waits in them, and dataflows that only seem to be renamed.
 * @param endedAt hosts of brokers that go with all their sessions
 */
export function findSessionCosts(
  relays: readonly RelayChange[],
  changes: readonly DataflowChange[],
  endedAt: readonly string[],
): Cost[] {
  return [
    ...relays.flatMap((relay) => abandonedBy(relay, endedAt)),
    ...changes.flatMap((change) => renamed(change, changes)),
  ];
}

function abandonedBy({ before, after, isKnown }: RelayChange, endedAt: readonly string[]): Cost[] {
  if (before === undefined || (after === undefined && !isKnown)) return [];
  const kept = new Set((after === undefined ? [] : sessionsOf(after, before.instanceCount)).map(keyOf));
  const left = sessionsOf(before, before.instanceCount).filter(
    (session) => !kept.has(keyOf(session)) && !endedAt.some((host) => session.host.startsWith(`${host}:`)),
  );
  if (left.length === 0) return [];
  const longest = Math.max(...left.map(({ expirySeconds = 0 }) => expirySeconds));
  const end = left.length === 1 ? "until it expires" : "until they expire";
  const expiry = longest === 0 ? end : `${end}, after ${longest.toLocaleString("en")} s`;
  const hosts = [...new Set(left.map(({ host }) => host))].sort(byText);
  const listed = hosts.map(
    (host) => `${namesOf(left.filter((one) => one.host === host).map(({ id }) => id))} at "${host}"`,
  );
  const [it, its] = left.length === 1 ? ["it", "its broker keeps"] : ["them", "the brokers keep"];
  const title = `${count(left.length, "session is", "sessions are")} abandoned`;
  const text =
    `${title}: ${listed.join("; ")}. ` + `What waits in ${it} is not delivered, and ${its} filling ${it} ${expiry}.`;
  return [
    costOf({ kind: "sessions-abandoned", subjects: left.map(({ id }) => id), title, text, needsAttention: true }),
  ];
}

function keyOf({ id, host }: Session): string {
  return JSON.stringify([host, id]);
}

/**
 * The sessions at the sources of enabled dataflows.
 * @param instanceCount of the instances before: those that remain take up the sessions of those that go
 */
function sessionsOf({ dataflows, endpoints }: DeclaredDataflows, instanceCount: number): Session[] {
  return [...dataflows].flatMap(([dataflow, { isEnabled, source }]) => {
    const endpoint = endpoints.get(source.endpoint);
    if (!isEnabled || endpoint?.sessionExpirySeconds === 0) return [];
    return Array.from({ length: instanceCount }, (_, ordinal) => sessionOf(dataflow, ordinal, endpoint));
  });
}

function sessionOf(dataflow: string, ordinal: number, endpoint: DeclaredEndpoint | undefined): Session {
  const { clientIdPrefix: prefix = "", host = "a broker that is not known yet", sessionExpirySeconds } = endpoint ?? {};
  const id = clientId({ prefix, dataflow, ordinal, side: "source" });
  return { dataflow, id, host, expirySeconds: sessionExpirySeconds };
}

/** A dataflow that goes while another one like it comes: a new name makes a new session. */
function renamed({ change, name, owner, before }: DataflowChange, changes: readonly DataflowChange[]): Cost[] {
  if (change !== "removed" || before === undefined) return [];
  const twin = changes.find(
    ({ change: other, owner: itsOwner, after }) =>
      other === "added" &&
      itsOwner === owner &&
      after?.source.endpoint === before.source.endpoint &&
      after.destination.endpoint === before.destination.endpoint &&
      after.topicsFrom.join("\n") === before.topicsFrom.join("\n"),
  );
  if (twin === undefined) return [];
  const text =
    `"${name}" goes and "${twin.name}" comes with the same topics. If it is only renamed: the new name is a new client to the broker, and what is published ` +
    `before it subscribes is in the old session only. doc/operations.md, "Renaming a dataflow", has the way without a loss.`;
  return [
    costOf({
      kind: "sessions-abandoned",
      subjects: [name, twin.name],
      title: `"${name}" seems to be renamed to "${twin.name}"`,
      text,
      needsAttention: true,
    }),
  ];
}
